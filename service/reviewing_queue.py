"""The queue: which reports wait for whom, in what order. Never the text: only what the list needs.

Counting, filtering and sorting read one index of the reports (store/tables.py); assessments are read for the page's own lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from models.contracts import CLOCK, Assessment
from nlp.taxonomy import RecordedOffence, Relationship, Suggestion
from service.decisions import WITHDRAWN, ReviewStatus
from service.matching import begins
from service.store.reports import describes_none
from service.store.tables import AccountRow, AssessmentRow, ClaimRow, DecisionRow, ReportRow, RevisionRow

_STALKING = RecordedOffence.STALKING.value
# What still waits for a person to decide on it.
OPEN = (ReviewStatus.WAITING, ReviewStatus.SECOND_REVIEW)


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


class Assigned(StrEnum):
    """By who is at work on it: the reader, nobody, or anybody."""

    ME = "me"
    NONE = "none"
    ANYONE = "anyone"


class Sort(StrEnum):
    """``priority``: not recorded as stalking first; of those, what the model could not read, then the more probable.

    The others by the day it was reported.
    """

    PRIORITY = "priority"
    NEWEST = "newest"
    OLDEST = "oldest"


@dataclass(frozen=True)
class Filters:
    """What to list. None filters nothing. ``apart`` asks for those recorded as stalking whose text describes none,
    ``still_open`` for what waits for a first or second review.

    ``reported_from`` and ``reported_to`` are days in the United Kingdom, both within; a report that does not say when it was
    made counts by when it was received. ``reference`` is the beginning of one, in capitals or small letters. ``unread`` asks for those that the model could not
    read: they have no band, so ``band`` is passed over.
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
    unread: bool = False
    still_open: bool = False


@dataclass(frozen=True)
class QueueItem:
    """One line of the queue. ``claimed_by`` is the name of who is at work on it now, or empty.

    What the model says is None throughout where it could not read the report: a person has to, without help.
    """

    id: str
    reference: str
    received_at: datetime
    reported_at: datetime | None
    recorded_offence: str | None
    status: ReviewStatus
    version: int
    suggestion: Suggestion | None
    probability: float | None
    band: Band | None
    relationship: Relationship | None
    claimed_by: str
    claimed_until: datetime | None
    assessment: Assessment | None


@dataclass(frozen=True)
class QueuePage:
    """A page, and how many reports each band holds under the same filters (those by band and ``unread`` apart), and none holds."""

    items: list[QueueItem]
    total: int
    page: int
    pages: int
    bands: dict[Band, int]
    unread: int


