"""Drawing and reading on SQLite and PostgreSQL: reproducible, only assigned readings count, changed texts drop out."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from models.contracts import Assessment, Report
from nlp.taxonomy import RecordedOffence, Relationship
from service import audit, keeping, reviewing, sample_command
from service.audit import COMMAND_LINE, Actor
from service.auth import Identity
from service.decisions import DecisionIn
from service.policy import AccountRole
from service.reviewing_queue import Band
from service.sampling.frame import draw, propose, read_frame, sexes
from service.sampling.plans import FEWEST, Framed, Key, Plan, SamplingError
from service.sampling.reading import due, not_blind, readings, tasks
from service.sampling.results import results
from service.store import Store
from service.store.reports import keep_assessment, keep_report, text_digest
from service.store.tables import (
    AccountRow,
    AssessmentRow,
    AuditRow,
    ReportRow,
    RevisionRow,
    SampleItemRow,
    SampleRow,
    now,
    opaque,
)

READERS = ("ann", "bea", "cem")
RECORDED = ("harassment", "assault", "stalking")


@pytest.fixture
def body() -> Assessment:
    """An assessment that says little: what a model says of a text is not asked about here."""
    letter = {"present": False, "probability": 0.1, "evidence": []}
    lists = ("evidence", "entities", "points_for", "points_against", "rules", "questions")
    return Assessment.model_validate({
        "reference": "x", "probability": 0.1, "suggestion": "no_change", "offence": "none", "relationship": "unknown",
        "four": dict.fromkeys(("fixated", "obsessive", "unwanted", "repeated"), letter),
        "occasions": {"at_least": 0, "timeline": []}, "model": {"name": "m", "version": "1", "digest": "d"},
        **{name: [] for name in lists},
    })  # fmt: skip


@pytest.fixture
def filled(any_store: Store, body: Assessment) -> Store:
    """90 reports: a third flagged; half of January, half of March; three offences."""
    with any_store.write() as session:
        assessments = []
        # All at once, not one by one through keep_report: this is made anew for every test.
        for n in range(90):
            flag = n % 3 == 0
            report, said = _said(body, n, 0.8 if flag else 0.1, flag)
            row = ReportRow(id=f"{n:032}", **report.model_dump(exclude={"text", "recorded_offence"}), status="waiting")
            row.recorded_offence = report.recorded_offence
            revision = RevisionRow(
                id=opaque(), report_id=row.id, number=1, text=report.text, digest=text_digest(report.text)
            )
            columns = ("probability", "suggestion", "offence", "relationship")
            assessment = AssessmentRow(revision_id=revision.id, model_version="1", model_digest="d", body=said)
            for name in columns:
                setattr(assessment, name, said[name])
            session.add_all((row, revision))
            assessments.append(assessment)
        session.flush()
        session.add_all(assessments)
        roles = dict.fromkeys((*READERS, "dan"), AccountRole.REVIEWER) | {"eve": AccountRole.DATA_SCIENTIST}
        # Nobody signs in here, so no password is hashed.
        session.add_all(AccountRow(name=name, role=role.value, password_hash="") for name, role in roles.items())
    return any_store


def _said(body: Assessment, n: int, probability: float, flag: bool) -> tuple[Report, dict[str, Any]]:
    report = Report(
        reference=f"R{n:03}",
        text=f"He followed her home, night {n}.",
        recorded_offence=RecordedOffence(RECORDED[n % 3 if n % 6 else 2]),
        reported_at=datetime(2026, 1 if n % 2 else 3, 10, tzinfo=UTC),
        source="call_log",
    )
    said = {
        "reference": report.reference,
        "probability": probability,
        "suggestion": "review_as_stalking" if flag else "no_change",
        "relationship": "stranger" if n % 2 else "former_partner",
    }
    return report, {**body.model_dump(mode="json"), **said}


def _read(store: Store, item: SampleItemRow, name: str, outcome: str, again: str = "") -> None:
    more = {"record_as_stalking": ("s2A", "course_of_conduct", ""), "keep": (None, "dispute", "")}
    offence, reason, question = more.get(outcome, (None, "borderline", ""))
    decision = DecisionIn.model_validate({
        "outcome": outcome, "offence": offence, "reason": reason, "question": question, "expected_version": 0,
        "idempotency_key": f"{item.id}{name}{again}", "blind": True, "sample_item_id": item.id,
    })  # fmt: skip
    with store.write() as session:
        account = session.scalars(select(AccountRow).where(AccountRow.name == name)).one()
        who = Identity(name, AccountRole.REVIEWER, COMMAND_LINE, account_id=account.id)
        reviewing.decide(session, item.report_id, who, decision, now())


def _draw(store: Store, plan: Plan, names: tuple[str, ...] = READERS) -> SampleRow:
    with store.write() as session:
        return draw(session, plan, names, COMMAND_LINE)


def _items(store: Store, sample: SampleRow) -> list[SampleItemRow]:
    with store.read() as session:
        query = select(SampleItemRow).where(SampleItemRow.sample_id == sample.id).order_by(SampleItemRow.number)
        return list(session.scalars(query))


def test_the_same_plan_and_seed_draw_the_same_reports(filled: Store) -> None:
    drawn = [
        [i.report_id for i in _items(filled, _draw(filled, Plan(name=name, size=45, seed=seed, stratified=stratified)))]
        for name, seed, stratified in (("a", 5, True), ("b", 5, True), ("c", 6, True), ("d", 5, False))
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(len(set(ids)) == 45 for ids in drawn), "no report twice"
    with pytest.raises(SamplingError, match="of that name already"):
        _draw(filled, Plan(name="a"))


def test_readers_that_cannot_be_are_refused_and_nothing_is_kept(filled: Store) -> None:
    for names in (("ann", "bea"), ("ann", "ann", "cem"), ("ann", "bea", "eve"), ("ann", "bea", "zoe")):
        with pytest.raises(SamplingError):
            _draw(filled, Plan(name="x"), names)
    with filled.read() as session:
        assert session.scalars(select(SampleRow)).all() == []


def test_a_plan_covers_what_it_says(filled: Store) -> None:
    cases: list[tuple[dict[str, object], int, Callable[[Framed], bool]]] = [
        ({"until": date(2026, 1, 10)}, 45, lambda f: f.groups[Key.MONTH] == "2026-01"),
        ({"since": date(2026, 3, 10)}, 45, lambda f: f.groups[Key.MONTH] == "2026-03"),
        ({"since": date(2026, 1, 11), "until": date(2026, 3, 9)}, 0, lambda f: False),
        ({"recorded": [RecordedOffence.ASSAULT]}, 30, lambda f: f.groups[Key.RECORDED] == "assault"),
        ({"relationships": [Relationship.STRANGER]}, 45, lambda f: f.groups[Key.RELATIONSHIP] == "stranger"),
        ({"bands": [Band.HIGH]}, 30, lambda f: f.suggestion == "review_as_stalking"),
    ]
    with filled.read() as session:
        for more, count, holds in cases:
            frame = read_frame(session, Plan.model_validate({"name": "x", **more}))
            assert len(frame) == count and all(holds(report) for report in frame), more


def test_a_sample_says_which_models_judged_its_reports_whatever_reads_them_later(
    filled: Store, body: Assessment
) -> None:
    with filled.read() as session:
        revisions = {f"R{int(r.report_id):03}": r.id for r in session.scalars(select(RevisionRow))}

    def read_by(version: str, numbers: range) -> None:
        with filled.write() as session:
            for n in numbers:
                report, said = _said(body, n, 0.1, False)
                model = {"name": "m", "version": version, "digest": version.replace(".", "") * 20}
                assessment = Assessment.model_validate({**said, "model": model})
                keep_assessment(session, revisions[report.reference], assessment)

    with filled.read() as session:
        assert "judged by model 1 (digest d), 90 reports." in propose(session, Plan(name="x")).judged_by
    read_by("1.5.0", range(20))
    with filled.read() as session:
        planned = propose(session, Plan(name="x")).judged_by
    assert "2 models" in planned and "1 (digest d), 70 reports; 1.5.0 (digest 150150150150), 20 reports." in planned
    sample = _draw(filled, Plan(name="x", size=45))
    read_by("1.6.0", range(90))
    with filled.read() as session:
        found = results(session, session.get_one(SampleRow, sample.id))
        assert found.judged_by == planned, "what judged it then, not what is shown now"
        assert (
            "was not kept" in results(session, SampleRow(id="old", plan={"name": "x"}, strata=[], name="x")).judged_by
        )


def test_strata_hold_one_flag_each_and_add_up(filled: Store) -> None:
    with filled.read() as session:
        proposal = propose(session, Plan(name="x", by=[Key.RECORDED], within=0.1))
    assert sum(len(s.members) for s in proposal.strata) == 90
    for stratum in proposal.strata:
        assert {m.suggestion == "review_as_stalking" for m in stratum.members} == {stratum.flagged}


def test_only_the_first_reading_of_those_assigned_counts(filled: Store) -> None:
    sample = _draw(filled, Plan(name="x", size=45))
    item = _items(filled, sample)[0]
    _read(filled, item, "dan", "record_as_stalking")
    _read(filled, item, "ann", "record_as_stalking")
    _read(filled, item, "ann", "keep", again="2")
    _read(filled, item, "cem", "keep")
    with filled.read() as session:
        found = readings(session, sample)[0]
    assert (found.one, found.two, found.three, found.pattern) == ("record_as_stalking", None, None, None)
    _read(filled, item, "bea", "not_sure")
    with filled.read() as session:
        found = readings(session, sample)[0]
    assert found.differ and found.three == "keep" and found.pattern == 2


def test_each_reader_has_their_own_tasks_and_the_third_only_differences(filled: Store) -> None:
    sample = _draw(filled, Plan(name="x", size=45))
    items = _items(filled, sample)
    _read(filled, items[0], "ann", "record_as_stalking")
    _read(filled, items[0], "bea", "keep")
    with filled.read() as session:
        ids = {a.name: a.id for a in session.scalars(select(AccountRow))}
        mine, other, third = (tasks(session, ids[name])[0] for name in READERS)
        assert tasks(session, ids["dan"]) == []
    assert (mine.done, len(mine.left), len(other.left)) == (1, 44, 44)
    assert [i.id for i in mine.left] != [i.id for i in other.left], "an order of their own"
    assert third.settles and [i.id for i in third.left] == [items[0].id]
    with filled.read() as session:
        assert due(session, items[0].report_id, ids["ann"]) is None, "read already"
        assert due(session, items[1].report_id, ids["cem"]) is None, "nothing to settle"
        found = [due(session, items[0].report_id, ids[name]) for name in ("cem", "dan")]
    assert found[0] is not None and found[0].id == items[0].id and found[1] is None


def test_a_text_changed_or_erased_after_the_draw_leaves_the_sample(filled: Store, body: Assessment) -> None:
    sample = _draw(filled, Plan(name="x", size=45))
    read, changed, erased, *_ = items = _items(filled, sample)
    for name in ("ann", "bea"):
        _read(filled, read, name, "keep")
    _read(filled, changed, "ann", "keep")
    with filled.read() as session:
        ids = {a.name: a.id for a in session.scalars(select(AccountRow))}
        numbers = {r.id: r.reference for r in session.scalars(select(ReportRow))}
    with filled.write() as session:
        for item in (read, changed):
            report, said = _said(body, int(numbers[item.report_id][1:]), 0.1, False)
            revision, _ = keep_report(session, report.model_copy(update={"text": "Another text altogether."}))
            keep_assessment(session, revision.id, Assessment.model_validate(said))
    keeping.erase(filled, numbers[erased.report_id], COMMAND_LINE)
    with filled.read() as session:
        found = {r.item.id: r for r in readings(session, sample)}
        left = {item.id for item in tasks(session, ids["bea"])[0].left}
        assert due(session, changed.report_id, ids["bea"]) is None
    assert found[erased.id].item.groups["style"] == "not given" and found[read.id].item.groups["style"] == "call_log"
    assert [found[i.id].gone for i in (read, changed, erased)] == [False, True, True], "what is settled stays"
    assert found[read.id].pattern == 5 and left == {item.id for item in items} - {read.id, changed.id, erased.id}
    _read(filled, changed, "bea", "record_as_stalking")
    with filled.read() as session:
        assert readings(session, sample, changed.report_id)[0].two is None, (
            "a reading of another wording counts for nothing"
        )


def test_readings_by_who_had_seen_the_suggestion_are_counted(filled: Store) -> None:
    sample = _draw(filled, Plan(name="x", size=45))
    items = _items(filled, sample)
    seen = ((0, "ann", {}), (1, "ann", {"blind": True}), (1, "dan", {}), (2, "bea", {}), (3, "bea", {}))
    for place, name, how in seen:
        audit.record(filled, Actor(f"account:{name}"), "report.viewed", items[place].report_id, revision=1, **how)
    for place, name in ((0, "ann"), (1, "ann"), (2, "ann"), (2, "bea")):
        _read(filled, items[place], name, "keep")
    audit.record(filled, Actor("account:ann"), "report.viewed", items[1].report_id, revision=1)
    with filled.read() as session:
        assert not_blind(session, sample) == 2, (
            "not: a blind look, somebody else's, one without a reading, one after it"
        )


def test_sexes_are_told_by_who_does_what_to_whom() -> None:
    def told(*acts: str, relationship: str = "", victim: str = "", status: str = "asserted") -> tuple[str, str]:
        evidence = [{"code": "following", "status": status, "quote": quote} for quote in acts]
        evidence += [{"code": "relationship", "status": "asserted", "quote": relationship}]
        return sexes({"evidence": evidence, "entities": [{"role": "victim", "quote": victim}]})

    assert told("he waited outside her work", "followed her home") == ("male", "female")
    assert told("She rang him at his work") == ("female", "male")
    assert told("he followed me home", relationship="my ex-boyfriend") == ("male", "not said")
    assert told("he took his car and followed me", victim="the girlfriend") == ("male", "female")
    assert told("he followed her", status="negated") == told("they wait outside") == ("not said", "not said")


def test_a_sample_from_the_command_line(
    filled: Store, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOURSIGHT_DATABASE_URL", database_url)
    app = typer.Typer()
    sample_command.register(app)

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, ["sample", *arguments])
        assert done.exit_code == code, done.output
        return done.output

    wanted = ("November", "--simple", "--size", "12", "--recorded", "assault", "--recorded", "stalking")
    assert "Read 12 of 75 reports, each by two people." in run("plan", *wanted)
    assert "judged by model 1 (digest d), 75 reports." in run("plan", *wanted)
    assert "by.0" in run("plan", "x", "--by", "colour", code=2)
    assert "Read 40 of 90" in (raised := run("plan", "x", "--size", "30")), "two strata of at least 20"
    assert f"more than --size 30: each stratum gets at least {FEWEST}" in raised
    assert "more than" not in run("plan", "x", "--size", "50")
    assert f"at least {FEWEST}" in " ".join(run("plan", "--help").replace("│", " ").split())
    readers = ("--reader", "ann", "--reader", "bea", "--settles", "cem")
    assert "three different people" in run("draw", *wanted, "--reader", "ann", "--settles", "cem", code=2)
    assert "Drew 12 reports for ann, bea; cem settles." in run("draw", *wanted, *readers)
    assert "0 of 12 settled" in run("list") and "nothing to estimate from" in run("estimates", "November")
    assert "no sample of that name" in run("estimates", "December", code=2)
    with filled.read() as session:
        sample = session.scalars(select(SampleRow)).one()
    for item in _items(filled, sample):
        for name in ("ann", "bea"):
            _read(filled, item, name, "record_as_stalking" if item.flagged else "keep")
    table, page = tmp_path / "november.csv", tmp_path / "november.html"
    said = run("estimates", "November", "--correct", "--csv", str(table), "--html", str(page))
    judged = "1 (digest d), 75 reports"
    assert judged in said and judged in page.read_text()
    assert {line["models"] for line in csv.DictReader(table.open())} == {judged}
    assert "12 of 12 reports settled, drawn from 75." in said and "Not corrected" in said
    assert "precision    100.0%" in said and "kappa of the readers 1.00" in said
    assert "precision,,,1.0000" in table.read_text()
    assert "Method" in page.read_text() and "<style>" in page.read_text() and "night" not in page.read_text()
    assert "cannot be written" in run("estimates", "November", "--csv", str(tmp_path / "no" / "x.csv"), code=2)
    with filled.read() as session:
        actions = session.scalars(
            select(AuditRow.action).where(AuditRow.action.startswith("sample.")).order_by(AuditRow.seq)
        )
        assert list(actions) == ["sample.drawn"] + ["sample.exported"] * 3
