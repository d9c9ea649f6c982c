"""POST /v1/assess and /v1/assess/batch: what the model says of reports that are not kept."""

from __future__ import annotations

import hashlib

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel

from models.contracts import Assessment
from service import audit
from service.access import identity_of, store_of
from service.api.batches import BatchError, Entry, Outcome, answer_batch, described
from service.api.common import assessing_of, problems, takes
from service.api.reading import JSON_TYPE, Batch, read_report
from service.assessing import AssessFailed
from service.intake import BadLine
from service.problems import Problem

router = APIRouter(prefix="/v1", tags=["assess"])


class BatchAnswer(BaseModel):
    """Every item of the list is in one of the two, in the order sent."""

    assessments: list[Assessment]
    errors: list[BatchError]


@router.post(
    "/assess",
    summary="Assess one report",
    responses={200: {"model": Assessment}, **problems(401, 403, 413, 415, 422, 429, 500, 503)},
    openapi_extra=takes("Report"),
)
async def assess(request: Request) -> Response:
    """What the text describes, how sure the model is, and why. Nothing is kept but an entry in the audit trail."""
    report = await read_report(request)
    try:
        assessment = await assessing_of(request).one(report)
    except AssessFailed:
        raise Problem(500, "the model could not read this report; it is on the log by its request id.") from None
    await _audit(request, "report.assessed", [report.reference], bad=0)
    return Response(assessment.model_dump_json(), media_type=JSON_TYPE)


@router.post(
    "/assess/batch", summary="Assess many reports", response_model=None, **described("BatchAnswer", "an assessment")
)
async def assess_batch(request: Request) -> Response:
    """Good reports are assessed, bad ones named by line with the reason; one bad line loses nothing else."""

    async def begin(batch: Batch) -> None:
        references = [entry[1].reference for entry in batch.entries if not isinstance(entry, BadLine)]
        await _audit(request, "batch.assessed", references, bad=batch.bad)

    async def take(part: list[Entry]) -> list[Outcome]:
        reports = [entry[1] for entry in part if not isinstance(entry, BadLine)]
        results = iter(await assessing_of(request).many(reports))
        return [entry if isinstance(entry, BadLine) else _outcome(entry[0], next(results)) for entry in part]

    return await answer_batch(request, "assessments", begin, take)


def _outcome(number: int, result: Assessment | AssessFailed) -> Outcome:
    if isinstance(result, AssessFailed):
        return BadLine(number, "the model could not read this report; it is on the log.")
    return result


async def _audit(request: Request, action: str, references: list[str], bad: int) -> None:
    """On the record before the answer leaves. A digest of the references: they may not be ours to keep."""
    subject = hashlib.sha256("\n".join(references).encode()).hexdigest()
    await run_in_threadpool(
        audit.record, store_of(request), identity_of(request).actor, action, subject, reports=len(references), bad=bad
    )
