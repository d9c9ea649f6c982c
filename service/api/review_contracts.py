"""What the review API answers: one JSON object each. Times are in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from models.contracts import Assessment
from nlp.taxonomy import Relationship, Suggestion
from service.decisions import Correction, ReviewStatus
from service.reviewing import History
from service.reviewing_queue import Band, QueuePage
from service.store.reports import FullReport
from service.store.tables import ClaimRow, DecisionRow


class QueueLine(BaseModel):
    """One report of the queue, without its text."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    reference: str
    received_at: datetime
    reported_at: datetime | None
    recorded_offence: str | None
    status: ReviewStatus
    version: int
    suggestion: Suggestion | None = Field(
        description="Null, like the three after it, where the model could not read it."
    )
    probability: float | None
    band: Band | None
    relationship: Relationship | None
    claimed_by: str = Field(description="Who is at work on it now; empty when nobody is.")
    claimed_until: datetime | None


class QueueOut(BaseModel):
    items: list[QueueLine]
    total: int
    page: int
    pages: int
    bands: dict[Band, int] = Field(description="How many each band holds under the other filters.")
    unread: int = Field(description="How many of them the model could not read: they are in no band.")


class Claim(BaseModel):
    report_id: str
    claimed_by: str
    claimed_at: datetime
    expires_at: datetime


class DecisionOut(BaseModel):
    """One decision as kept. ``outcome`` is ``withdrawn`` where somebody took their own decision back."""

    id: str
    number: int = Field(description="Counts the decisions of its report from 1.")
    revision: int
    assessment_id: str | None
    outcome: str
    offence: str | None
    reason: str
    note: str
    question: str
    corrections: list[Correction]
    blind: bool
    decided_by: str
    decided_at: datetime
    supersedes: str | None


class Withdrawal(BaseModel):
    """Taking one's own decision back."""

    model_config = ConfigDict(extra="forbid")

    expected_version: int = Field(ge=0, le=2**31 - 1)
    idempotency_key: Annotated[str, StringConstraints(min_length=8, max_length=100, pattern=r"^[A-Za-z0-9_.:-]+$")]


class FullReportOut(BaseModel):
    """A report with its newest text. ``version`` is what a decision must name as ``expected_version``."""

    id: str
    reference: str
    recorded_offence: str | None
    reported_at: datetime | None
    occurred_from: datetime | None
    occurred_to: datetime | None
    source: str | None
    received_at: datetime
    revision: int
    text: str = Field(description="Empty once erased.")
    erased_at: datetime | None
    status: ReviewStatus
    version: int
    assessment_id: str | None
    assessment: Assessment | None
    claimed_by: str
    claimed_until: datetime | None
    decision: DecisionOut | None = Field(description="The decision in force.")


class RevisionOut(BaseModel):
    number: int
    received_at: datetime
    erased_at: datetime | None


class Look(BaseModel):
    """An entry of the audit trail about this report."""

    at: datetime
    who: str
    action: str


class HistoryOut(BaseModel):
    """Decisions oldest first, looks newest first (the last 50)."""

    decisions: list[DecisionOut]
    in_force: str | None = Field(description="The id of the decision that stands.")
    revisions: list[RevisionOut]
    looks: list[Look]


def queue_out(page: QueuePage) -> QueueOut:
    return QueueOut(
        items=[QueueLine.model_validate(item) for item in page.items],
        total=page.total,
        page=page.page,
        pages=page.pages,
        bands=page.bands,
        unread=page.unread,
    )


def claim_out(row: ClaimRow, name: str) -> Claim:
    return Claim(report_id=row.report_id, claimed_by=name, claimed_at=row.claimed_at, expires_at=row.expires_at)


def decision_out(row: DecisionRow, name: str, revision: int) -> DecisionOut:
    return DecisionOut(
        id=row.id,
        number=row.number,
        revision=revision,
        assessment_id=row.assessment_id,
        outcome=row.outcome,
        offence=row.offence,
        reason=row.reason,
        note=row.note,
        question=row.question,
        corrections=[Correction.model_validate(item) for item in row.corrections],
        blind=row.blind,
        decided_by=name,
        decided_at=row.decided_at,
        supersedes=row.supersedes,
    )


def report_out(found: FullReport, claim: ClaimRow | None, standing: DecisionRow | None) -> FullReportOut:
    row, revision = found.row, found.revision
    return FullReportOut(
        id=row.id,
        reference=row.reference,
        recorded_offence=row.recorded_offence,
        reported_at=row.reported_at,
        occurred_from=row.occurred_from,
        occurred_to=row.occurred_to,
        source=row.source,
        received_at=row.received_at,
        revision=revision.number,
        text=revision.text,
        erased_at=revision.erased_at,
        status=ReviewStatus(row.status),
        version=row.version,
        assessment_id=found.assessment_id,
        assessment=found.assessment,
        claimed_by=claim.account.name if claim else "",
        claimed_until=claim.expires_at if claim else None,
        decision=decision_out(standing, standing.account.name, standing.revision.number) if standing else None,
    )


def history_out(found: History) -> HistoryOut:
    return HistoryOut(
        # Readings within samples stay out: readers must not see one another's.
        decisions=[
            decision_out(row, row.account.name, row.revision.number)
            for row in found.decisions
            if row.sample_item_id is None
        ],
        in_force=found.in_force.id if found.in_force else None,
        revisions=[
            RevisionOut(number=r.number, received_at=r.received_at, erased_at=r.erased_at) for r in found.revisions
        ],
        looks=[
            Look(
                at=datetime.fromisoformat(entry.at),
                who=entry.actor.partition(":")[2] or entry.actor,
                action=entry.action,
            )
            for entry in found.looks
        ],
    )
