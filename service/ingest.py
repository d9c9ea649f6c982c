"""Taking reports in: kept, read by the model, and acknowledged only once both are committed. Sending again changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from pydantic import BaseModel, Field
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.contracts import Assessment, Report, day_of
from nlp.taxonomy import Suggestion
from service import audit
from service.assessing import Reader
from service.audit import Actor
from service.intake import BadLine
from service.store import Store
from service.store.reports import (
    keep_assessment,
    keep_if_latest,
    keep_report,
    show_again,
    text_digest,
    without_assessment,
    written_over,
)
from service.store.tables import AssessmentRow, ReportRow, RevisionRow

STEP = 16
# What a model reads beside the text.
_DAYS = ("reported_at", "occurred_from", "occurred_to")


class Taken(StrEnum):
    """What became of a report that was sent."""

    CREATED = "created"
    REVISED = "revised"
    UNCHANGED = "unchanged"


class Kept(BaseModel):
    """The receipt for one report. It is on disk when this is sent."""

    reference: str
    id: str = Field(description="The report's opaque id: its address in the console and in this API.")
    revision: int = Field(description="The number of this wording, from 1.")
    outcome: Taken
    suggestion: Suggestion | None = Field(description="Null while the model has not read this wording.")
    probability: float | None
    model_version: str | None


class Once:
    """One report a reference in one file or batch: with two wordings nobody could say which one is the newest."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def refuse(self, number: int, report: Report) -> BadLine | None:
        """Why the report at line ``number`` cannot be taken, or None."""
        digest = text_digest(report.text)
        first, other = self._seen.setdefault(report.reference, (number, digest))
        if other == digest:
            return None
        return BadLine(
            number,
            f"the same reference as line {first} with another text; send each report once, in its newest wording.",
        )


def to_read(store: Store, reports: Sequence[Report], model_digest: str) -> list[bool]:
    """Which of these the model has to read: those that are new, changed, of another day, or not read by this model yet."""
    query = (
        select(
            ReportRow.reference,
            RevisionRow.digest,
            RevisionRow.erased_at,
            AssessmentRow.id,
            *(getattr(ReportRow, name) for name in _DAYS),
        )
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .outerjoin(
            AssessmentRow,
            and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.model_digest == model_digest),
        )
        .where(ReportRow.reference.in_([report.reference for report in reports]))
    )
    with store.read() as session:
        known = {
            (reference, digest): (gone, read, days) for reference, digest, gone, read, *days in session.execute(query)
        }

    def wanted(report: Report) -> bool:
        gone, read, days = known.get((report.reference, text_digest(report.text)), (None, None, (None,) * len(_DAYS)))
        # "Yesterday" is dated from the day of the report, and the text is set beside the recorded days: they may come, or change, after the text.
        moved = any(
            name in report.model_fields_set and day_of(getattr(report, name)) != day_of(kept)
            for name, kept in zip(_DAYS, days, strict=True)
        )
        return not gone and (not read or moved)

    return [wanted(report) for report in reports]


def keep(store: Store, pairs: Sequence[tuple[Report, Assessment | None]], by: Actor) -> list[Kept]:
    """Keep reports, with what the model said where it has read them, in one transaction; receipts in the order given.

    Rows are locked in the order of references, so that two batches that share reports take turns and never block each other.
    """
    found: dict[int, Kept] = {}
    amended: dict[int, list[str]] = {}
    with store.write() as session:
        for place in sorted(range(len(pairs)), key=lambda i: pairs[i][0].reference):
            amended[place] = written_over(session, pairs[place][0])
            found[place] = _keep(session, *pairs[place])
        for place, kept in sorted(found.items()):
            if kept.outcome is not Taken.UNCHANGED:
                audit.append(session, by, f"report.{kept.outcome.value}", kept.id, revision=kept.revision)
            if amended[place]:
                audit.append(session, by, "report.amended", kept.id, fields=" ".join(amended[place]))
    return [found[place] for place in range(len(pairs))]


def _keep(session: Session, report: Report, assessment: Assessment | None) -> Kept:
    revision, new = keep_report(session, report)
    if assessment is not None and revision.erased_at is None:
        keep_assessment(session, revision.id, assessment)
    shown = session.scalar(select(AssessmentRow).where(AssessmentRow.revision_id == revision.id, AssessmentRow.current))
    outcome = Taken.UNCHANGED if not new else Taken.CREATED if revision.number == 1 else Taken.REVISED
    return Kept(
        reference=report.reference,
        id=revision.report_id,
        revision=revision.number,
        outcome=outcome,
        suggestion=Suggestion(shown.suggestion) if shown else None,
        probability=shown.probability if shown else None,
        model_version=shown.model_version if shown else None,
    )


def read_and_keep(store: Store, reader: Reader, reports: Sequence[Report], by: Actor) -> list[Kept]:
    """Keep reports, after the model has read those that it has to. One that it cannot read is kept all the same, unread."""
    needed = to_read(store, reports, reader.info.digest)
    assessed = iter(_assess(reader, [r for r, wanted in zip(reports, needed, strict=True) if wanted]))
    return keep(store, [(r, next(assessed) if wanted else None) for r, wanted in zip(reports, needed, strict=True)], by)


def _assess(reader: Reader, reports: Sequence[Report]) -> list[Assessment | None]:
    if not reports:
        return []
    try:
        return list(reader.assess_many(reports))
    except Exception:
        # Its message may quote the text. One report that cannot be read must not take its neighbours with it.
        return [None] if len(reports) == 1 else [found for one in reports for found in _assess(reader, [one])]


class Reassessed(NamedTuple):
    """Counts of reports: read by the model, those it could not read, and those it had read before whose old assessment is shown again."""

    read: int
    failed: int
    shown: int


def reassess(
    store: Store, reader: Reader, by: Actor, progress: Callable[[int], None] = lambda done: None
) -> Reassessed:
    """Have the model read each kept report that it has not read yet, and show what it says wherever another model's word is shown.

    Each part is committed by itself, so a stopped run goes on where it was. What other models said is kept beside it.
    """
    done = failed = shown = 0
    while True:
        with store.write() as session:
            again = show_again(session, reader.info.digest, STEP)
        shown += again
        if again < STEP:
            break
    for part in _parts(store, reader.info.digest):
        assessments = _assess(reader, [report for _, report in part])
        with store.write() as session:
            # In the order in which ``keep`` locks, which need not be the database's own.
            for (revision_id, _), assessment in sorted(
                zip(part, assessments, strict=True), key=lambda pair: pair[0][1].reference
            ):
                if assessment is None:
                    failed += 1
                elif keep_if_latest(session, revision_id, assessment):
                    done += 1
        progress(done + failed)
    if done or failed or shown:
        audit.record(
            store, by, "reports.reassessed", model=reader.info.version, reports=done, failed=failed, shown=shown
        )
    return Reassessed(done, failed, shown)


def _parts(store: Store, model_digest: str) -> Iterator[list[tuple[str, Report]]]:
    after = ""
    while True:
        with store.read() as session:
            part = without_assessment(session, model_digest, after, STEP)
        if not part:
            return
        yield part
        after = part[-1][1].reference
