"""Working the queue over HTTP: list, next, read, claim, release, decide, take back, history. Each caller is a person (their own key)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BeforeValidator
from sqlalchemy.orm import Session

from nlp.taxonomy import RecordedOffence, Relationship, Suggestion
from service import audit, reviewing
from service.access import identity_of, settings_of, store_of
from service.api.common import KEYED, problems, takes
from service.api.reading import body_of
from service.api.review_contracts import (
    Claim,
    DecisionOut,
    FullReportOut,
    HistoryOut,
    QueueOut,
    Withdrawal,
    claim_out,
    decision_out,
    history_out,
    queue_out,
    report_out,
)
from service.decisions import REASONS, Conflict, DecisionIn, NoReport, NotTheirs, Outcome, Refused, ReviewStatus
from service.problems import Problem
from service.reviewing_queue import Assigned, Band, Filters, Sort, queue
from service.store.reports import full_report
from service.store.tables import now

router = APIRouter(prefix="/v1", tags=["review"])
_READS = problems(401, 403, 404, 422, 429, 500)
_WRITES = problems(401, 403, 404, 409, 422, 429, 500)


def _written_out(value: object) -> object:
    """A number would be read as seconds since 1970."""
    if isinstance(value, str) and len(value) != len("2026-01-31"):
        raise ValueError("write the date as 2026-01-31")
    return value


Day = Annotated[date, BeforeValidator(_written_out)]


def filters_of(
    suggestion: Suggestion | None = None,
    recorded_offence: RecordedOffence | None = None,
    reported_from: Day | None = None,
    reported_to: Day | None = None,
    relationship: Relationship | None = None,
    band: Band | None = None,
    assigned: Assigned | None = None,
    status: Annotated[
        ReviewStatus | Literal["any"] | None, Query(description="Left out: waiting and second_review, what is open.")
    ] = None,
    reference: Annotated[
        str, Query(max_length=200, pattern=r"^[^\x00]*$", description="The beginning of a reference, capitals or not.")
    ] = "",
    sort: Sort = Sort.PRIORITY,
    apart: Annotated[bool, Query(description="Those recorded as stalking whose text describes none.")] = False,
    unread: Annotated[bool, Query(description="Those that the model could not read; band is passed over.")] = False,
) -> Filters:
    """The filters of an address. What is not given filters nothing, but that without a status only what is open is listed."""
    try:
        reference.encode()
        unreadable = "\0" in reference
    except UnicodeEncodeError:
        unreadable = True
    if unreadable or (reported_to is not None and reported_to == date.max):
        raise Problem(422, "these fields cannot be read: reference, reported_to; correct them and send again.")
    return Filters(
        suggestion, recorded_offence, reported_from, reported_to, relationship, band, assigned,
        None if status == "any" else status, reference, sort, apart, unread, still_open=status is None,
    )  # fmt: skip


ByFilters = Annotated[Filters, Depends(filters_of)]


@router.get(
    "/queue", summary="What waits, in its order", responses=problems(401, 403, 422, 429, 500), openapi_extra=KEYED
)
def list_queue(
    request: Request,
    filters: ByFilters,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    size: Annotated[int, Query(ge=1, le=200)] = 25,
) -> QueueOut:
    """Reports without their text, and how many each band of probability holds."""
    with store_of(request).read() as session:
        return queue_out(queue(session, filters, page, size, identity_of(request).account_id, now()))


@router.post(
    "/queue/next",
    summary="Claim the next report",
    response_model=FullReportOut,
    responses={204: {"description": "Nothing waits."}, **problems(401, 403, 422, 429, 500)},
    openapi_extra=KEYED,
)
def next_in_queue(request: Request, filters: ByFilters) -> FullReportOut | Response:
    """The first report that waits and that nobody is at work on, claimed for the caller. Never one's own second review."""
    with _changing(request) as session:
        claim = reviewing.next_report(session, identity_of(request), filters, now(), _lasts(request))
        return _shown(request, session, claim.report_id) if claim else Response(status_code=204)


@router.get("/reports/{report_id}", summary="One report with its assessment", responses=_READS, openapi_extra=KEYED)
def report(request: Request, report_id: str) -> FullReportOut:
    """The text, what the model said of it, and how things stand. The look goes on the record before the text leaves."""
    with _changing(request) as session:
        return _shown(request, session, _id(report_id))


