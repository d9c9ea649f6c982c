"""POST /v1/reports and /v1/reports/batch: reports come in. GET /v1/decisions: what people decided goes back."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from models.contracts import Assessment, Report
from service import audit
from service.access import identity_of, store_of
from service.api.batches import BatchError, Entry, Outcome, answer_batch, described
from service.api.common import KEYED, assessing_of, problems, takes
from service.api.reading import JSON_TYPE, Batch, read_report
from service.assessing import AssessFailed
from service.ingest import Kept, Once, Taken, keep, to_read
from service.intake import BadLine
from service.store.tables import AuditRow, DecisionRow, ReportRow, RevisionRow

router = APIRouter(prefix="/v1", tags=["reports"])
_Read = Callable[[Sequence[Report]], Awaitable[list[Assessment | AssessFailed]]]
EVENTS = ("report.decided", "decision.withdrawn")


class KeptBatch(BaseModel):
    """Every item of the list is in one of the two, in the order sent."""

    reports: list[Kept]
    errors: list[BatchError]


class DecisionEvent(BaseModel):
    """One decision, or one taken back (outcome ``withdrawn``). Never the report's text, nor the reviewer's note."""

    cursor: int = Field(description="Give the last one back as after: nothing is missed, nothing comes twice.")
    id: str
    reference: str
    revision: int
    outcome: str
    offence: str | None
    reason: str
    question: str = Field(description="With ask_officer: what the officer is asked.")
    decided_at: datetime
    supersedes: str | None = Field(description="The decision that this one takes the place of, or takes back.")


class DecisionFeed(BaseModel):
    decisions: list[DecisionEvent]
    cursor: int = Field(description="For the next call, also when nothing was new.")


@router.post(
    "/reports",
    summary="Keep one report",
    responses={
        200: {"model": Kept, "description": "Known: unchanged, or kept as a new revision."},
        201: {"model": Kept, "description": "New."},
        **problems(401, 403, 413, 415, 422, 429, 500, 503),
    },
    openapi_extra=takes("Report"),
)
async def reports(request: Request) -> Response:
    """Keep a report and put it in the queue. The same reference and text again change nothing; another text is a new revision.

    The answer comes after the commit. A report that the model cannot read is kept all the same.
    """
    report = await read_report(request)
    assessing = assessing_of(request)

    async def one(reports: Sequence[Report]) -> list[Assessment | AssessFailed]:
        try:
            return [await assessing.one(reports[0])]
        except AssessFailed as failed:
            return [failed]

    kept = (await _take(request, [report], one))[0]
    status = 201 if kept.outcome is Taken.CREATED else 200
    return Response(kept.model_dump_json(), status, media_type=JSON_TYPE)


@router.post("/reports/batch", summary="Keep many reports", response_model=None, **described("KeptBatch", "a receipt"))
async def reports_batch(request: Request) -> Response:
    """Good reports are kept, bad ones named by line with the reason. A receipt's report is on disk; send the rest again after a break."""
    once = Once()

    async def begin(batch: Batch) -> None:
        for place, entry in enumerate(batch.entries):
            if not isinstance(entry, BadLine):
                batch.entries[place] = once.refuse(*entry) or entry
        await run_in_threadpool(
            audit.record, store_of(request), identity_of(request).actor, "batch.received",
            reports=len(batch.entries) - batch.bad, bad=batch.bad,
        )  # fmt: skip

    async def take(part: list[Entry]) -> list[Outcome]:
        good = [entry[1] for entry in part if not isinstance(entry, BadLine)]
        kept = iter(await _take(request, good, assessing_of(request).many))
        return [entry if isinstance(entry, BadLine) else next(kept) for entry in part]

    return await answer_batch(request, "reports", begin, take)


async def _take(request: Request, reports: Sequence[Report], read: _Read) -> list[Kept]:
    store, model = store_of(request), assessing_of(request).reader.info
    needed = await run_in_threadpool(to_read, store, reports, model.digest)
    wanted = [report for report, unread in zip(reports, needed, strict=True) if unread]
    results = iter(await read(wanted) if wanted else [])
    pairs = []
    for report, unread in zip(reports, needed, strict=True):
        result = next(results) if unread else None
        pairs.append((report, result if isinstance(result, Assessment) else None))
    return await run_in_threadpool(keep, store, pairs, identity_of(request).actor)


@router.get(
    "/decisions",
    summary="What was decided since",
    responses=problems(401, 403, 422, 429, 500, 503),
    openapi_extra=KEYED,
)
def decisions(
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="The cursor of the last answer; 0 starts.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> DecisionFeed:
    """Decisions in the order in which they were made, for the recording system to act on."""
    query = select(AuditRow).where(AuditRow.action.in_(EVENTS), AuditRow.seq > after).order_by(AuditRow.seq)
    with store_of(request).read() as session:
        # Looked up first: where nothing was decided since, the next call need not walk the same entries again.
        last = session.scalar(select(func.max(AuditRow.seq))) or 0
        entries = list(session.scalars(query.where(AuditRow.seq <= last).limit(limit)))
        ids = {entry.seq: json.loads(entry.detail)["decision"] for entry in entries}
        rows = {
            row.id: (row, reference, number)
            for row, reference, number in session.execute(
                select(DecisionRow, ReportRow.reference, RevisionRow.number)
                .join(ReportRow, ReportRow.id == DecisionRow.report_id)
                .join(RevisionRow, RevisionRow.id == DecisionRow.revision_id)
                .where(DecisionRow.id.in_(ids.values()))
            )
        }
    events = [_event(seq, *rows[decision]) for seq, decision in ids.items() if decision in rows]
    if events:  # a system asks every minute: only what left is worth an entry
        audit.record(store_of(request), identity_of(request).actor, "decisions.read", decisions=len(events))
    return DecisionFeed(decisions=events, cursor=max(ids) if len(ids) == limit else max(last, after))


def _event(cursor: int, row: DecisionRow, reference: str, revision: int) -> DecisionEvent:
    return DecisionEvent(
        cursor=cursor,
        id=row.id,
        reference=reference,
        revision=revision,
        outcome=row.outcome,
        offence=row.offence,
        reason=row.reason,
        question=row.question,
        decided_at=row.decided_at,
        supersedes=row.supersedes,
    )
