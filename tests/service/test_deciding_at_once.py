"""Two at once, and a process killed in the middle: one winner, one clear conflict, and nothing acknowledged is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from models.contracts import Report
from service import audit, auth, reviewing
from service.audit import COMMAND_LINE
from service.auth import Identity
from service.decisions import Conflict, DecisionIn, Why
from service.policy import AccountRole
from service.reviewing import decide, next_report
from service.reviewing_queue import Filters
from service.store import Store
from service.store.reports import keep_report
from service.store.tables import AssessmentRow, ClaimRow, DecisionRow, ReportRow, now

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def keys(any_store: Store, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of eight reviewers."""
    monkeypatch.setattr(auth, "hash_password", lambda password: "x")
    with any_store.write() as session:
        for number in range(8):
            auth.add_account(session, f"p{number}", AccountRole.REVIEWER, "long enough password", COMMAND_LINE)
        return [auth.add_personal_key(session, f"p{n} key", f"p{n}", COMMAND_LINE) for n in range(8)]


def keep_many(store: Store, count: int) -> list[str]:
    with store.write() as session:
        return [
            keep_report(session, Report(reference=f"A{n:04}", text="He rang twice."))[0].report_id for n in range(count)
        ]


@contextmanager
def decider(url: str, key: str, ids: list[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.service.decider", url, key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin and process.stdout
    try:
        process.stdin.write(" ".join(ids) + "\n")
        process.stdin.flush()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def go(*processes: subprocess.Popen[str]) -> None:
    for process in processes:
        assert process.stdout and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()


def test_two_processes_at_once_have_one_winner_a_report(any_store: Store, database_url: str, keys: list[str]) -> None:
    ids = keep_many(any_store, 40)
    with decider(database_url, keys[0], ids) as one, decider(database_url, keys[1], ids) as other:
        go(one, other)
        found = [process.stdout.read().splitlines() for process in (one, other) if process.stdout]
    outcomes = Counter((line.split()[1], line.split()[0]) for lines in found for line in lines)
    assert outcomes == Counter({(report, word): 1 for report in ids for word in ("decided", "conflict")})
    names = [{line.split()[2] for line in lines if line.startswith("conflict")} for lines in found]
    assert names[0] <= {"p1"} and names[1] <= {"p0"}, "each is told who came first"
    with any_store.read() as session:
        assert session.query(DecisionRow).count() == len(ids)
        assert {row.version for row in session.query(ReportRow)} == {2}
    assert audit.verify(any_store).whole


def test_eight_threads_at_once_have_one_winner(any_store: Store, keys: list[str]) -> None:
    (report_id,) = keep_many(any_store, 1)
    start = threading.Barrier(len(keys))

    def attempt(key: str) -> str | Conflict:
        identity = auth.by_key(any_store, key)
        assert identity
        wish = DecisionIn.model_validate(
            {"outcome": "keep", "reason": "dispute", "expected_version": 1, "idempotency_key": "the-same-key"}
        )
        start.wait()
        try:
            with any_store.write() as session:
                return decide(session, report_id, identity, wish, now()).account_id
        except Conflict as conflict:
            return conflict

    with ThreadPoolExecutor(len(keys)) as pool:
        found = list(pool.map(attempt, keys))
    conflicts = [f for f in found if isinstance(f, Conflict)]
    assert len(conflicts) == len(keys) - 1
    assert {(c.why, c.version) for c in conflicts} == {(Why.DECIDED, 2)} and len({c.who for c in conflicts}) == 1


def test_the_same_request_sent_twice_at_once_is_one_decision(any_store: Store, keys: list[str]) -> None:
    (report_id,) = keep_many(any_store, 1)
    identity = auth.by_key(any_store, keys[0])
    assert identity
    wish = DecisionIn.model_validate(
        {"outcome": "keep", "reason": "dispute", "expected_version": 1, "idempotency_key": "the-same-key"}
    )

    def attempt(_: int) -> str:
        with any_store.write() as session:
            return decide(session, report_id, identity, wish, now()).id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(attempt, range(6)))) == 1


def test_one_key_for_two_reports_at_once_is_a_clear_conflict(
    any_store: Store, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = keep_many(any_store, 2)
    identity = auth.by_key(any_store, keys[0])
    assert identity
    wish = DecisionIn.model_validate(
        {"outcome": "keep", "reason": "dispute", "expected_version": 1, "idempotency_key": "the-same-key"}
    )
    looked, number = threading.Event(), reviewing._next_number

    def late() -> None:
        with any_store.write() as session:
            decide(session, ids[1], identity, wish, now())

    def note(*given: Any) -> int:
        looked.set()
        return number(*given)

    with ThreadPoolExecutor(1) as pool:
        with any_store.write() as session:
            decide(session, ids[0], identity, wish, now())
            monkeypatch.setattr(reviewing, "_next_number", note)
            second = pool.submit(late)
            # Past its look for the key, and before the first commits. On SQLite it waits for its turn before it looks.
            assert any_store.sqlite or looked.wait(10)
        with pytest.raises(Conflict) as caught:
            second.result()
    assert caught.value.why is Why.KEY_REUSED
    with any_store.read() as session:
        assert [row.report_id for row in session.query(DecisionRow)] == ids[:1]


def test_next_gives_each_report_to_one_person(any_store: Store, keys: list[str]) -> None:
    ids = keep_many(any_store, 24)
    with any_store.write() as session:
        for row in session.query(ReportRow):
            session.add(
                AssessmentRow(
                    revision_id=row.revisions[0].id,
                    model_version="1",
                    model_digest="d",
                    probability=0.9,
                    suggestion="review_as_stalking",
                    offence="s2A",
                    body={},
                )
            )
    people = [found for key in keys if (found := auth.by_key(any_store, key))]

    def work(person: Identity) -> list[str]:
        taken = []
        while True:
            with any_store.write() as session:
                claim = next_report(session, person, Filters(), now())
                if claim is None:
                    return taken
                taken.append(claim.report_id)

    with ThreadPoolExecutor(len(people)) as pool:
        taken = [report for part in pool.map(work, people) for report in part]
    assert sorted(taken) == sorted(ids)
    with any_store.read() as session:
        assert session.query(ClaimRow).count() == len(ids)


def test_what_was_acknowledged_survives_kill_9(any_store: Store, database_url: str, keys: list[str]) -> None:
    ids = keep_many(any_store, 1000)  # More than two processes decide before the kill finds them.
    acknowledged: dict[str, str] = {}
    with decider(database_url, keys[0], ids) as one, decider(database_url, keys[1], ids[::-1]) as other:
        go(one, other)
        for process in (one, other):
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(15)]
            process.kill()  # SIGKILL, wherever it stands
            # A last line that the kill cut short was not acknowledged.
            lines += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            acknowledged.update(
                {report: decision for word, report, decision in map(str.split, lines) if word == "decided"}
            )
    assert 15 <= len(acknowledged) < len(ids)
    with any_store.read() as session:
        kept = {row.report_id: row.id for row in session.query(DecisionRow)}
        moved = {row.id for row in session.query(ReportRow) if row.version == 2}
        on_record = Counter(row.subject for row in session.query(audit.AuditRow).filter_by(action="report.decided"))
    assert acknowledged.items() <= kept.items()
    assert moved == set(kept) == set(on_record) and set(on_record.values()) == {1}
    assert audit.verify(any_store).whole
