"""A first look: sample reports in the store, read by the shipped model, and a first sign-in. Safe to run again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from models.contracts import Report
from service import auth
from service.app import load_reader
from service.assessing import Reader
from service.audit import COMMAND_LINE
from service.ingest import STEP, read_and_keep
from service.intake import Fault, parse_report
from service.policy import AccountRole
from service.settings import Settings, make_private_folder
from service.store import Store
from service.store.tables import AccountRow

SAMPLES = Path(__file__).parent.parent / "datasets" / "samples.jsonl"
NAME = "reviewer"


class SamplesError(RuntimeError):
    """The samples cannot be loaded; the message names the file and the line."""


@dataclass(frozen=True)
class Credentials:
    """The first sign-in. ``password`` is None when somebody has changed it since: it is theirs now."""

    name: str
    password: str | None


def load_samples(settings: Settings, store: Store | None = None, reader: Reader | None = None) -> Credentials:
    """Keep the samples, assess what this model has not read yet, and make the first account."""
    own = store is None
    store = store or Store(settings.url)
    try:
        store.upgrade()
        reports = list(read_samples(settings.samples or SAMPLES))
        reader = reader or load_reader(settings)
        for start in range(0, len(reports), STEP):
            read_and_keep(store, reader, reports[start : start + STEP], COMMAND_LINE)
        return first_account(settings, store)
    finally:
        if own:
            store.close()


def read_samples(path: Path) -> Iterator[Report]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as fault:
        raise SamplesError(
            f"{path} cannot be read ({fault.strerror}); set FOURSIGHT_SAMPLES to a file of reports, one JSON object a line."
        ) from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = parse_report(line)
        if isinstance(found, Fault):
            raise SamplesError(f"{path}, line {number}: {found.message}")
        yield found


def first_account(settings: Settings, store: Store) -> Credentials:
    """The reviewer of the demonstration. Its password lies in VAR, for its owner only, so that a second run can print it."""
    note = settings.var / "first-sign-in.json"
    with store.write() as session:
        account = session.scalar(select(AccountRow).where(AccountRow.name == NAME))
        if account is None:
            password = auth.new_password()
            auth.add_account(session, NAME, AccountRole.REVIEWER, password, COMMAND_LINE)
            make_private_folder(settings.var)
            handle = os.open(note, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump({"name": NAME, "password": password}, file)
            return Credentials(NAME, password)
        password_hash = account.password_hash
    try:
        noted = json.loads(note.read_text(encoding="utf-8"))["password"]
    except (OSError, ValueError, KeyError, TypeError):
        return Credentials(NAME, None)
    return Credentials(NAME, noted if isinstance(noted, str) and auth.password_matches(password_hash, noted) else None)
