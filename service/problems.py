"""Errors over HTTP: RFC 9457 problem documents with one clear message that names the place and the mend.

Nothing here repeats what was sent. FastAPI's own validation errors do (``input``), so they are never used.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request that cannot be met. ``detail`` must never hold text from the request, nor must ``more``, members of the document beside it."""

    def __init__(
        self, status: int, detail: str, headers: dict[str, str] | None = None, more: dict[str, Any] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.more = more or {}

    def body(self, request_id: str = "") -> dict[str, Any]:
        found: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        return found | self.more | ({"request_id": request_id} if request_id else {})

    def response(self, request_id: str = "") -> JSONResponse:
        return JSONResponse(self.body(request_id), self.status, headers=self.headers, media_type=MEDIA_TYPE)
