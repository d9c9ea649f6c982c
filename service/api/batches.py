"""Answering a batch part by part: as one JSON object, or line by line while it is still being read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from anyio import CancelScope
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from models.contracts import Report
from service import audit
from service.access import identity_of, settings_of, store_of
from service.api.common import REPORT, assessing_of, problems
from service.api.reading import JSON_TYPE, Batch, batch_type, parse_batch
from service.intake import BadLine
from service.problems import Problem

LINES = "application/x-ndjson"
_ARRIVES_WITHIN = 120  # seconds

Entry = tuple[int, Report] | BadLine
Outcome = BaseModel | BadLine
Part = Callable[[list[Entry]], Awaitable[list[Outcome]]]


class BatchError(BaseModel):
    """An item that could not be taken. Nothing of its text is repeated."""

    item: int = Field(description="Its place in the list, from 1.")
    message: str


# Anything may be sent as an item: what is no report is named among the errors, and the others are taken.
_ITEM = {"anyOf": [REPORT, {"description": "Named among the errors."}]}


def described(answer: str, good: str, *statuses: int) -> dict[str, Any]:
    """OpenAPI of a batch route: ``answer`` is the schema for a list, ``good`` what a line holds when all is well."""
    lines = f"For a list, one object; for JSON Lines, one line for each line sent: {good}, or an object with error.line and error.message."
    return {
        "responses": {
            200: {
                "description": lines,
                "content": {
                    JSON_TYPE: {"schema": {"$ref": f"#/components/schemas/{answer}"}},
                    LINES: {"schema": {"type": "string"}},
                },
            },
            **problems(401, 403, 408, 413, 415, 422, 429, 500, 503, *statuses),
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "content": {
                    JSON_TYPE: {"schema": {"type": "array", "items": _ITEM, "minItems": 1}},
                    LINES: {"schema": {"type": "string", "description": "One report a line."}},
                },
            },
            "security": [{"key": []}],
        },
    }


async def answer_batch(request: Request, good: str, begin: Callable[[Batch], Awaitable[None]], take: Part) -> Response:
    """Read the batch, call ``begin`` once, then ``take`` for a part at a time; ``good`` names the list of what went well.

    Bad lines stay in their place and lose nothing else.
    """
    settings, kind = settings_of(request), batch_type(request)
    # The place is taken before the body is read, so that a full service holds no bodies in memory, and before the answer
    # starts: after that there is no way to say 503.
    place = assessing_of(request).batch()
    await place.__aenter__()
    try:
        body = await _arrived(request)
        batch = await run_in_threadpool(parse_batch, kind, body, settings.max_batch_reports)
        del body
        await begin(batch)
        outcomes = _outcomes(batch, settings.micro_batch, take)
        if kind != JSON_TYPE:
            return _Lines(request, place, outcomes)
        parts: dict[bool, list[str]] = {True: [], False: []}
        async for part in outcomes:
            for outcome in part:
                if isinstance(outcome, BadLine):
                    parts[False].append(json.dumps({"item": outcome.number, "message": outcome.message}))
                else:
                    parts[True].append(outcome.model_dump_json())
            # Nobody is there to read the rest: the place goes to a batch that somebody waits for.
            if sum(map(len, parts.values())) < len(batch.entries) and await request.is_disconnected():
                await _cut_short(request, len(parts[True]))
                break
    except BaseException:
        await place.__aexit__(None, None, None)
        raise
    await place.__aexit__(None, None, None)
    return Response(f'{{"{good}":[{",".join(parts[True])}],"errors":[{",".join(parts[False])}]}}', media_type=JSON_TYPE)


async def _arrived(request: Request) -> bytes:
    """The body. It holds a place while it comes, so a caller who stops half-way is not waited for without end."""
    try:
        async with asyncio.timeout(_ARRIVES_WITHIN):
            return await request.body()
    except TimeoutError:
        raise Problem(
            408, f"the body did not arrive within {_ARRIVES_WITHIN} s; send it again, or in smaller parts."
        ) from None


class _Lines(StreamingResponse):
    """A batch answered line by line, a model pass at a time. However it ends, even before its first line, its place is free afterwards."""

    def __init__(self, request: Request, place: Any, outcomes: AsyncIterator[list[Outcome]]) -> None:
        super().__init__(self._lines(outcomes), media_type=LINES)
        self._request, self._place = request, place
        self._done, self._whole = 0, False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._place.__aexit__(None, None, None)
            if not self._whole:
                with CancelScope(shield=True):
                    await _cut_short(self._request, self._done)

    async def _lines(self, outcomes: AsyncIterator[list[Outcome]]) -> AsyncIterator[bytes]:
        async for part in outcomes:
            self._done += sum(not isinstance(outcome, BadLine) for outcome in part)
            yield b"".join(_line(outcome) for outcome in part)
        self._whole = True


def _line(outcome: Outcome) -> bytes:
    if isinstance(outcome, BadLine):
        return json.dumps({"error": {"line": outcome.number, "message": outcome.message}}).encode() + b"\n"
    return outcome.model_dump_json().encode() + b"\n"


async def _outcomes(batch: Batch, size: int, take: Part) -> AsyncIterator[list[Outcome]]:
    """Every entry's outcome, in the order sent, a model pass at a time."""
    for start in range(0, len(batch.entries), size):
        yield await take(batch.entries[start : start + size])


async def _cut_short(request: Request, done: int) -> None:
    await run_in_threadpool(
        audit.record, store_of(request), identity_of(request).actor, "batch.cut_short", assessed=done
    )
