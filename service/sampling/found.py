"""What a sample finds goes back to work: a report that its readers settle as stalking waits for somebody to record it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from nlp.taxonomy import RecordedOffence
from service import audit
from service.audit import Actor
from service.decisions import Outcome, ReviewStatus
from service.sampling.reading import readings, says
from service.store.tables import DecisionRow, ReportRow, SampleItemRow, SampleRow


def send_back(session: Session, report: ReportRow, item_id: str, standing: DecisionRow | None, reader: Actor) -> None:
    """After a reading: where it settles the report as stalking, and nobody has recorded it so, it waits for a second review.

    Not before it is settled: the queue would tell the reader who is still to come. The report is locked; ``standing`` is the
    decision in force. Its version stays: nobody decided on it and no word of it changed.
    """
    if report.recorded_offence == RecordedOffence.STALKING or (standing and standing.outcome == Outcome.RECORD):
        return
    item = session.get(SampleItemRow, item_id)
    if item is None or item.report_id != report.id:
        return
    sample = session.get_one(SampleRow, item.sample_id)
    found = next(reading for reading in readings(session, sample, report.id) if reading.item.id == item.id)
    last = found.three if found.differ else found.two
    if found.pattern is None or last is None or not says(last):
        return
    report.status = ReviewStatus.SECOND_REVIEW.value
    session.flush()
    audit.append(session, reader, "report.found_in_sample", report.id, sample=sample.id)
