"""Errors over HTTP: RFC 9457 problem documents with one clear message that names the place and the mend.

Nothing here repeats what was sent. FastAPI's own validation errors do (``input``), so they are never used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import ValidationError

from nlp.text import TextTooLong

MEDIA_TYPE = "application/problem+json"
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


class Problem(Exception):
    """A request that cannot be met. ``detail`` must never hold text from the request."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}

    def body(self, request_id: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return found | ({"request_id": request_id} if request_id else {})

    def response(self, request_id: str = "") -> JSONResponse:
        return JSONResponse(self.body(request_id), self.status, headers=self.headers, media_type=MEDIA_TYPE)


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
            parts.append(str(reason).rstrip("."))
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
