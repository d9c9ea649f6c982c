"""The commands that give decisions to learn from, on a store with decisions of each kind."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import typer
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from service import auth, decisions_command
from service.audit import COMMAND_LINE
from service.decisions import DecisionIn
from service.policy import AccountRole
from service.reviewing import decide
from service.settings import Settings
from service.store import Store
from service.store.tables import AuditRow, ReportRow
from service.suggesting import Candidate, candidates, entropy, suggest

NAMES = "My ex-husband Tom Hargreave of Telford has been outside my work most days since May. He rang from 07700 123456. Denise saw Tom."


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setenv("FOURSIGHT_VAR", str(settings.var))
    app = typer.Typer()
    decisions_command.register(app)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(arguments))
        assert done.exit_code == code, done.output
        return done.output

    return run


@pytest.fixture
def decided_ids(store: Store, keep: Callable[..., str], quarrel: str, password: str) -> list[str]:
    """One recorded as stalking with an added span, one kept, one waiting."""
    ids = [
        keep("CR/1/26", NAMES, recorded_offence="harassment"),
        keep("CR/2/26", quarrel),
        keep("CR/3/26", quarrel + " x"),
    ]
    with store.write() as session:
        auth.add_account(session, "ann", AccountRole.REVIEWER, password, COMMAND_LINE)
        key = auth.add_personal_key(session, "ann", "ann", COMMAND_LINE)
    ann = auth.by_key(store, key)
    assert ann
    start = NAMES.index("Denise saw Tom")
    wishes = [
        {
            "outcome": "record_as_stalking",
            "offence": "s2A",
            "reason": "course_of_conduct",
            "corrections": [
                {"action": "added", "code": "research", "status": "asserted", "start": start, "end": start + 14}
            ],
        },
        {"outcome": "keep", "reason": "dispute"},
    ]
    for n, (report_id, wish) in enumerate(zip(ids, wishes, strict=False)):
        with store.write() as session:
            version = session.get_one(ReportRow, report_id).version
            decision = DecisionIn.model_validate(
                {**wish, "expected_version": version, "idempotency_key": f"test-key-{n}"}
            )
            decide(session, report_id, ann, decision, datetime.now(UTC))
    return ids


def test_an_export_holds_decisions_and_no_names_and_is_on_record(
    command: Callable[..., str], decided_ids: list[str], tmp_path: Path, store: Store
) -> None:
    out = tmp_path / "decisions.jsonl"
    said = command("decisions", "export", str(out))
    assert "2 decisions" in said and "phone 1" in said
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    whole = out.read_text()
    assert not [
        w
        for w in ("Tom", "Hargreave", "Telford", "Denise", "123456", "CR/1/26", "ann")
        if f'{w}"' in whole or f"{w} " in whole
    ]
    first, second = map(json.loads, whole.splitlines())
    assert (first["outcome"], first["offence"], second["outcome"]) == ("record_as_stalking", "s2A", "keep")
    for line in (first, second):
        for span in line["evidence"]:
            assert line["text"][span["start"] : span["end"]] == span["quote"]
    added = next(s for s in first["evidence"] if s["code"] == "research")
    assert added["quote"].split()[1] == "saw" and added["quote"].split()[2] in first["text"].split()
    assert first["assessment"]["model"]["digest"] and set(first["assessment"]["four"]) == {
        "fixated", "obsessive", "unwanted", "repeated",
    }  # fmt: skip
    with store.read() as session:
        assert "decisions.exported" in {row.action for row in session.query(AuditRow)}
    assert not list(tmp_path.glob(".*partial"))


def test_an_export_since_tomorrow_is_empty_and_a_missing_folder_is_said(
    command: Callable[..., str], decided_ids: list[str], tmp_path: Path
) -> None:
    assert "0 decisions" in command("decisions", "export", str(tmp_path / "d.jsonl"), "--since", "2999-01-01")
    command("decisions", "export", str(tmp_path / "none" / "d.jsonl"), code=2)


def test_a_profile_holds_numbers_and_codes_only(
    command: Callable[..., str], decided_ids: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "profile.jsonl"
    command("decisions", "profile", str(out))
    lines = [json.loads(x) for x in out.read_text().splitlines()]
    assert len(lines) == 3 and len({x["model"] for x in lines}) == 1
    assert sorted(str(x["outcome"]) for x in lines) == ["None", "keep", "record_as_stalking"]
    assert all(
        isinstance(v, int | float) or k in ("week", "recorded_offence", "suggestion", "outcome", "model")
        for x in lines
        for k, v in x.items()
    )


def test_what_waits_is_suggested_without_text(command: Callable[..., str], decided_ids: list[str]) -> None:
    said = command("suggest", "--n", "5")
    assert "CR/3/26" in said and "CR/1/26" not in said and "parking" not in said


def test_the_page_lists_what_waits(
    client: TestClient, sign_in: Callable[..., None], keep: Callable[..., str], quarrel: str
) -> None:
    sign_in()
    assert "No report waits" in client.get("/suggested").text
    report_id = keep("CR/9/26", quarrel)
    page = client.get("/suggested").text
    assert f"/reports/{report_id}" in page and "CR/9/26" in page and "parking" not in page


def test_no_more_texts_are_read_than_are_considered_and_a_full_list_is_left_without_some(
    store: Store, keep: Callable[..., str], quarrel: str
) -> None:
    ids = [keep(f"CR/{n}/26", quarrel) for n in range(6)]
    with store.write() as session:
        for place, report_id in enumerate(ids):
            session.get_one(ReportRow, report_id).probability = 0.5 + place / 20
    with store.read() as session:
        assert [c.report_id for c in candidates(session, 2)] == ids[:2]
        found = candidates(session, 2, without={ids[0], ids[1], ids[3]})
    assert [c.report_id for c in found] == [ids[2], ids[4]], "who has some to read blind still gets as many"


def test_uncertain_and_unlike_ones_come_first() -> None:
    def one(reference: str, p: float, text: str) -> Candidate:
        return Candidate(reference, reference, p, entropy(p), text)

    alike = "he parked across the drive again and shouted about the fence"
    found = [
        one("a", 0.5, alike),
        one("b", 0.49, alike),
        one("c", 0.3, "letters through the door from an old colleague"),
        one("d", 0.999, "bins"),
    ]
    assert [c.reference for c in suggest(found, 2)] == ["a", "c"]
    assert len(suggest(found, 9)) == 4 and suggest([], 3) == []
    assert entropy(0.5) == 1.0 and entropy(0.0) < 1e-6
