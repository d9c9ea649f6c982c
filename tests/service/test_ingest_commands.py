"""``foursight ingest`` and ``foursight reassess``: files into the queue, and a new model over what is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
import typer
from sqlalchemy import select
from typer.testing import CliRunner

from models.assessor import Assessor
from models.contracts import Assessment, ModelInfo, Report
from service import ingest, ingest_command, swap
from service.audit import COMMAND_LINE
from service.store import Store
from service.store.tables import AssessmentRow, AuditRow, ReportRow, now

APP = typer.Typer()
ingest_command.register(APP)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, reader: Assessor) -> CliRunner:
    monkeypatch.setenv("FOURSIGHT_VAR", str(tmp_path / "var"))
    monkeypatch.setattr(swap, "load_reader", lambda settings: reader)
    return CliRunner()


def test_ingest_keeps_the_good_names_the_bad_and_goes_on(run: CliRunner, tmp_path: Path) -> None:
    lines = [
        {"reference": "A1", "text": "He waits outside my work every night."},
        {"reference": "A2", "text": " "},
        {"reference": "A1", "text": "Another wording."},
        {"reference": "A3", "text": "He rang."},
    ]
    path, errors = tmp_path / "in.jsonl", tmp_path / "bad.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\nnot json")
    for counts in ("2 new, 0 revised, 0 known already", "0 new, 0 revised, 2 known already"):
        found = run.invoke(APP, ["ingest", str(path), "--errors", str(errors)])
        assert found.exit_code == 2 and f"{counts}, 3 bad lines left out" in found.output
        assert f"{path}:2: text is empty" in found.output and "same reference as line 1" in found.output
        assert "wording" not in found.output.replace("newest wording", "")
    assert [json.loads(line)["line"] for line in errors.read_text().splitlines()] == [2, 3, 5]
    path.write_text(json.dumps({"reference": "A3", "text": "He rang twice."}))
    found = run.invoke(APP, ["ingest", str(path)])
    assert found.exit_code == 0 and "0 new, 1 revised, 0 known already" in found.output
    assert "Every report has been read" in run.invoke(APP, ["reassess"]).output


def test_ingest_of_a_csv_needs_its_references(run: CliRunner, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text('Crime No,Narrative\n7,"He rang, again."\n', encoding="cp1252")
    found = run.invoke(APP, ["ingest", str(path), "--text-column", "Narrative"])
    assert found.exit_code == 2 and "--reference-column" in found.output
    found = run.invoke(APP, ["ingest", str(path), "--text-column", "Narrative", "--reference-column", "Crime No"])
    assert found.exit_code == 0 and "1 new" in found.output
    for wrong in ("nothing.jsonl", "."):
        assert run.invoke(APP, ["ingest", str(tmp_path / wrong)]).exit_code == 2


def test_other_details_sent_later_are_on_the_record(reader: Assessor, store: Store) -> None:
    first = {
        "reference": "A1",
        "text": "He rang.",
        "recorded_offence": "harassment",
        "reported_at": "2026-06-04T09:00:00",
    }
    for sent in (first, first, {**first, "recorded_offence": "stalking", "source": "records"}):
        ingest.keep(store, [(Report.model_validate(sent), None)], COMMAND_LINE)
    with store.read() as session:
        rows = session.query(AuditRow).order_by(AuditRow.seq).all()
    assert [row.action for row in rows] == ["report.created", "report.amended"]
    assert json.loads(rows[1].detail) == {"fields": "recorded_offence source"}


class _Other:
    """A second model, that cannot read one of the reports."""

    def __init__(self, first: Assessor) -> None:
        self.first, self.info = first, ModelInfo(name="other", version="2", digest="d2")

    def assess_many(self, reports: Sequence[Report]) -> list[Assessment]:
        if any("poison" in report.text for report in reports):
            raise ValueError("poison")
        return [a.model_copy(update={"model": self.info}) for a in self.first.assess_many(reports)]


def test_a_new_model_reads_what_is_there_and_the_old_one_stays_on_record(reader: Assessor, any_store: Store) -> None:
    reports = [Report(reference=f"A{n}", text="He rang." if n != 3 else "A poison letter.") for n in range(20)]
    kept = ingest.read_and_keep(any_store, reader, reports, COMMAND_LINE)
    assert [k.model_version for k in kept] == [reader.info.version] * 20
    with any_store.write() as session:  # one is erased, and must not come back
        row = session.get_one(ReportRow, kept[0].id)
        row.revisions[0].text, row.revisions[0].erased_at = "", now()
    assert ingest.reassess(any_store, _Other(reader), COMMAND_LINE) == (18, 1, 0)
    assert ingest.reassess(any_store, _Other(reader), COMMAND_LINE) == (0, 1, 0)
    again = ingest.read_and_keep(any_store, _Other(reader), reports, COMMAND_LINE)
    assert {k.outcome.value for k in again} == {"unchanged"}
    assert [k.model_version for k in again].count("2") == 18 and again[3].model_version == reader.info.version
    with any_store.read() as session:
        assert session.query(AssessmentRow).count() == 38
        assert session.query(AssessmentRow).filter_by(current=True).count() == 20
    # Rolled back, the first model reads nothing twice and is shown again, in the queue too.
    with any_store.write() as session:
        session.get_one(ReportRow, kept[1].id).probability = 0.123
    assert ingest.reassess(any_store, reader, COMMAND_LINE) == (0, 0, 18)
    assert ingest.reassess(any_store, reader, COMMAND_LINE) == (0, 0, 0)
    with any_store.read() as session:
        shown = session.query(AssessmentRow).filter_by(current=True)
        assert {row.model_version for row in shown} == {reader.info.version} and shown.count() == 20
        assert session.get_one(ReportRow, kept[1].id).probability == kept[1].probability


def test_a_day_of_report_that_comes_later_dates_the_occasions(reader: Assessor, store: Store) -> None:
    sent = {"reference": "A1", "text": "He followed me home yesterday and rang me on Monday."}
    (kept,) = ingest.read_and_keep(store, reader, [Report.model_validate(sent)], COMMAND_LINE)

    def days() -> list[str | None]:
        with store.read() as session:
            row = session.scalars(select(AssessmentRow).where(AssessmentRow.current)).one()
        return [entry["date"] for entry in row.body["occasions"]["timeline"]]

    assert set(days()) == {None}
    dated = Report.model_validate({**sent, "reported_at": "2026-06-05T09:00:00Z"})
    assert ingest.read_and_keep(store, reader, [dated], COMMAND_LINE)[0].id == kept.id
    assert days() == ["2026-06-04", "2026-06-01"]
    assert ingest.to_read(store, [dated], reader.info.digest) == [False], "the same again is not read again"
