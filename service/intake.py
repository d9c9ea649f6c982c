"""One report from bytes, or what is wrong with it: the same words for the API, the batch file and the samples. Nothing sent is ever repeated."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from models.contracts import Report
from nlp.text import TextTooLong

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


@dataclass(frozen=True)
class BadLine:
    """A line (or item, counted from 1) that could not be read, and why."""

    number: int
    message: str


@dataclass(frozen=True)
class Fault:
    """What is wrong with one report: ``message`` names the field and the mend; ``status`` is 422, or 413 for too long."""

    message: str
    status: int = 422


def describe(error: ValidationError) -> Fault:
    """Pydantic's findings as one sentence that repeats nothing of the input, not even an odd field name."""
    status, parts = 422, []
    for found in error.errors(include_url=False, include_input=False):
        kind, place = found["type"], _place(found["loc"])
        if kind == "json_invalid":
            parts.append(f"not JSON: {_json_fault(found)}; send one JSON object in UTF-8")
        elif kind == "extra_forbidden":
            parts.append(f"unknown field {place}; remove it or correct its name")
        elif kind == "missing":
            parts.append(f"{place} is missing; add it")
        elif kind == "value_error":
            reason = found.get("ctx", {}).get("error")
            if isinstance(reason, TextTooLong):
                status = 413
            said = str(reason).rstrip(".")
            named = not found["loc"] or said.startswith(str(found["loc"][-1]))
            parts.append(said if named else f"{place}: {said}")
        elif kind in {"model_type", "model_attributes_type", "dict_type"}:
            parts.append("not a JSON object; send one object with at least reference and text")
        else:
            parts.append(f"{place}: {_lower(found['msg'])}")
    more = f" (and {len(parts) - 5} more faults)" if len(parts) > 5 else ""
    return Fault("; ".join(parts[:5]) + more + ".", status)


def _place(loc: tuple[int | str, ...]) -> str:
    """A field's name, when it looks like one: an unknown key could itself be a sentence of a report."""
    names = [
        str(part) if isinstance(part, int) or _PLAIN_KEY.fullmatch(part) else "with a name that is not shown"
        for part in loc
    ]
    return ".".join(names) or "the report"


def _json_fault(found: Any) -> str:
    # serde's message quotes field names and values only for typed parsing, which is not used; keep the place only.
    reason = str(found.get("ctx", {}).get("error", ""))
    place = re.search(r"line \d+ column \d+", reason)
    # On the first line only the column helps: in JSON Lines every report is its own first line.
    return f"fault at {place.group().removeprefix('line 1 ')}" if place else "it cannot be read"


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]


def parse_report(data: bytes) -> Report | Fault:
    """One report from UTF-8 JSON, or what is wrong with it."""
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as fault:
        return Fault(f"invalid UTF-8 at byte {fault.start + 1}; send the text in UTF-8.")
    try:
        return Report.model_validate_json(data)
    except ValidationError as fault:
        return describe(fault)
