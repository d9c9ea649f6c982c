"""What surrounds every request: an id and a log line, security headers, and the body limit, enforced while reading."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import sys
import time
from collections.abc import Callable

from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.logs import where
from service.problems import Problem
from service.settings import Settings

log = logging.getLogger("foursight")
access_log = logging.getLogger("foursight.access")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
BATCH_PATHS = frozenset({"/v1/assess/batch", "/v1/reports/batch"})


class Surround:
    """Outermost: gives a request its id, adds the headers, and writes one log line without the address's own words."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, request_id, status = time.perf_counter(), secrets.token_hex(8), 500
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
                # Script and style are asked for anew each time (and answered 304): after an update no page runs the old ones.
                static = scope["path"].startswith("/static/")
                headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
                headers["X-Request-ID"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        finally:
            # The route's pattern, not the address: an address could carry anything.
            route = getattr(scope.get("route"), "path", "-")
            seconds = time.perf_counter() - started
            scope["app"].state.metrics.request(scope["method"], route, status, seconds)
            access_log.info(
                "request",
                extra={
                    "fields": {
                        "id": request_id,
                        "method": scope["method"],
                        "route": route,
                        "status": status,
                        "ms": round(seconds * 1000, 1),
                    }
                },
            )


class BodyLimit:
    """Refuses a body over the limit as soon as it is known to be: from its header, else while it is being read."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        batch = scope["path"] in BATCH_PATHS
        limit = self.settings.max_batch_body if batch else self.settings.max_body
        problem = Problem(
            413,
            f"the body is over {limit:,} bytes; send fewer reports at a time."
            if batch
            else f"the body is over {limit:,} bytes; send one report without attachments.",
        )
        declared = Headers(scope=scope).get("content-length", "")
        if declared.isdigit() and int(declared) > limit:
            await problem.response()(scope, receive, send)
            return
        read, refused = 0, False

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > limit:
                    raise problem
            return message

        async def answered(message: Message) -> None:
            # FastAPI makes a 400 of whatever happens while it reads a form.
            nonlocal refused
            if read <= limit:
                await send(message)
            elif not refused:
                refused = True
                await problem.response()(scope, receive, send)

        await self.app(scope, limited, answered)


_AWAY = Problem(
    503, "the database does not answer or has no room; nothing was kept. Try again soon.", {"Retry-After": "5"}
)
_STOPPING = Problem(
    503,
    "the service is stopping and did not end this in time; look whether it was done, or send it again.",
    {"Retry-After": "10", "Connection": "close"},
)
_OURS = Problem(500, "the service could not do this; it is on the log by the request id.")


def _away(fault: Exception) -> bool:
    """A database that is stopped, full or too busy: it comes back by itself or by somebody's hand, and then so does the service."""
    if isinstance(fault, OperationalError):  # SQLite says so of a wrong statement or a missing table too
        return getattr(fault.orig, "sqlite_errorcode", None) != sqlite3.SQLITE_ERROR
    return isinstance(fault, InterfaceError | PoolTimeout)


class Recover:
    """Turns a fault of ours into a 500 that says nothing, and a log line that says where, never what with.

    A request that is cut off because the service stops gets a 503: it was no fault, and another server can take it.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Problem], Response]) -> None:
        self.app = app
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Problem as known:
            if started:
                raise
            await self.answer(Request(scope), known)(scope, receive, send)
        except asyncio.CancelledError:
            if started:
                raise
            await self.answer(Request(scope), _STOPPING)(scope, receive, send)
        except Exception as fault:
            fields = {
                "kind": type(fault).__name__,
                "where": where(sys.exc_info()[2]),
                "id": scope.get("state", {}).get("request_id", ""),
            }
            log.error("fault", extra={"fields": fields})
            if started:
                # Too late for an answer. Ending the connection tells the caller that this one is cut short.
                raise ConnectionResetError from None
            await self.answer(Request(scope), _AWAY if _away(fault) else _OURS)(scope, receive, send)
