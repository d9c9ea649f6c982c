"""Samples in the console: plan, draw, blind reading by two and a third, results; each page for its role, each look on the record."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from models.contracts import Assessment, Report
from service import auth, reviewing
from service.audit import COMMAND_LINE
from service.auth import Identity
from service.decisions import DecisionIn, Outcome
from service.policy import AccountRole
from service.store import Store
from service.store.reports import keep_assessment, keep_report
from service.store.tables import AccountRow, AuditRow, DecisionRow, ReportRow, SampleItemRow, SampleRow, now

NAMES = ("reader.one", "reader.two", "reader.three")
TEXT = "He waited outside her work every night since March. She told him to stop."


@pytest.fixture
def reports(store: Store, keep: Callable[..., str]) -> list[str]:
    """Sixty reports, every third of them flagged, and three people who read."""
    first = keep("R000", TEXT, recorded_offence="harassment")
    with store.read() as session:
        from service.store.reports import full_report

        found = full_report(session, first)
        assert found and found.assessment
        body = found.assessment.model_dump(mode="json")
    ids = [first]
    with store.write() as session:
        for n in range(1, 60):
            report = Report.model_validate(
                {
                    "reference": f"R{n:03}",
                    "text": f"{TEXT} Call {n}.",
                    "recorded_offence": "harassment" if n % 2 else "assault",
                }
            )
            flag = n % 3 == 0
            changed = {
                "reference": report.reference,
                "probability": 0.8 if flag else 0.1,
                "suggestion": "review_as_stalking" if flag else "no_change",
            }
            revision, _ = keep_report(session, report)
            keep_assessment(session, revision.id, Assessment.model_validate({**body, **changed}))
            ids.append(revision.report_id)
        for name in NAMES:
            auth.add_account(session, name, AccountRole.REVIEWER, "correct horse battery", COMMAND_LINE)
    return ids


def _identity(store: Store, name: str) -> Identity:
    with store.read() as session:
        account = session.scalars(select(AccountRow).where(AccountRow.name == name)).one()
    return Identity(name, AccountRole.REVIEWER, COMMAND_LINE, account_id=account.id)


def _read(store: Store, item: SampleItemRow, name: str, stalking: bool) -> None:
    outcome, offence, reason = (
        (Outcome.RECORD, "s2A", "course_of_conduct") if stalking else (Outcome.KEEP, None, "dispute")
    )
    reading = DecisionIn.model_validate({
        "outcome": outcome, "offence": offence, "reason": reason, "expected_version": 0, "blind": True,
        "idempotency_key": f"{item.id}{name}", "sample_item_id": item.id,
    })  # fmt: skip
    with store.write() as session:
        reviewing.decide(session, item.report_id, _identity(store, name), reading, now())


PLAN = {
    "name": "November",
    "measure": "misrecorded",
    "within": "0.05",
    "sampling": "stratified",
    "flag": "review",
    "size": "50",
    "seed": "7",
}


def _draw(client: TestClient, **more: object) -> str:
    page = client.get("/samples/new", params=PLAN)
    assert "Read 50 of 60 reports" in page.text, page.text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert token
    readers = dict(zip(("reader_one", "reader_two", "reader_three"), NAMES, strict=True))
    answer = client.post("/samples", data={**PLAN, **readers, "token": token[1], **more})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def test_a_sample_is_planned_drawn_read_blind_and_estimated(
    client: TestClient, store: Store, sign_in: Callable[[AccountRole], None], reports: list[str]
) -> None:
    sign_in(AccountRole.QA_LEAD)
    address = _draw(client)
    page = client.get(address).text
    assert "No report that is flagged has been settled yet" in page
    with store.read() as session:
        items = session.scalars(select(SampleItemRow).order_by(SampleItemRow.number)).all()
        status = reviewing.history(session, items[0].report_id).in_force
    assert len(items) == 50 and status is None
    assert {item.flagged for item in items[:12]} == {True, False}, "the order does not tell the flag"
    for place, item in enumerate(items):
        stalking = item.flagged and place % 4 != 0
        _read(store, item, NAMES[0], stalking)
        _read(store, item, NAMES[1], stalking if place % 10 else not stalking)
        if place % 10 == 0:
            _read(store, item, NAMES[2], True)
    page = client.get(address).text
    assert "50 settled" in page and "kappa" in page and "Found by reading" in page
    assert 'style="' not in page and "<style" not in page
    assert TEXT not in page
    corrected = client.get(f"{address}?correct=1").text
    assert "corrected for the readers" in corrected
    summary = client.get(f"{address}/summary").text
    assert "Method" in summary and TEXT not in summary and 'style="' not in summary
    table = list(csv.DictReader(io.StringIO(client.get(f"{address}/estimates.csv").text)))
    recall = next(row for row in table if row["measure"] == "recall" and not row["attribute"])
    assert 0 < float(recall["low"]) <= float(recall["value"]) <= float(recall["high"]) <= 1
    with store.read() as session:
        actions = session.scalars(select(AuditRow.action)).all()
        assert session.scalars(select(DecisionRow).where(DecisionRow.sample_item_id.is_(None))).all() == []
    assert {"sample.drawn", "sample.viewed", "sample.exported"} <= set(actions)


def test_reviewers_see_only_what_they_have_to_read(
    client: TestClient, store: Store, sign_in: Callable[[AccountRole], None], reports: list[str]
) -> None:
    sign_in(AccountRole.QA_LEAD)
    address = _draw(client)
    client.cookies.clear()
    page = client.get("/sign-in").text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page)
    assert token
    client.post("/sign-in", data={"name": NAMES[0], "password": "correct horse battery", "token": token[1]})
    mine = client.get("/samples").text
    assert "0 of 50 read" in mine and "All samples" not in mine
    link = re.search(r'href="(/reports/\w+\?sample_item=\w+)"', mine)
    assert link
    assert client.get(link[1]).status_code == 200
    assert client.get(address).status_code == 403 and client.get("/samples/new").status_code == 403


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reader_two": "reader.one"}, "three different people"),
        ({"reader_three": "nobody.here"}, "cannot read reports"),
        ({"size": "many"}, "whole number from 2"),
        ({"name": ""}, "Give the sample a name"),
        ({"since": "2026-02-01", "until": "2026-01-01"}, "ends before it starts"),
        ({"since": "2090-01-01"}, "No report matches"),
    ],
)
def test_a_plan_that_cannot_be_is_a_clear_error_and_draws_nothing(
    client: TestClient,
    store: Store,
    sign_in: Callable[[AccountRole], None],
    reports: list[str],
    change: dict[str, str],
    message: str,
) -> None:
    sign_in(AccountRole.QA_LEAD)
    token = re.search(r'name="token" value="([0-9a-f]{64})"', client.get("/samples/new", params=PLAN).text)
    assert token
    readers = dict(zip(("reader_one", "reader_two", "reader_three"), NAMES, strict=True))
    answer = client.post("/samples", data={**PLAN, **readers, "token": token[1], **change})
    assert answer.status_code == 422 and message in answer.text
    with store.read() as session:
        assert session.scalars(select(SampleRow)).all() == []
    assert client.post("/samples", data={**PLAN, **readers, "token": "0" * 64}).status_code == 403


def _enter(client: TestClient, name: str) -> None:
    client.cookies.clear()
    client.post(
        "/sign-in", data={"name": name, "password": "correct horse battery", "token": _token(client, "/sign-in")}
    )
    client.post("/content-note", data={"token": _token(client, "/account")})


def _token(client: TestClient, address: str) -> str:
    token = re.search(r'name="token" value="([0-9a-f]{64})"', client.get(address).text)
    assert token
    return token[1]


def test_a_report_to_be_read_blind_is_blind_wherever_it_is_opened(
    client: TestClient, store: Store, sign_in: Callable[[AccountRole], None], reports: list[str]
) -> None:
    sign_in(AccountRole.QA_LEAD)
    _draw(client)
    _enter(client, NAMES[0])
    with store.read() as session:
        item, later = session.scalars(select(SampleItemRow).order_by(SampleItemRow.number)).all()[:2]
    keep = {"outcome": "keep", "reason_keep": "dispute"}

    def page(address: str) -> tuple[str, dict[str, str]]:
        text = client.get(address).text
        return text, dict(
            re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', text.partition("decide-form")[2])
        )

    for query in ("", "?from=/", f"?sample_item={later.id}", "?revision=1"):
        text, fields = page(f"/reports/{item.report_id}{query}")
        assert "A blind reading" in text and "<mark" not in text and "Who looked before" not in text
        assert fields["sample_item"] == item.id and fields["from"] == ("/samples" if "sample" in query else "/")
    assert client.get(f"/reports/{item.report_id}/export").status_code == 303
    export = {"token": fields["token"], "purpose": "inspection"}
    assert client.post(f"/reports/{item.report_id}/export", data=export).status_code == 409
    done = client.post(f"/reports/{item.report_id}/decision", data=fields | keep)
    assert done.headers["location"] == f"/reports/{item.report_id}?read=1", "the queue led here, so it goes on here"
    text, fields = page(done.headers["location"])
    assert "Your blind reading is kept" in text and "sample_item" not in fields and "Who looked before" in text
    _, fields = page(f"/reports/{later.report_id}?sample_item={later.id}")
    with store.write() as session:
        old = session.get_one(ReportRow, later.report_id)
        keep_report(session, Report(reference=old.reference, text="Another text."))
    changed = client.post(f"/reports/{later.report_id}/decision", data=fields | keep)
    assert changed.status_code == 409 and "has left the sample" in changed.json()["detail"]
    assert "A blind reading" not in client.get(f"/reports/{later.report_id}").text
    with store.read() as session:
        kept = session.scalars(select(DecisionRow)).all()
        looks = session.scalars(
            select(AuditRow.detail).where(AuditRow.action == "report.viewed").order_by(AuditRow.seq)
        )
        seen = ['"blind": true' in detail for detail in looks]
    assert [row.sample_item_id for row in kept] == [item.id]
    assert seen == [True] * 4 + [False, True, False]


def test_no_list_shows_a_reader_what_the_model_says_of_a_report_yet_to_be_read_blind(
    client: TestClient, sign_in: Callable[..., str], reports: list[str], store: Store
) -> None:
    sign_in()
    assert "To be read blind" not in client.get("/").text
    with store.write() as session:
        readers = [session.scalars(select(AccountRow).where(AccountRow.name == name)).one().id for name in NAMES]
        me = session.scalars(select(AccountRow).where(AccountRow.name.not_in(NAMES))).one().id
        sample = SampleRow(
            name="s",
            plan={},
            strata=[],
            drawn_at=now(),
            drawn_by=me,
            reader_one=me,
            reader_two=readers[1],
            reader_three=readers[2],
        )
        session.add(sample)
        session.flush()
        report = session.get_one(ReportRow, reports[3])
        session.add(
            SampleItemRow(
                sample_id=sample.id,
                report_id=report.id,
                revision_id=report.revisions[-1].id,
                number=1,
                stratum=0,
                flagged=True,
                groups={},
            )
        )
    listed = client.get("/?reference=R003").text
    assert "To be read blind" in listed and "80%" not in listed
    assert "R003" not in client.get("/suggested").text
