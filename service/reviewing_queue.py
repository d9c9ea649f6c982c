"""The queue: which reports wait for whom, in what order. Never the text: only what the list needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.contracts import Assessment
from nlp.taxonomy import RecordedOffence, Relationship, Suggestion
from service.decisions import WITHDRAWN, Outcome, ReviewStatus
from service.store.reports import describes_none
from service.store.tables import AccountRow, AssessmentRow, ClaimRow, DecisionRow, ReportRow, RevisionRow

_STALKING = RecordedOffence.STALKING.value


class Band(StrEnum):
    """Bands of the calibrated probability, for counting, filtering and sampling."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    VERY_LOW = "very_low"


# The lowest probability of each band, highest first.
BAND_FROM: dict[Band, float] = {Band.HIGH: 0.75, Band.MEDIUM: 0.5, Band.LOW: 0.25, Band.VERY_LOW: 0.0}


def band_of(probability: float) -> Band:
    """The band of a probability in [0, 1]."""
    return next(band for band, lowest in BAND_FROM.items() if probability >= lowest)


def band_column() -> ColumnElement[str]:
    """The band of an assessment, in SQL."""
    whens = [(AssessmentRow.probability >= lowest, band.value) for band, lowest in BAND_FROM.items()]
    return case(*whens, else_=Band.VERY_LOW.value)


class Assigned(StrEnum):
    """By who is at work on it: the reader, nobody, or anybody."""

    ME = "me"
    NONE = "none"
    ANYONE = "anyone"


class Sort(StrEnum):
    """``priority``: not recorded as stalking first, then the more probable. The others by the day it was reported."""

    PRIORITY = "priority"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True)
class Filters:
    """What to list. None filters nothing. ``apart`` asks for those recorded as stalking whose text describes none.

    ``reported_from`` and ``reported_to`` are days in the United Kingdom, both within; a report that does not say when it was
    made counts by when it was received. ``reference`` is the beginning of one.
    """

    suggestion: Suggestion | None = None
    recorded: RecordedOffence | None = None
    reported_from: date | None = None
    reported_to: date | None = None
    relationship: Relationship | None = None
    band: Band | None = None
    assigned: Assigned | None = None
    status: ReviewStatus | None = None
    reference: str = ""
    sort: Sort = Sort.PRIORITY
    apart: bool = False


@dataclass(frozen=True)
class QueueItem:
    """One line of the queue. ``claimed_by`` is the name of who is at work on it now, or empty."""

    id: str
    reference: str
    received_at: datetime
    reported_at: datetime | None
    recorded_offence: str | None
    status: ReviewStatus
    version: int
    suggestion: Suggestion
    probability: float
    band: Band
    relationship: Relationship
    claimed_by: str
    claimed_until: datetime | None
    assessment: Assessment


@dataclass(frozen=True)
class QueuePage:
    """A page, and how many reports each band holds under the same filters (the filter by band apart)."""

    items: list[QueueItem]
    total: int
    page: int
    pages: int
    bands: dict[Band, int]


def queue(session: Session, filters: Filters, page: int, size: int, account_id: str, now: datetime) -> QueuePage:
    """One page of ``size`` reports, numbered from 1; a page beyond the last gives the last."""
    everything = replace(filters, band=None)
    bands = dict.fromkeys(Band, 0)
    every = _narrowed(select(band_column().label("band")), everything, account_id, now).subquery()
    for band, count in session.execute(select(every.c.band, func.count()).group_by(every.c.band)):
        bands[Band(band)] = count
    total = bands[filters.band] if filters.band else sum(bands.values())
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    rows = session.execute(
        _narrowed(select(ReportRow, AssessmentRow, ClaimRow, AccountRow.name), filters, account_id, now)
        .order_by(*order(filters.sort))
        .limit(size)
        .offset((page - 1) * size)
    )
    return QueuePage([_item(*row) for row in rows], total, page, pages, bands)


