"""Tables and migrations on both databases, and the queue's query."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.assessor import Assessor
from models.contracts import Assessment, ModelInfo, Report
from nlp.taxonomy import Offence, RecordedOffence, Suggestion
from service.reviewing_queue import Band, Filters, QueuePage, queue
from service.store import Store, StoreError
from service.store.reports import (
    count_recorded_as_stalking,
    full_report,
    keep_assessment,
    keep_report,
    without_assessment,
)
from service.store.tables import AssessmentRow, Base, ReportRow, now


def test_migrations_make_the_tables_and_take_them_away(any_store: Store) -> None:
    with any_store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    any_store.upgrade()
    any_store.check()
    any_store.downgrade("base")
    assert set(inspect(any_store.engine).get_table_names()) <= {"alembic_version"}
    with pytest.raises(StoreError, match="start foursight serve once"):
        any_store.check()
    any_store.upgrade()
    any_store.check()


def test_the_same_report_twice_is_one_and_a_changed_text_a_revision(any_store: Store) -> None:
    report = Report(reference="A1", text="He waited outside — again 🐈.", recorded_offence=RecordedOffence.HARASSMENT)
    with any_store.write() as session:
        first, new = keep_report(session, report)
    with any_store.write() as session:
        again, new_again = keep_report(
            session, report.model_copy(update={"recorded_offence": RecordedOffence.STALKING})
        )
    with any_store.write() as session:
        changed, new_text = keep_report(session, report.model_copy(update={"text": "He waited."}))
    assert (new, new_again, new_text) == (True, False, True)
    assert (again.id, changed.number) == (first.id, 2)
    with any_store.read() as session:
        found = full_report(session, first.report_id)
        assert found and found.revision.text == "He waited." and len(found.revisions) == 2
        assert found.revisions[0].text == report.text
        assert found.row.recorded_offence == "harassment"


def test_a_database_of_a_newer_program_is_one_clear_message(any_store: Store) -> None:
    with any_store.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for attempt in (any_store.upgrade, any_store.check):
        with pytest.raises(StoreError, match="newer Foursight"):
            attempt()


def test_a_wording_that_comes_back_is_the_newest(any_store: Store) -> None:
    with any_store.write() as session:
        kept = [
            keep_report(session, Report(reference="A1", text=words)) for words in ("He rang.", "He wrote.", "He rang.")
        ]
    assert [(revision.number, new) for revision, new in kept] == [(1, True), (2, True), (3, True)]
    with any_store.read() as session:
        found = full_report(session, kept[0][0].report_id)
        assert found and (found.revision.number, found.revision.text) == (3, "He rang.")


def test_a_report_sent_again_writes_over_only_what_it_gives(any_store: Store) -> None:
    first = Report.model_validate(
        {"reference": "A1", "text": "He rang.", "recorded_offence": "harassment", "reported_at": "2026-06-04T09:00:00Z"}
    )
    with any_store.write() as session:
        keep_report(session, first)
        revision, _ = keep_report(session, Report(reference="A1", text="He rang twice.", source="records"))
    with any_store.write() as session:
        keep_report(session, Report(reference="A1", text="He rang twice.", source=None))
    with any_store.read() as session:
        found = full_report(session, revision.report_id)
        assert found and found.row.reported_at == first.reported_at
        assert (found.row.recorded_offence, found.row.source) == ("harassment", None)


def test_a_database_of_the_first_revision_keeps_its_reports(any_store: Store, reader: Assessor, stalked: str) -> None:
    assessment = reader.assess(Report(reference="A1", text=stalked))
    any_store.downgrade("0001")
    with any_store.write() as session:
        session.execute(
            text(
                "INSERT INTO reports (id, reference, received_at, latest) VALUES ('r', 'A1', '2026-06-04 09:00:00', 1)"
            )
        )
        session.execute(
            text(
                "INSERT INTO revisions (id, report_id, number, digest, text, received_at) VALUES ('v', 'r', 1, 'd', :t, '2026-06-04 09:00:00')"
            ),
            {"t": stalked},
        )
        session.execute(
            text(
                "INSERT INTO assessments (id, revision_id, model_version, model_digest, probability, suggestion, offence, body, current, created_at) "
                "VALUES ('a', 'v', '1', 'm', 0.9, 'review_as_stalking', 's2A', :b, true, '2026-06-04 09:00:00')"
            ),
            {"b": assessment.model_dump_json()},
        )
    any_store.upgrade()
    for older in ("0005", "0004", "0003", "0002", "0001"):  # a step at a time, as an older version would need it
        any_store.downgrade("-1")
        assert any_store.revision() == older
    any_store.upgrade()
    any_store.check()
    with any_store.read() as session:
        assert [item.reference for item in listing(session).items] == ["A1"]
        row = session.get_one(AssessmentRow, "a")
        assert (row.relationship, session.get_one(ReportRow, "r").version) == (assessment.relationship.value, 1)
    with pytest.raises(IntegrityError), any_store.write() as session:
        session.execute(text("DELETE FROM revisions"))  # assessments point to them still


def listing(session: Session, page: int = 1, size: int = 10, **filters: Any) -> QueuePage:
    return queue(session, Filters(**filters), page, size, "", now())


def _assessed(reader: Assessor, report: Report, **changes: object) -> Assessment:
    return reader.assess(report).model_copy(update=changes)


def test_assessments_are_kept_a_model_and_the_latest_is_shown(any_store: Store, reader: Assessor, stalked: str) -> None:
    report = Report(reference="A1", text=stalked)
    with any_store.write() as session:
        revision, _ = keep_report(session, report)
        keep_assessment(session, revision.id, _assessed(reader, report))
    other = ModelInfo(name="other", version="2", digest="d2")
    with any_store.write() as session:
        assert [r.reference for _, r in without_assessment(session, "d2")] == ["A1"]
        keep_assessment(session, revision.id, _assessed(reader, report, model=other, probability=0.5))
        keep_assessment(session, revision.id, _assessed(reader, report, model=other, probability=0.6))
    with any_store.read() as session:
        assert without_assessment(session, "d2") == []
        rows = session.query(AssessmentRow).all()
        assert sorted((row.model_digest == "d2", row.current) for row in rows) == [(False, False), (True, True)]
        assert listing(session).items[0].probability == 0.6


def test_the_queue_is_by_priority_and_lists_recorded_stalking_apart(any_store: Store, reader: Assessor) -> None:
    cases = [
        ("low", RecordedOffence.HARASSMENT, 0.2, Offence.NONE, Suggestion.NO_CHANGE),
        ("high", RecordedOffence.HARASSMENT, 0.9, Offence.S2A, Suggestion.REVIEW),
        ("unknown", None, 0.5, Offence.NONE, Suggestion.ASK),
        ("recorded", RecordedOffence.STALKING, 0.99, Offence.S2A, Suggestion.REVIEW),
        ("asked", RecordedOffence.STALKING, 0.4, Offence.NONE, Suggestion.ASK),
        ("apart", RecordedOffence.STALKING, 0.1, Offence.NONE, Suggestion.NO_CHANGE),
    ]
    with any_store.write() as session:
        for reference, recorded, probability, offence, suggestion in cases:
            report = Report(reference=reference, text="He rang twice.", recorded_offence=recorded)
            revision, _ = keep_report(session, report)
            assessment = _assessed(reader, report, probability=probability, offence=offence, suggestion=suggestion)
            keep_assessment(session, revision.id, assessment)
        keep_report(session, Report(reference="unread", text="He rang."))
    with any_store.read() as session:

        def listed(**filters: Any) -> list[str]:
            return [item.reference for item in listing(session, **filters).items]

        assert listed() == ["unread", "high", "unknown", "low", "recorded", "asked"]
        assert listed(unread=True, band=Band.HIGH) == ["unread"]
        assert listed(apart=True) == ["apart"]
        assert listed(suggestion=Suggestion.ASK) == ["unknown", "asked"]
        assert listed(recorded=RecordedOffence.STALKING) == ["recorded", "asked"]
        second = listing(session, 2, 4)
        assert ([i.reference for i in second.items], second.pages, second.total) == (["recorded", "asked"], 2, 6)
        assert (second.unread, sum(second.bands.values())) == (1, 5)
        assert listing(session, 99, 4).page == 2
        assert count_recorded_as_stalking(session) == 3
        first = listing(session, 1, 1).items[0]
        assert (first.assessment, first.probability, first.band, first.suggestion) == (None, None, None, None)


@pytest.mark.parametrize("url", ["nonsense", "oracle+nothing://x", "mysql://a:secretpw@b/c"])
def test_a_bad_address_is_one_clear_message(url: str) -> None:
    with pytest.raises(StoreError, match="FOURSIGHT_DATABASE_URL") as caught:
        Store(url)
    assert "secretpw" not in str(caught.value)


def test_a_database_that_does_not_answer_is_one_clear_message() -> None:
    store = Store("postgresql+psycopg://me:secretpw@127.0.0.1:1/none")
    with pytest.raises(StoreError, match="check FOURSIGHT_DATABASE_URL") as caught:
        store.upgrade()
    assert "secretpw" not in str(caught.value)


def test_a_second_store_in_one_process_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """To open and close the file would drop them: the next process to leave would think itself the last, and take the write-ahead log away."""
    database = tmp_path / "one.sqlite3"
    first = Store(f"sqlite:///{database}")
    first.upgrade()
    with first.read() as session:
        session.execute(text("SELECT count(*) FROM reports"))
        Store(f"sqlite:///{database}").close()
        stranger = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT count(*) FROM reports').fetchall(); c.close()"
        subprocess.run([sys.executable, "-c", stranger, str(database)], check=True)
        assert database.with_name("one.sqlite3-wal").exists()
    first.close()
