"""People who decide over HTTP as fast as they can, and note what was acknowledged; and the check that all of it is there, once."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import func, select

from service import audit
from service.store import Store
from service.store.tables import AuditRow, DecisionRow

Body = dict[str, Any]


@dataclass
class Person:
    """One reviewer at work on reports of their own. A decision that got no answer is sent again, under its key, before anything else."""

    address: str
    key: dict[str, str]
    ids: list[str]
    versions: dict[str, int] = field(default_factory=dict)
    acknowledged: dict[str, str] = field(default_factory=dict)
    unanswered: tuple[str, Body] | None = None
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    told: Callable[[], None] = lambda: None

    def work(self, until: threading.Event, patient: bool = False) -> None:
        """Decide until told to stop, or (unless ``patient``) until the server does not answer."""
        with httpx.Client(base_url=self.address, headers=self.key, timeout=30) as client:
            while not until.is_set():
                try:
                    self.unanswered = self.unanswered or self._new(client)
                    report, body = self.unanswered
                    answer = client.post(f"/v1/reports/{report}/decisions", json=body)
                except _Away:
                    time.sleep(0.05)
                    continue
                except httpx.HTTPError:
                    if not patient:
                        return
                    time.sleep(0.05)
                    continue
                self.statuses[answer.status_code] += 1
                if answer.status_code in (200, 201):
                    self.acknowledged[body["idempotency_key"]] = report
                    self.versions[report] = body["expected_version"] + 1
                    self.unanswered = None
                    self.told()
                elif answer.status_code == 503:
                    time.sleep(0.05)  # the same again
                else:
                    self.wrong.append(f"{answer.status_code}: {answer.text[:300]}")
                    return

    def _new(self, client: httpx.Client) -> tuple[str, Body]:
        report = random.choice(self.ids)
        if report not in self.versions:
            answer = client.get(f"/v1/reports/{report}")
            if answer.status_code == 503:
                self.statuses[503] += 1
                raise _Away
            self.versions[report] = answer.raise_for_status().json()["version"]
        body = {
            "outcome": "keep",
            "reason": "other",
            "note": "A note.",
            "expected_version": self.versions[report],
            "idempotency_key": uuid.uuid4().hex,
        }
        return report, body


class _Away(Exception):
    """503: the server says to come back."""


@dataclass
class Checked:
    acknowledged: int
    lost: int
    twice: int
    kept: int
    audit_entries: int
    audit: str

    @property
    def sound(self) -> bool:
        return not self.lost and not self.twice and self.audit == "whole"

    def __str__(self) -> str:
        return (
            f"{self.acknowledged:,} acknowledged decisions: {self.lost} lost, {self.twice} twice; "
            f"audit trail of {self.audit_entries:,} entries {self.audit}"
        )


def check(url: str, acknowledged: dict[str, str]) -> Checked:
    """Every acknowledged decision is there exactly once, each kept one has exactly one entry in a whole audit trail."""
    store = Store(url)
    try:
        with store.read() as session:
            kept = Counter(session.scalars(select(DecisionRow.idempotency_key)))
            entries = session.scalar(select(func.count()).where(AuditRow.action == "report.decided")) or 0
        verdict = audit.verify(store)
    finally:
        store.close()
    why = "whole" if verdict.whole else f"BROKEN at {verdict.broken_at}: {verdict.why}"
    if entries != sum(kept.values()):
        why = f"whole, but {entries} entries for {sum(kept.values())} decisions"
    return Checked(
        acknowledged=len(acknowledged),
        lost=sum(key not in kept for key in acknowledged),
        twice=sum(count > 1 for count in kept.values()),
        kept=sum(kept.values()),
        audit_entries=verdict.entries,
        audit=why,
    )


def crew(
    address: str, keys: list[dict[str, str]], ids: list[str], told: Callable[[], None] = lambda: None
) -> list[Person]:
    """As many people as keys, each with their own share of the reports."""
    return [Person(address, key, ids[number :: len(keys)], told=told) for number, key in enumerate(keys)]


def run(people: list[Person], until: threading.Event, patient: bool = False) -> list[threading.Thread]:
    threads = [threading.Thread(target=person.work, args=(until, patient)) for person in people]
    for thread in threads:
        thread.start()
    return threads
