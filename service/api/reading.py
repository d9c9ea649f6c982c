"""Reading report bodies: precise faults, nothing echoed, good lines of a batch kept whatever the others hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import pydantic_core
from fastapi import Request
from pydantic import BaseModel, ValidationError

from models.contracts import Report
from service.intake import BadLine, Fault, describe, parse_report
from service.problems import Problem

JSON_TYPE = "application/json"
Contract = TypeVar("Contract", bound=BaseModel)
LINES_TYPES = frozenset({"application/x-ndjson", "application/jsonl", "application/x-jsonlines"})


@dataclass
class Batch:
    """A batch in its order: each entry is a report with its line's number, or a bad line."""

    entries: list[tuple[int, Report] | BadLine] = field(default_factory=list)

    @property
    def bad(self) -> int:
        return sum(isinstance(entry, BadLine) for entry in self.entries)


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_report(request: Request) -> Report:
    if content_type(request) != JSON_TYPE:
        raise Problem(415, "the body must be one report as JSON; send the header Content-Type: application/json.")
    found = parse_report(await request.body())
    if isinstance(found, Fault):
        raise Problem(found.status, f"the body: {found.message}")
    return found


def body_of(contract: type[Contract]) -> Callable[[Request], Awaitable[Contract]]:
    """A dependency that reads the body as one object of ``contract``."""

    async def read(request: Request) -> Contract:
        if content_type(request) != JSON_TYPE:
            raise Problem(415, "the body must be one JSON object; send the header Content-Type: application/json.")
        try:
            return contract.model_validate_json(await request.body())
        except ValidationError as fault:
            raise Problem(422, f"the body: {describe(fault).message}") from None

    return read


def batch_type(request: Request) -> str:
    """The content type of a batch. Raises Problem 415 when it is none that is read here."""
    kind = content_type(request)
    if kind not in {JSON_TYPE, *LINES_TYPES}:
        raise Problem(
            415,
            "the body must be a JSON list (Content-Type: application/json) or JSON Lines (Content-Type: application/x-ndjson).",
        )
    return kind


def parse_batch(kind: str, body: bytes, most: int) -> Batch:
    """The batch, or Problem 413 or 422. It takes seconds when it is large, so it is for a thread of its own."""
    batch = _from_list(body, most) if kind == JSON_TYPE else _from_lines(body, most)
    if not batch.entries:
        raise Problem(422, "the batch holds no report; send at least one.")
    return batch


def _from_lines(body: bytes, most: int) -> Batch:
    batch = Batch()
    for number, line in _lines(body):
        if len(batch.entries) >= most:
            raise _too_many(most)
        found = parse_report(line)
        batch.entries.append(BadLine(number, found.message) if isinstance(found, Fault) else (number, found))
    return batch


def _lines(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Lines that hold something, counted from 1 with the empty ones. A byte order mark at the start is not content."""
    for number, line in enumerate(body.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if line.strip():
            yield number, line


def _from_list(body: bytes, most: int) -> Batch:
    try:
        items = pydantic_core.from_json(body)
    except ValueError as fault:
        # The parser's message gives line and column and never quotes the input.
        raise Problem(
            422, f"the body is not JSON that can be read ({_place(str(fault))}); send a JSON list of reports in UTF-8."
        ) from None
    if not isinstance(items, list):
        raise Problem(422, "the body must be a JSON list of reports; wrap a single report in [ ].")
    if len(items) > most:
        raise _too_many(most)
    batch = Batch()
    for number, item in enumerate(items, start=1):
        try:
            batch.entries.append((number, Report.model_validate(item)))
        except ValidationError as fault:
            batch.entries.append(BadLine(number, describe(fault).message))
    return batch


def _place(message: str) -> str:
    _, found, place = message.rpartition(" at line ")
    return f"line {place}" if found else "no place known"


def _too_many(most: int) -> Problem:
    return Problem(413, f"the batch holds over {most:,} reports; send it in parts.")
