"""POST /v1/assess and /v1/assess/batch."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

from anyio import CancelScope
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from models.contracts import Assessment
from service import audit
from service.access import identity_of, settings_of, store_of
from service.api.reading import JSON_TYPE, Batch, batch_body, content_type, parse_batch, read_report
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


Outcome = Assessment | BadLine


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": PLAIN[status], "content": {MEDIA_TYPE: schema}} for status in statuses}


PLAIN: dict[int, str] = {
    401: "No valid API key.",
    403: "The key's role may not do this.",
    413: "Text, body or batch over its limit.",
    415: "Not a content type that is read here.",
    422: "Not a report: the detail names the field and the mend.",
    429: "Too many requests: send it again after Retry-After seconds.",
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
    settings, kind = settings_of(request), content_type(request)
    body = await batch_body(request)
    assessing = assessing_of(request)
    # The place is taken before the work and before the answer starts: after that there is no way to say 503.
    place = assessing.batch()
    await place.__aenter__()
    try:
        batch = await run_in_threadpool(parse_batch, kind, body, settings.max_batch_reports)
        del body
        references = [entry[1].reference for entry in batch.entries if not isinstance(entry, BadLine)]
        await _audit(request, "batch.assessed", references, bad=batch.bad)
        outcomes = _outcomes(assessing, batch, settings.micro_batch)
        if kind != JSON_TYPE:
            return _Lines(request, place, outcomes)
        parts: dict[bool, list[str]] = {True: [], False: []}
        async for part in outcomes:
            for outcome in part:
                good = isinstance(outcome, Assessment)
                parts[good].append(
                    outcome.model_dump_json()
                    if isinstance(outcome, Assessment)
                    else json.dumps({"item": outcome.number, "message": outcome.message})
                )
            # Nobody is there to read the rest: the place goes to a batch that somebody waits for.
            if sum(map(len, parts.values())) < len(batch.entries) and await request.is_disconnected():
                await _cut_short(request, len(parts[True]))
                break
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


class _Lines(StreamingResponse):
    """A batch answered line by line, a model pass at a time. However it ends, even before its first line, its place is free afterwards."""

    def __init__(self, request: Request, place: Any, outcomes: AsyncIterator[list[Outcome]]) -> None:
        super().__init__(self._lines(outcomes), media_type="application/x-ndjson")
        self._request, self._place = request, place
        self._assessed, self._whole = 0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._place.__aexit__(None, None, None)
            if not self._whole:
                with CancelScope(shield=True):
                    await _cut_short(self._request, self._assessed)

    async def _lines(self, outcomes: AsyncIterator[list[Outcome]]) -> AsyncIterator[bytes]:
        async for part in outcomes:
            self._assessed += sum(isinstance(outcome, Assessment) for outcome in part)
            yield b"".join(_line(outcome) for outcome in part)
        self._whole = True


def _line(outcome: Outcome) -> bytes:
    if isinstance(outcome, Assessment):
        return outcome.model_dump_json().encode() + b"\n"
    return json.dumps({"error": {"line": outcome.number, "message": outcome.message}}).encode() + b"\n"


async def _outcomes(assessing: Assessing, batch: Batch, size: int) -> AsyncIterator[list[Outcome]]:
    """Every entry's outcome, in the order sent, a model pass at a time."""
    for start in range(0, len(batch.entries), size):
        part = batch.entries[start : start + size]
        results = iter(await assessing.many([entry[1] for entry in part if not isinstance(entry, BadLine)]))
        found: list[Outcome] = []
        for entry in part:
            if isinstance(entry, BadLine):
                found.append(entry)
                continue
            result = next(results)
            found.append(
                BadLine(entry[0], "the model could not read this report; it is on the log.")
                if isinstance(result, AssessFailed)
                else result
            )
        yield found


async def _cut_short(request: Request, done: int) -> None:
    await run_in_threadpool(
        audit.record, store_of(request), identity_of(request).actor, "batch.cut_short", assessed=done
    )


async def _audit(request: Request, action: str, references: list[str], bad: int) -> None:
    """On the record before the answer leaves. A digest of the references: they may not be ours to keep."""
    subject = hashlib.sha256("\n".join(references).encode()).hexdigest()
    await run_in_threadpool(
        audit.record, store_of(request), identity_of(request).actor, action, subject, reports=len(references), bad=bad
    )
