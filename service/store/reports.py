"""Keeping reports and assessments, and reading them back. The queue itself is in service/reviewing_queue.py."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from models.contracts import Assessment, Report
from nlp.taxonomy import RecordedOffence, Suggestion
from service.store.tables import AssessmentRow, ReportRow, RevisionRow, now, opaque

_STALKING = RecordedOffence.STALKING.value
_METADATA = ("recorded_offence", "reported_at", "occurred_from", "occurred_to", "source", "victim_ref", "suspect_ref")


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def keep_report(session: Session, report: Report) -> tuple[RevisionRow, bool]:
    """Keep a report; the second value says whether this made a revision. Sending the same report again changes nothing.

    The text is compared with the latest revision only: an earlier wording that comes back is the newest one, unless it was erased. Of the other
    fields only those that were sent are written over.
    """
    row = _locked(session, report.reference)
    digest = text_digest(report.text)
    latest = session.scalar(
        select(RevisionRow).where(RevisionRow.report_id == row.id, RevisionRow.number == row.latest)
    )
    same = latest is not None and latest.digest == digest
    erased = _erased(session, row, digest)
    if erased is not None:
        return erased, False  # for good: nothing of it comes back, be it the newest wording or an earlier one
    for name in report.model_fields_set.intersection(_METADATA):
        value = getattr(report, name)
        setattr(row, name, value.value if isinstance(value, RecordedOffence) else value)
    session.flush()
    if latest is not None and same:
        return latest, False
    row.latest += 1
    row.version += 1
    row.status = "waiting"  # nobody has decided on this wording, and no model has read it
    row.erased, row.probability, row.suggestion, row.relationship = False, None, None, None
    revision = RevisionRow(report_id=row.id, number=row.latest, digest=digest, text=report.text)
    session.add(revision)
    session.flush()
    return revision, True


def written_over(session: Session, report: Report) -> list[str]:
    """Which fields beside the text of a report that is kept already this one, as sent, says otherwise."""
    row = _locked(session, report.reference)
    if row.latest == 0 or row.erased or _erased(session, row, text_digest(report.text)) is not None:
        return []
    sent = {name: getattr(report, name) for name in sorted(report.model_fields_set.intersection(_METADATA))}
    return [name for name, value in sent.items() if _comparable(getattr(row, name)) != _comparable(value)]


def _erased(session: Session, row: ReportRow, digest: str) -> RevisionRow | None:
    """The erased revision that had this wording, the newest of several."""
    query = select(RevisionRow).where(RevisionRow.report_id == row.id, RevisionRow.digest == digest)
    return session.scalar(query.where(RevisionRow.erased_at.is_not(None)).order_by(RevisionRow.number.desc()).limit(1))


def _comparable(value: object) -> object:
    """A moment without a zone is kept as UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def _locked(session: Session, reference: str) -> ReportRow:
    """The report of a reference, made where there is none, and locked: two that arrive together take turns."""
    query = select(ReportRow).where(ReportRow.reference == reference).with_for_update()
    row = session.scalar(query.execution_options(populate_existing=True))
    if row is None:
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        fresh = insert(ReportRow).values(id=opaque(), reference=reference, received_at=now(), latest=0, version=0)
        session.execute(fresh.on_conflict_do_nothing(index_elements=["reference"]))
        row = session.scalars(query.execution_options(populate_existing=True)).one()
    return row


def in_order(session: Session) -> ColumnElement[str]:
    """References in the order of their code points, as Python sorts them: whoever locks many reports locks in this order."""
    column: ColumnElement[str] = ReportRow.__table__.c.reference
    return column if session.get_bind().dialect.name == "sqlite" else column.collate("C")


def keep_assessment(session: Session, revision_id: str, assessment: Assessment) -> None:
    """Keep what a model said of a revision, one row a model, and show it from now on. The caller has the report locked."""
    model = assessment.model
    row = session.scalar(
        select(AssessmentRow).where(
            AssessmentRow.revision_id == revision_id, AssessmentRow.model_digest == model.digest
        )
    )
    if row is None:
        row = AssessmentRow(
            revision_id=revision_id, model_version=model.version, model_digest=model.digest, current=False
        )
        session.add(row)
    row.probability = assessment.probability
    row.suggestion = assessment.suggestion.value
    row.offence = assessment.offence.value
    row.relationship = assessment.relationship.value
    row.body = assessment.model_dump(mode="json")
    row.created_at = now()
    session.flush()
    _show(session, row)


