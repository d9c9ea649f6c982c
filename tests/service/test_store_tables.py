from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from models.assessor import Assessor
from models.contracts import Assessment, ModelInfo, Report
from nlp.taxonomy import Offence, RecordedOffence, Suggestion
from service.store import Store, StoreError
from service.store.reports import full_report, keep_assessment, keep_report, queue_page, without_assessment
from service.store.tables import AssessmentRow, Base


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
        assert queue_page(session, 1, 10).items[0].probability == 0.6


def test_the_queue_is_by_priority_and_lists_recorded_stalking_apart(any_store: Store, reader: Assessor) -> None:
    cases = [
        ("low", RecordedOffence.HARASSMENT, 0.2, Offence.NONE, Suggestion.NO_CHANGE),
        ("high", RecordedOffence.HARASSMENT, 0.9, Offence.S2A, Suggestion.REVIEW),
        ("unknown", None, 0.5, Offence.NONE, Suggestion.ASK),
        ("recorded", RecordedOffence.STALKING, 0.99, Offence.S2A, Suggestion.REVIEW),
        ("apart", RecordedOffence.STALKING, 0.1, Offence.NONE, Suggestion.NO_CHANGE),
    ]
    with any_store.write() as session:
        for reference, recorded, probability, offence, suggestion in cases:
            report = Report(reference=reference, text="He rang twice.", recorded_offence=recorded)
            revision, _ = keep_report(session, report)
            assessment = _assessed(reader, report, probability=probability, offence=offence, suggestion=suggestion)
            keep_assessment(session, revision.id, assessment)
    with any_store.read() as session:
        assert [i.reference for i in queue_page(session, 1, 10).items] == ["high", "unknown", "low", "recorded"]
        assert [i.reference for i in queue_page(session, 1, 10, apart=True).items] == ["apart"]
        assert [i.reference for i in queue_page(session, 1, 10, Suggestion.ASK).items] == ["unknown"]
        assert [i.reference for i in queue_page(session, 1, 10, recorded=RecordedOffence.STALKING).items] == [
            "recorded"
        ]
        second = queue_page(session, 2, 3)
        assert ([i.reference for i in second.items], second.pages, second.total) == (["recorded"], 2, 4)
        assert queue_page(session, 99, 3).page == 2


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