@router.post("/reports/{report_id}/claim", summary="Claim a report", responses=_WRITES, openapi_extra=KEYED)
def claim(request: Request, report_id: str) -> Claim:
    """Keeps others from deciding until it expires. Claiming again renews one's own claim."""
    with _changing(request) as session:
        found = claim_out(
            reviewing.claim(session, _id(report_id), identity_of(request), now(), _lasts(request)),
            identity_of(request).name,
        )
    return found


@router.delete(
    "/reports/{report_id}/claim",
    summary="Give one's claim back",
    status_code=204,
    responses=problems(401, 403, 404, 429, 500),
    openapi_extra=KEYED,
)
def release(request: Request, report_id: str) -> None:
    """Does nothing where the caller holds no claim."""
    with _changing(request) as session:
        reviewing.release(session, _id(report_id), identity_of(request))


@router.post(
    "/reports/{report_id}/decisions",
    summary="Decide",
    status_code=201,
    responses={
        200: {"model": DecisionOut, "description": "Made before, under the same key."},
        **_WRITES,
        **problems(415),
    },
    openapi_extra=takes("DecisionIn"),
)
def decide(
    request: Request, response: Response, report_id: str, decision: Annotated[DecisionIn, Depends(body_of(DecisionIn))]
) -> DecisionOut:
    """The answer comes after the commit: a decision that was acknowledged is on disk, with its entry in the audit trail."""
    if decision.sample_item_id is not None:
        raise Problem(422, "sample_item_id: readings within samples are made in the console.")
    moment = now()
    with _changing(request) as session:
        row = reviewing.decide(session, _id(report_id), identity_of(request), decision, moment)
        found = decision_out(row, identity_of(request).name, row.revision.number)
    if found.decided_at != moment:
        response.status_code = 200
    return found


@router.post(
    "/reports/{report_id}/withdrawals",
    summary="Take one's own decision back",
    status_code=201,
    responses={**_WRITES, **problems(415)},
    openapi_extra=takes("Withdrawal"),
)
def withdraw(
    request: Request, report_id: str, wish: Annotated[Withdrawal, Depends(body_of(Withdrawal))]
) -> DecisionOut:
    """The decision before it stands again; history keeps both."""
    with _changing(request) as session:
        row = reviewing.withdraw(
            session, _id(report_id), identity_of(request), wish.expected_version, wish.idempotency_key, now()
        )
        found = decision_out(row, identity_of(request).name, row.revision.number)
    return found


@router.get(
    "/reports/{report_id}/history", summary="Decisions, wordings and looks", responses=_READS, openapi_extra=KEYED
)
def history(request: Request, report_id: str) -> HistoryOut:
    """Notes may quote the report, so this is a look at it and goes on the record."""
    with _changing(request) as session:
        found = history_out(reviewing.history(session, _id(report_id)))
        audit.append(session, identity_of(request).actor, "report.history_viewed", report_id)
    return found


@router.get("/reasons", summary="Reason codes by outcome", responses=problems(401, 403, 429, 500), openapi_extra=KEYED)
def reasons() -> dict[Outcome, dict[str, str]]:
    """Each code with its plain English."""
    return REASONS


@contextmanager
def _changing(request: Request) -> Iterator[Session]:
    """A write transaction, committed when the block ends; what reviewing refuses becomes a problem document."""
    try:
        with store_of(request).write() as session:
            yield session
    except NoReport:
        raise Problem(404, "there is no such report; take its id from the queue.") from None
    except NotTheirs as fault:
        raise Problem(403, str(fault)) from None
    except Refused as fault:
        raise Problem(422, str(fault)) from None
    except Conflict as fault:
        more = {
            "why": fault.why.value,
            "who": fault.who or None,
            "when": fault.when.isoformat() if fault.when else None,
            "version": fault.version or None,
        }
        raise Problem(409, fault.detail, more=more) from None


def _id(report_id: str) -> str:
    """An id that can be one; anything else names no report, whatever characters it holds."""
    if not (report_id.isascii() and report_id.isalnum() and len(report_id) == 32):
        raise NoReport(report_id)
    return report_id


def _lasts(request: Request) -> timedelta:
    return settings_of(request).claim_lasts


def _shown(request: Request, session: Session, report_id: str) -> FullReportOut:
    found = full_report(session, report_id)
    if found is None:
        raise NoReport(report_id)
    audit.append(session, identity_of(request).actor, "report.viewed", report_id, revision=found.revision.number)
    standing = reviewing.history(session, report_id, looks=0).in_force
    return report_out(found, reviewing.live_claim(session, report_id, now()), standing)
