"""Decisions in force, with everything that learning from them needs. ``foursight decisions export`` writes them to a file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from models.contracts import Assessment
from service.decisions import CorrectedSpan, Correction, corrected
from service.reviewing import in_force
from service.store.tables import DecisionRow, ReportRow

_CORRECTIONS = TypeAdapter(list[Correction])


@dataclass(frozen=True)
class Decided:
    """One decision in force on one wording.

    ``reviewer`` tells persons apart without naming them. ``evidence`` is the model's, after the reviewer's corrections: offsets
    are code points into ``text``. ``assessment`` is the one that the reviewer saw, or None. ``question`` is what the officer was
    asked. ``corrections`` counts the reviewer's changes: none may mean that the evidence was right, or that nobody looked.
    """

    reference: str
    revision: int
    text: str
    recorded_offence: str | None
    reported_at: datetime | None
    outcome: str
    offence: str | None
    reason: str
    question: str
    reviewer: str
    decided_at: datetime
    blind: bool
    evidence: list[CorrectedSpan]
    corrections: int
    assessment: Assessment | None


def pseudonym(account_id: str) -> str:
    """A name for a reviewer that is the same in every export and says nothing."""
    return hashlib.sha256(f"foursight reviewer {account_id}".encode()).hexdigest()[:12]


def decided(session: Session, since: datetime | None = None) -> Iterator[Decided]:
    """The decisions in force, by report, whose text is still kept; with ``since``, those made at or after that moment.

    Readings within quality-assurance samples are left out: a model that learned from them could not be measured by them.
    """
    rows = session.scalars(
        select(DecisionRow)
        .join(ReportRow, ReportRow.id == DecisionRow.report_id)
        .where(DecisionRow.sample_item_id.is_(None))
        .options(joinedload(DecisionRow.revision), joinedload(DecisionRow.assessment))
        .order_by(ReportRow.reference, DecisionRow.number)
        .execution_options(yield_per=200)
    )
    for report_id, chain in groupby(rows, key=lambda row: row.report_id):
        row = in_force(chain)
        if row is None or row.revision.erased_at is not None or (since is not None and row.decided_at < since):
            continue
        yield _decided(session.get_one(ReportRow, report_id), row)


def _decided(report: ReportRow, row: DecisionRow) -> Decided:
    assessment = Assessment.model_validate(row.assessment.body) if row.assessment and row.assessment.body else None
    corrections: Sequence[Correction] = _CORRECTIONS.validate_python(row.corrections)
    return Decided(
        reference=report.reference,
        revision=row.revision.number,
        text=row.revision.text,
        recorded_offence=report.recorded_offence,
        reported_at=report.reported_at,
        outcome=row.outcome,
        offence=row.offence,
        reason=row.reason,
        question=row.question,
        reviewer=pseudonym(row.account_id),
        decided_at=row.decided_at,
        blind=row.blind,
        evidence=corrected(row.revision.text, assessment.evidence if assessment else [], corrections),
        corrections=len(corrections),
        assessment=assessment,
    )