def candidates(filters: Filters, account_id: str, now: datetime) -> Select[ReportRow]:
    """What ``account_id`` could work on next, in order: open, not their own second review, and nobody at work on it.

    Reports recorded as stalking are no suggestions of misrecording: they come only when the filter asks for them.
    """
    query = _narrowed(select(ReportRow), replace(filters, assigned=Assigned.NONE), account_id, now)
    if filters.recorded is None and not filters.apart:
        query = query.where(ReportRow.recorded_offence.is_distinct_from(_STALKING))
    if filters.status is None:
        query = query.where(ReportRow.status.in_((ReviewStatus.WAITING, ReviewStatus.SECOND_REVIEW)))
    taken_back = aliased(DecisionRow)
    own = select(DecisionRow.report_id).where(
        DecisionRow.account_id == account_id,
        DecisionRow.outcome == Outcome.NOT_SURE,
        DecisionRow.revision_id == RevisionRow.id,
        DecisionRow.sample_item_id.is_(None),
        ~exists().where(taken_back.supersedes == DecisionRow.id, taken_back.outcome == WITHDRAWN),
    )
    return query.where(or_(ReportRow.status != ReviewStatus.SECOND_REVIEW, ReportRow.id.not_in(own))).order_by(
        *order(filters.sort)
    )


def order(sort: Sort) -> list[SQLColumnExpression[Any]]:
    when = func.coalesce(ReportRow.reported_at, ReportRow.received_at)
    if sort is Sort.NEWEST:
        return [when.desc(), ReportRow.reference]
    if sort is Sort.OLDEST:
        return [when, ReportRow.reference]
    last = case((ReportRow.recorded_offence == _STALKING, 1), else_=0)
    return [last, AssessmentRow.probability.desc(), ReportRow.reference]


def _narrowed(base: Select[*tuple[Any, ...]], filters: Filters, account_id: str, now: datetime) -> Select[Any]:
    query = (
        base.select_from(ReportRow)
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .join(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
        .outerjoin(ClaimRow, and_(ClaimRow.report_id == ReportRow.id, ClaimRow.expires_at > now))
        .outerjoin(AccountRow, AccountRow.id == ClaimRow.account_id)
        .where(RevisionRow.erased_at.is_(None))
        .where(describes_none() if filters.apart else or_(ReportRow.recorded_offence.is_(None), ~describes_none()))
    )
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (filters.suggestion, AssessmentRow.suggestion == filters.suggestion),
        (filters.recorded, ReportRow.recorded_offence == filters.recorded),
        (filters.relationship, AssessmentRow.relationship == filters.relationship),
        (filters.band, band_column() == filters.band),
        (filters.status, ReportRow.status == filters.status),
        (filters.reference, ReportRow.reference.startswith(filters.reference, autoescape=True)),
    ]
    for value, condition in wanted:
        if value:
            query = query.where(condition)
    when = func.coalesce(ReportRow.reported_at, ReportRow.received_at)
    if filters.reported_from:
        query = query.where(when >= _midnight(filters.reported_from))
    if filters.reported_to:
        query = query.where(when < _midnight(filters.reported_to + timedelta(days=1)))
    if filters.assigned is Assigned.ME:
        query = query.where(ClaimRow.account_id == account_id)
    elif filters.assigned is Assigned.ANYONE:
        query = query.where(ClaimRow.account_id.is_not(None))
    elif filters.assigned is Assigned.NONE:
        query = query.where(ClaimRow.account_id.is_(None))
    return query


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo("Europe/London"))


def _item(report: ReportRow, assessment: AssessmentRow, claim: ClaimRow | None, name: str | None) -> QueueItem:
    return QueueItem(
        id=report.id,
        reference=report.reference,
        received_at=report.received_at,
        reported_at=report.reported_at,
        recorded_offence=report.recorded_offence,
        status=ReviewStatus(report.status),
        version=report.version,
        suggestion=Suggestion(assessment.suggestion),
        probability=assessment.probability,
        band=band_of(assessment.probability),
        relationship=Relationship(assessment.relationship),
        claimed_by=name or "",
        claimed_until=claim.expires_at if claim else None,
        assessment=Assessment.model_validate(assessment.body),
    )
