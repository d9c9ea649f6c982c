"""POST /v1/assess and /v1/assess/batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from models.contracts import Assessment
from service import audit
from service.access import identity_of, settings_of, store_of
from service.api.reading import JSON_TYPE, Batch, content_type, read_batch, read_report
from service.assessing import AssessFailed, Assessing
from service.intake import BadLine
from service.problems import MEDIA_TYPE, Problem

router = APIRouter(prefix="/v1", tags=["assess"])


class BatchError(BaseModel):
    """An item that could not be assessed. Nothing of its text is repeated."""

    item: int = Field(description="Its place in the list, from 1.")
    message: str


class BatchAnswer(BaseModel):
    """Every item of the list is in one of the two, in the order sent."""

    assessments: list[Assessment]
    errors: list[BatchError]


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": PLAIN[status], "content": {MEDIA_TYPE: schema}} for status in statuses}


PLAIN: dict[int, str] = {
    401: "No valid API key.",
    403: "The key's role may not do this.",
    413: "Text, body or batch over its limit.",
    415: "Not a content type that is read here.",
    422: "Not a report: the detail names the field and the mend.",
    500: "A fault of the service.",
    503: "Busy or not ready: send it again after Retry-After seconds.",
}
_REPORT = {"$ref": "#/components/schemas/Report"}
_KEY: list[dict[str, list[str]]] = [{"key": []}]


@router.post(
    "/assess",
    summary="Assess one report",
    responses={200: {"model": Assessment}, **_problems(401, 403, 413, 415, 422, 500, 503)},
    openapi_extra={"requestBody": {"required": True, "content": {JSON_TYPE: {"schema": _REPORT}}}, "security": _KEY},
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
    "/assess/batch",
    summary="Assess many reports",
    responses={
        200: {
            "description": "For a list, one object; for JSON Lines, one line for each line sent: an assessment, or an object with error.line and error.message.",
            "content": {
                JSON_TYPE: {"schema": {"$ref": "#/components/schemas/BatchAnswer"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        },
        **_problems(401, 403, 413, 415, 422, 500, 503),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                JSON_TYPE: {"schema": {"type": "array", "items": _REPORT, "minItems": 1}},
                "application/x-ndjson": {"schema": {"type": "string", "description": "One report a line."}},
            },
        },
        "security": _KEY,
    },
)
async def assess_batch(request: Request) -> Response:
    """Good reports are assessed, bad ones named by line with the reason; one bad line loses nothing else."""
    settings = settings_of(request)
    batch = await read_batch(request, settings.max_batch_reports)
    assessing = assessing_of(request)
    # The place is taken before the answer starts: after that there is no way to say 503.
    place = assessing.batch()
    await place.__aenter__()
    try:
        references = [entry[1].reference for entry in batch.entries if not isinstance(entry, BadLine)]
        await _audit(request, "batch.assessed", references, bad=batch.bad)
        if content_type(request) != JSON_TYPE:
            return StreamingResponse(
                _released(place, _as_lines(assessing, batch, settings.micro_batch)), media_type="application/x-ndjson"
            )
        parts: dict[bool, list[str]] = {True: [], False: []}
        async for outcome in _outcomes(assessing, batch, settings.micro_batch):
            good = isinstance(outcome, Assessment)
            parts[good].append(
                outcome.model_dump_json()
                if isinstance(outcome, Assessment)
                else json.dumps({"item": outcome.number, "message": outcome.message})
            )
    except BaseException:
        await place.__aexit__(None, None, None)
        raise
    await place.__aexit__(None, None, None)
    return Response(
        f'{{"assessments":[{",".join(parts[True])}],"errors":[{",".join(parts[False])}]}}', media_type=JSON_TYPE
    )


def assessing_of(request: Request) -> Assessing:
    found: Assessing | None = request.app.state.assessing
    if found is None:
        raise Problem(503, f"the model is not loaded: {request.app.state.not_loaded}", {"Retry-After": "10"})
    return found


async def _released(place: Any, lines: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    try:
        async for line in lines:
            yield line
    finally:
        await place.__aexit__(None, None, None)


async def _as_lines(assessing: Assessing, batch: Batch, size: int) -> AsyncIterator[bytes]:
    async for outcome in _outcomes(assessing, batch, size):
        if isinstance(outcome, Assessment):
            yield outcome.model_dump_json().encode() + b"\n"
        else:
            yield json.dumps({"error": {"line": outcome.number, "message": outcome.message}}).encode() + b"\n"


async def _outcomes(assessing: Assessing, batch: Batch, size: int) -> AsyncIterator[Assessment | BadLine]:
    """Every entry's outcome, in the order sent, a model pass at a time."""
    for start in range(0, len(batch.entries), size):
        part = batch.entries[start : start + size]
        results = iter(await assessing.many([entry[1] for entry in part if not isinstance(entry, BadLine)]))
        for entry in part:
            if isinstance(entry, BadLine):
                yield entry
                continue
            result = next(results)
            yield (
                BadLine(entry[0], "the model could not read this report; it is on the log.")
                if isinstance(result, AssessFailed)
                else result
            )


async def _audit(request: Request, action: str, references: list[str], bad: int) -> None:
    """On the record before the answer leaves. A digest of the references: they may not be ours to keep."""
    subject = hashlib.sha256("\n".join(references).encode()).hexdigest()
    await run_in_threadpool(
        audit.record, store_of(request), identity_of(request).actor, action, subject, reports=len(references), bad=bad
    )
