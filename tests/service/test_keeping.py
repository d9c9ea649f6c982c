"""Erasing the words of reports, on both databases, and a copy that can be put back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
from click.testing import Result
from fastapi.testclient import TestClient
from sqlalchemy import JSON, Text, make_url, select
from typer.testing import CliRunner

from models.assessor import Assessor
from models.contracts import Assessment, Report
from nlp.taxonomy import RecordedOffence
from service import audit, auth, ingest, keeping, keeping_command
from service.audit import COMMAND_LINE
from service.backup import BackupError, back_up
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.reports import keep_assessment, keep_report
from service.store.tables import AssessmentRow, AuditRow, Base, DecisionRow, ReportRow, RevisionRow, now

WORD = "zanzibarine"
TEXT = (
    f"My ex-husband Tom has waited outside my {WORD} shop every day since May. I told him to stop. "
    f"On 3 June he followed me to the {WORD} market and rang me on 07700 900123 forty times."
)
# Columns of free text that hold no word of a report, each with what they hold instead.
_NO_WORDS = {"audit.detail", "samples.plan", "samples.strata", "sample_items.groups"}


def _keep(store: Store, reader: Assessor, reference: str, age: timedelta = timedelta(0), decide: bool = True) -> str:
    report = Report.model_validate({"reference": reference, "text": f"{TEXT} {reference}", "victim_ref": f"{WORD}-1"})
    with store.write() as session:
        revision, _ = keep_report(session, report)
        kept = keep_assessment(session, revision.id, reader.assess(report)) or session.scalar(
            select(AssessmentRow).where(AssessmentRow.revision_id == revision.id)
        )
        row = revision.report
        row.received_at = revision.received_at = now() - age
        if decide:
            person = auth.add_account(
                session, f"p.{reference.lower()}", AccountRole.REVIEWER, "correct horse battery", COMMAND_LINE
            )
            session.add(
                DecisionRow(
                    report_id=row.id,
                    number=1,
                    revision_id=revision.id,
                    assessment_id=kept.id,
                    account_id=person.id,
                    outcome="keep",
                    reason="other",
                    note=f"She mentions {WORD}.",
                    question=f"Where is the {WORD} shop?",
                    corrections=[{"action": "added", "code": "x", "quote": WORD}],
                    decided_at=now() - age,
                    idempotency_key=reference,
                    request_digest="0" * 64,
                )
            )
        audit.append(session, COMMAND_LINE, "report.kept", row.id)
        return row.id


def _words_left(store: Store) -> list[str]:
    """The columns, anywhere in the database, that still hold the word."""
    found = []
    with store.read() as session:
        for table in Base.metadata.sorted_tables:
            for row in session.execute(select(table)).mappings():
                found += [f"{table.name}.{name}" for name, value in row.items() if WORD in str(value)]
    return found


def test_erasing_leaves_no_word_and_the_rest_whole(any_store: Store, reader: Assessor) -> None:
    report_id = _keep(any_store, reader, "A1")
    assert {"revisions.text", "assessments.body", "decisions.note", "decisions.question"} <= set(_words_left(any_store))
    head = audit.verify(any_store).head
    assert keeping.erase(any_store, "A1", COMMAND_LINE) == 1
    assert _words_left(any_store) == []
    verdict = audit.verify(any_store, head)
    assert verdict.whole
    with any_store.read() as session:
        assert session.get(ReportRow, report_id) is not None
        assessment = session.scalars(select(AssessmentRow)).one()
        read = Assessment.model_validate(assessment.body)
        assert read.probability == assessment.probability and not read.evidence
        assert session.scalars(select(DecisionRow)).one().outcome == "keep"
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
        assert last and last.action == "report.erased" and last.subject == report_id
    assert keeping.erase(any_store, "A1", COMMAND_LINE) == 0
    with pytest.raises(keeping.KeepingError, match="no report"):
        keeping.erase(any_store, "nothing", COMMAND_LINE)
    # The same text sent again is known, and does not come back.
    with any_store.write() as session:
        keep_report(session, Report(reference="A1", text=f"{TEXT} A1"))
    assert _words_left(any_store) == []


def test_no_byte_of_an_erased_text_is_left_in_the_files(store: Store, reader: Assessor) -> None:
    _keep(store, reader, "A1")
    folder = Path(str(store.engine.url.database)).parent
    keeping.erase(store, "A1", COMMAND_LINE)
    assert [path.name for path in folder.iterdir() if WORD.encode() in path.read_bytes()] == []


def test_purging_takes_only_what_is_old(any_store: Store, reader: Assessor) -> None:
    _keep(any_store, reader, "OLD", timedelta(days=800))
    _keep(any_store, reader, "OPEN", timedelta(days=800), decide=False)
    _keep(any_store, reader, "NEW", timedelta(days=10))
    limit = keeping.before("2y")
    assert keeping.purge(any_store, limit, COMMAND_LINE, trial=True) == keeping.Purged(2, 1)
    assert keeping.purge(any_store, limit, COMMAND_LINE) == keeping.Purged(2, 1)
    assert keeping.purge(any_store, limit, COMMAND_LINE) == keeping.Purged(0, 0)
    with any_store.read() as session:
        left = session.execute(select(ReportRow.reference).join(RevisionRow).where(RevisionRow.text != "")).scalars()
        assert list(left) == ["NEW"]
    assert audit.verify(any_store).whole


def test_only_a_new_wording_or_a_decision_makes_a_report_younger(any_store: Store, reader: Assessor) -> None:
    """As docs/service.md says of ``purge``."""
    old = timedelta(days=800)
    ids = {name: _keep(any_store, reader, name, old) for name in ("SENT", "OTHER", "SEEN", "WORDED", "SAMPLED")}
    report = Report(reference="SENT", text=f"{TEXT} SENT")
    with any_store.write() as session:
        keep_report(session, report)
        amended = {"reference": "OTHER", "text": f"{TEXT} OTHER", "recorded_offence": "assault", "reported_at": now()}
        keep_report(session, Report.model_validate(amended))
        audit.append(session, COMMAND_LINE, "report.viewed", ids["SEEN"])
        keep_report(session, report.model_copy(update={"reference": "WORDED", "text": "He rang."}))
        first = session.scalars(select(DecisionRow).where(DecisionRow.report_id == ids["SAMPLED"])).one()
        reading = {"number": 2, "idempotency_key": "again", "sample_item_id": "i", "decided_at": now()}
        copied = ("report_id", "revision_id", "account_id", "outcome", "reason", "request_digest")
        session.add(DecisionRow(**{name: getattr(first, name) for name in copied}, **reading))
    assert keeping.purge(any_store, keeping.before("2y"), COMMAND_LINE).reports == 3
    with any_store.read() as session:
        left = session.scalars(select(ReportRow.reference).where(~ReportRow.erased).order_by(ReportRow.reference))
        assert list(left) == ["SAMPLED", "WORDED"]


def test_every_column_that_may_hold_words_is_one_that_erasing_knows() -> None:
    free = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text | JSON)
    }
    erased = {"revisions.text", "assessments.body", "decisions.note", "decisions.question", "decisions.corrections"}
    assert free - _NO_WORDS == erased, "a new column of free text: erase it in service/keeping.py, or say what it holds"


@pytest.mark.parametrize(
    ("age", "day"), [("2y", "2022-02-28"), ("1m", "2024-01-29"), ("12m", "2023-02-28"), ("31d", "2024-01-29")]
)
def test_ages_are_by_the_calendar(age: str, day: str) -> None:
    assert keeping.before(age, datetime(2024, 2, 29, tzinfo=UTC)).date().isoformat() == day


@pytest.mark.parametrize("age", ["", "2", "y2", "0d", "-1d", "2 weeks", "9999y"])
def test_an_age_that_cannot_be_read_is_refused(age: str) -> None:
    with pytest.raises(keeping.KeepingError):
        keeping.before(age)


def test_a_copy_made_while_it_runs_can_be_put_back(store: Store, reader: Assessor, tmp_path: Path) -> None:
    _keep(store, reader, "A1")
    head = audit.verify(store).head
    copy = tmp_path / "copy.sqlite3"
    with store.read() as reading:  # somebody is at work
        reading.scalars(select(ReportRow)).all()
        back_up(store, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with pytest.raises(BackupError, match="there already"):
        back_up(store, copy)
    with pytest.raises(BackupError, match="cannot be written"):
        back_up(store, tmp_path / "nowhere" / "copy")
    _keep(store, reader, "A2")
    store.close()
    # As docs/service.md says: the service stopped, its log files away, the copy in the place of the database.
    database = Path(str(store.engine.url.database))
    for end in ("-wal", "-shm"):
        database.with_name(database.name + end).unlink(missing_ok=True)
    shutil.copyfile(copy, database)
    back = Store(f"sqlite:///{database}")
    back.upgrade()
    with back.read() as session:
        assert list(session.scalars(select(ReportRow.reference))) == ["A1"]
        assert session.scalars(select(DecisionRow.outcome)).all() == ["keep"]
    assert audit.verify(back, head).whole
    back.close()


def test_a_dump_of_postgresql_can_be_put_back(postgres: str, reader: Assessor, tmp_path: Path) -> None:
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))[-1].parent
    address = make_url(postgres.format("postgres"))
    where = ["-h", str(address.query["host"]), "-U", "postgres"]

    def call(program: str, *arguments: str) -> None:
        subprocess.run([binaries / program, *where, *arguments], check=True, env={**os.environ, "PGUSER": "postgres"})

    call("createdb", "before_dump")
    store = Store(postgres.format("before_dump"))
    store.upgrade()
    _keep(store, reader, "A1")
    head = audit.verify(store).head
    with pytest.raises(BackupError, match="pg_dump"):
        back_up(store, tmp_path / "copy")
    call("pg_dump", "--format=custom", "--file", str(tmp_path / "dump"), "before_dump")
    store.close()
    call("createdb", "after_dump")
    call("pg_restore", "--dbname", "after_dump", "--no-owner", "--exit-on-error", str(tmp_path / "dump"))
    back = Store(postgres.format("after_dump"))
    back.upgrade()
    with back.read() as session:
        assert session.scalars(select(DecisionRow.outcome)).all() == ["keep"]
    assert audit.verify(back, head).whole
    back.close()


def test_an_erased_report_has_a_page_and_waits_for_nobody(
    client: TestClient, sign_in: Callable[[AccountRole], None], store: Store, reader: Assessor
) -> None:
    report_id = _keep(store, reader, "A1", decide=False)
    keeping.erase(store, "A1", COMMAND_LINE)
    sign_in(AccountRole.REVIEWER)
    client.post("/content-note", data={"token": "x"})
    page = client.get(f"/reports/{report_id}")
    assert page.status_code == 200 and WORD not in page.text
    assert client.get("/").status_code == 200
    assert "A1" not in client.get("/?status=waiting").text, "there is nothing left to decide on"


def test_erasing_says_where_the_log_still_holds_the_words_and_ends_it_when_asked_again(
    settings: Settings, reader: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.store.engine.BUSY_SECONDS", 0)
    store = Store(settings.url)
    store.upgrade()
    _keep(store, reader, "A1")
    folder = Path(str(store.engine.url.database)).parent

    def holding() -> list[str]:
        return [path.name for path in folder.iterdir() if WORD.encode() in path.read_bytes()]

    with store.read() as reading:
        reading.scalars(select(ReportRow)).all()  # somebody is looking, at the database as it was
        for _ in range(2):
            with pytest.raises(keeping.KeepingError, match="log"):
                keeping.erase(store, "A1", COMMAND_LINE)
        assert holding(), "or this test shows nothing"
    assert keeping.erase(store, "A1", COMMAND_LINE) == 0
    assert holding() == []
    store.close()


def test_erasing_waits_for_who_may_still_see_the_words_and_says_so(
    any_store: Store, reader: Assessor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _keep(any_store, reader, "A1", timedelta(days=800))
    _keep(any_store, reader, "A2", timedelta(days=800))
    monkeypatch.setattr("service.store.engine.BUSY_SECONDS", 0.2)
    other = Store(any_store.engine.url.render_as_string(hide_password=False))
    with any_store.snapshot() as reading:
        reading.scalars(select(ReportRow)).all()  # a long dump, say: it goes on seeing the database as it was
        with pytest.raises(keeping.KeepingError, match="same command again"):
            keeping.erase(other, "A1", COMMAND_LINE)
        with pytest.raises(keeping.KeepingError, match="same command again"):
            keeping.purge(other, keeping.before("2y"), COMMAND_LINE)
    assert _words_left(other) == []
    assert keeping.erase(other, "A1", COMMAND_LINE) == 0
    assert keeping.purge(other, keeping.before("2y"), COMMAND_LINE) == keeping.Purged(0, 0)
    other.close()


def test_an_erased_wording_stays_away_when_a_newer_one_has_come(any_store: Store, reader: Assessor) -> None:
    _keep(any_store, reader, "A1")
    keeping.erase(any_store, "A1", COMMAND_LINE)
    for text in (f"{TEXT} changed", f"{TEXT} A1"):
        report = Report(reference="A1", text=text, recorded_offence=RecordedOffence.ASSAULT)
        ingest.keep(any_store, [(report, None)], COMMAND_LINE)
    with any_store.read() as session:
        actions = list(session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))
        assert actions[-2:] == ["report.erased", "report.revised"], (
            "of the erased wording nothing was kept, and nothing is said to be"
        )
        assert [r.text for r in session.scalars(select(RevisionRow).order_by(RevisionRow.number))] == [
            "",
            f"{TEXT} changed",
        ]


def _run(store: Store, *arguments: str) -> Result:
    app = typer.Typer()
    keeping_command.register(app)
    return CliRunner().invoke(app, list(arguments), env={"FOURSIGHT_DATABASE_URL": store.where})


def test_a_backup_is_on_the_record(store: Store, tmp_path: Path) -> None:
    ran = _run(store, "backup", str(tmp_path / "copy"))
    assert ran.exit_code == 0, ran.output
    with store.read() as session:
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert last and last.action == "backup.made" and '"head"' in last.detail


def test_the_tables_can_be_taken_back_by_command(store: Store) -> None:
    newest = store.revision()
    assert _run(store, "migrate", "--down", "-1", "--yes").exit_code == 0 and store.revision() != newest
    wrong = _run(store, "migrate", "--down", "nothing", "--yes")
    assert wrong.exit_code == 2 and "no way down" in wrong.output
    assert _run(store, "migrate").exit_code == 0 and store.revision() == newest