def queue(session: Session, filters: Filters, page: int, size: int, account_id: str, now: datetime) -> QueuePage:
    """One page of ``size`` reports, numbered from 1; a page beyond the last gives the last."""
    bands, unread = _count(session, filters, account_id, now)
    everything = bands[filters.band] if filters.band else sum(bands.values()) + unread
    total = unread if filters.unread else everything
    pages = max(1, -(-total // size))
    page = min(max(1, page), pages)
    before = (page - 1) * size
    after = max(0, total - before - size)
    # A database sorts all that it skips: a page of the second half is counted from the end.
    backwards = after < before
    chosen = _narrowed(select(ReportRow.id), filters, account_id, now).order_by(*order(filters.sort, backwards))
    ids = session.scalars(chosen.limit(min(size, total - before)).offset(after if backwards else before)).all()
    if backwards:
        ids = ids[::-1]
    return QueuePage(_items(session, ids, now), total, page, pages, bands, unread)


def held(filters: Filters, account_id: str, now: datetime) -> Select[str]:
    """The ids of the open reports of a list that ``account_id`` has taken and not decided on yet, in the order of the list."""
    filters = replace(filters, assigned=Assigned.ME, still_open=True)
    return _narrowed(select(ReportRow.id), filters, account_id, now).order_by(*order(filters.sort))


def candidates(filters: Filters, account_id: str, now: datetime) -> Select[str]:
    """The ids of what ``account_id`` could work on next, in order: open, no second review of what they decided themselves, nobody at work on it.

    Reports recorded as stalking are no suggestions of misrecording: they come only when the filter asks for them.
    """
    filters = replace(filters, assigned=Assigned.NONE, still_open=filters.still_open or filters.status is None)
    query = _narrowed(select(ReportRow.id), filters, account_id, now)
    if filters.recorded is None and not filters.apart:
        query = query.where(ReportRow.recorded_offence.is_distinct_from(_STALKING))
    return query.where(ReportRow.id.not_in(_own_second_reviews(account_id))).order_by(*order(filters.sort))


def _own_second_reviews(account_id: str) -> Select[str]:
    """The ids of the reports that wait for a second review of what ``account_id`` decided on the latest wording. Few, and found from the person's decisions."""
    taken_back, report = aliased(DecisionRow), aliased(ReportRow)
    return (
        select(DecisionRow.report_id)
        .join(report, report.id == DecisionRow.report_id)
        .join(RevisionRow, and_(RevisionRow.id == DecisionRow.revision_id, RevisionRow.number == report.latest))
        .where(
            DecisionRow.account_id == account_id,
            DecisionRow.outcome != WITHDRAWN,
            DecisionRow.sample_item_id.is_(None),
            report.status == ReviewStatus.SECOND_REVIEW,
            ~exists().where(
                taken_back.report_id == DecisionRow.report_id,  # by an index
                taken_back.supersedes == DecisionRow.id,
                taken_back.outcome == WITHDRAWN,
            ),
        )
    )


def order(sort: Sort, backwards: bool = False) -> list[SQLColumnExpression[Any]]:
    """What to order a list by; ``backwards``: the last of it first."""
    when = func.coalesce(ReportRow.reported_at, ReportRow.received_at)
    recorded = case((ReportRow.recorded_offence == _STALKING, 1), else_=0)
    # Probabilities end at 1: the databases differ on which end NULL belongs to.
    probable = func.coalesce(ReportRow.probability, 2.0)
    keys: dict[Sort, list[tuple[SQLColumnExpression[Any], bool]]] = {  # the key, and whether its highest comes first
        Sort.PRIORITY: [(recorded, False), (probable, True)],
        Sort.NEWEST: [(when, True)],
        Sort.OLDEST: [(when, False)],
    }
    return [
        key.desc() if highest != backwards else key.asc()
        for key, highest in [*keys[sort], (ReportRow.reference, False)]
    ]


def _count(session: Session, filters: Filters, account_id: str, now: datetime) -> tuple[dict[Band, int], int]:
    """How many reports each band holds, and none, in one pass and without sorting."""
    counts = [func.count().filter(_within(band)) for band in Band]
    query = select(*counts, func.count().filter(ReportRow.probability.is_(None)))
    *bands, unread = session.execute(_narrowed(query, replace(filters, band=None, unread=False), account_id, now)).one()
    return dict(zip(Band, bands, strict=True)), unread


def _within(band: Band) -> ColumnElement[bool]:
    lowest, higher = BAND_FROM[band], [value for value in BAND_FROM.values() if value > BAND_FROM[band]]
    above = ReportRow.probability >= lowest
    return and_(above, ReportRow.probability < min(higher)) if higher else above


def _narrowed(base: Select[*tuple[Any, ...]], filters: Filters, account_id: str, now: datetime) -> Select[Any]:
    query = base.select_from(ReportRow).where(ReportRow.erased.is_(False))
    if filters.apart:
        query = query.where(describes_none())
    else:  # not describes_none(), also where something is not known
        described = ReportRow.suggestion.is_distinct_from(Suggestion.NO_CHANGE)
        query = query.where(or_(ReportRow.recorded_offence.is_distinct_from(_STALKING), described))
    wanted: list[tuple[object, ColumnElement[bool]]] = [
        (filters.suggestion, ReportRow.suggestion == filters.suggestion),
        (filters.recorded, ReportRow.recorded_offence == filters.recorded),
        (filters.relationship, ReportRow.relationship == filters.relationship),
        (filters.status, ReportRow.status == filters.status),
        (filters.reference, begins(ReportRow.reference, filters.reference)),
    ]
    for value, condition in wanted:
        if value:
            query = query.where(condition)
    if filters.still_open:
        query = query.where(ReportRow.status.in_(OPEN))
    if filters.unread:
        query = query.where(ReportRow.probability.is_(None))
    elif filters.band:
        query = query.where(_within(filters.band))
    when = func.coalesce(ReportRow.reported_at, ReportRow.received_at)
    if filters.reported_from:
        query = query.where(when >= _midnight(filters.reported_from))
    if filters.reported_to:
        query = query.where(when < _midnight(filters.reported_to + timedelta(days=1)))
    held = select(ClaimRow.report_id).where(ClaimRow.expires_at > now)
    if filters.assigned is Assigned.ME:
        query = query.where(ReportRow.id.in_(held.where(ClaimRow.account_id == account_id)))
    elif filters.assigned is Assigned.ANYONE:
        query = query.where(ReportRow.id.in_(held))
    elif filters.assigned is Assigned.NONE:
        query = query.where(ReportRow.id.not_in(held))
    return query


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, CLOCK)


def _items(session: Session, ids: Sequence[str], now: datetime) -> list[QueueItem]:
    """The lines of a page, in the order of ``ids``."""
    rows = session.execute(
        select(ReportRow, AssessmentRow.body, ClaimRow.expires_at, AccountRow.name)
        .join(RevisionRow, and_(RevisionRow.report_id == ReportRow.id, RevisionRow.number == ReportRow.latest))
        .outerjoin(AssessmentRow, and_(AssessmentRow.revision_id == RevisionRow.id, AssessmentRow.current))
        .outerjoin(ClaimRow, and_(ClaimRow.report_id == ReportRow.id, ClaimRow.expires_at > now))
        .outerjoin(AccountRow, AccountRow.id == ClaimRow.account_id)
        .where(ReportRow.id.in_(ids))
    )
    found = {row[0].id: _item(*row) for row in rows}
    return [found[report_id] for report_id in ids if report_id in found]


def _item(report: ReportRow, body: dict[str, Any] | None, until: datetime | None, name: str | None) -> QueueItem:
    probability = report.probability
    return QueueItem(
        id=report.id,
        reference=report.reference,
        received_at=report.received_at,
        reported_at=report.reported_at,
        recorded_offence=report.recorded_offence,
        status=ReviewStatus(report.status),
        version=report.version,
        suggestion=Suggestion(report.suggestion) if report.suggestion else None,
        probability=probability,
        band=None if probability is None else band_of(probability),
        relationship=Relationship(report.relationship) if report.relationship else None,
        claimed_by=name or "",
        claimed_until=until,
        assessment=Assessment.model_validate(body) if body and probability is not None else None,
    )