def _show(session: Session, row: AssessmentRow) -> None:
    """Show this assessment of its revision from now on, and no other."""
    others = update(AssessmentRow).where(AssessmentRow.revision_id == row.revision_id, AssessmentRow.id != row.id)
    session.execute(others.values(current=False))
    row.current = True
    revision = session.get_one(RevisionRow, row.revision_id)
    report = revision.report
    if report.latest == revision.number and not report.erased:
        report.probability, report.suggestion, report.relationship = row.probability, row.suggestion, row.relationship
    session.flush()


def show_again(session: Session, model_digest: str, limit: int) -> int:
    """Show what this model said of up to ``limit`` latest wordings that show what another says: after a roll-back, or where an old model finished late.

    Gives how many. Reports are locked in the order of their references.
    """
    rows = session.scalars(
        select(AssessmentRow)
        .join(RevisionRow, RevisionRow.id == AssessmentRow.revision_id)
        .join(ReportRow, _LATEST)
        .where(
            AssessmentRow.model_digest == model_digest,
            AssessmentRow.current.is_(False),
            RevisionRow.erased_at.is_(None),
        )
        .order_by(in_order(session))
        .limit(limit)
        .with_for_update(of=ReportRow)
    ).all()
    for row in rows:
        _show(session, row)
    return len(rows)


def without_assessment(
    session: Session, model_digest: str, after: str = "", limit: int | None = None
) -> list[tuple[str, Report]]:
    """The latest revisions that this model has not read yet, as reports to assess, each with its revision's id.

    By reference, those after ``after``, up to ``limit``: a part at a time, so that a store of any size needs no more memory.
    """
    read = exists().where(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.model_digest == model_digest)
    rows = session.execute(
        select(ReportRow, RevisionRow)
        .join(RevisionRow, _LATEST)
        .where(~read, RevisionRow.erased_at.is_(None), ReportRow.reference > after)
        .order_by(ReportRow.reference)
        .limit(limit)
    ).all()
    return [(revision.id, as_report(report, revision)) for report, revision in rows]


def keep_if_latest(session: Session, revision_id: str, assessment: Assessment) -> bool:
    """Keep an assessment made outside this transaction, unless its wording was erased or followed by another meanwhile."""
    session.scalar(select(ReportRow.id).where(ReportRow.reference == assessment.reference).with_for_update())
    query = select(RevisionRow.id).join(ReportRow, _LATEST)
    if session.scalar(query.where(RevisionRow.id == revision_id, RevisionRow.erased_at.is_(None))) is None:
        return False
    keep_assessment(session, revision_id, assessment)
    return True


def as_report(row: ReportRow, revision: RevisionRow) -> Report:
    return Report.model_validate(
        {"reference": row.reference, "text": revision.text} | {name: getattr(row, name) for name in _METADATA}
    )


_LATEST = and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest)


def describes_none() -> ColumnElement[bool]:
    """Recorded as stalking, though the text read on its own describes none: listed apart, never as a misrecording.

    By the suggestion: while there is something to ask the offence is none too, because it is open.
    """
    return and_(ReportRow.recorded_offence == _STALKING, ReportRow.suggestion == Suggestion.NO_CHANGE.value)


def count_recorded_as_stalking(session: Session) -> int:
    """How many assessed reports are recorded as stalking, whatever their text describes."""
    query = select(func.count()).select_from(ReportRow).where(ReportRow.recorded_offence == _STALKING)
    return session.scalar(query.where(ReportRow.probability.is_not(None))) or 0


@dataclass(frozen=True)
class FullReport:
    """What the report page shows: the latest revision, its assessment, and the numbers of the revisions before."""

    row: ReportRow
    revision: RevisionRow
    assessment: Assessment | None
    assessment_id: str | None
    assessed_at: datetime | None
    revisions: Sequence[RevisionRow]


def full_report(session: Session, report_id: str) -> FullReport | None:
    row = session.get(ReportRow, report_id)
    if row is None:
        return None
    revisions = list(row.revisions)
    revision = next(r for r in revisions if r.number == row.latest)
    kept = session.scalar(select(AssessmentRow).where(AssessmentRow.revision_id == revision.id, AssessmentRow.current))
    assessment = Assessment.model_validate(kept.body) if kept else None
    return FullReport(
        row, revision, assessment, kept.id if kept else None, kept.created_at if kept else None, revisions
    )
