"""Structured logs: one JSON object a line, with fields that the program chose. Never report text, never an address's words."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType


class JsonLines(logging.Formatter):
    """``extra={"fields": {...}}`` is written out; an exception is written as its kind and where it happened.

    An exception's message is left out: messages of other libraries may quote what they could not handle.
    """

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry: dict[str, object] = {
            "at": at,
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg,
        }
        if record.args and record.name.startswith("uvicorn"):
            entry["event"] = record.getMessage()
        entry.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[0]:
            entry["exception"] = record.exc_info[0].__name__
            entry["where"] = where(record.exc_info[2])
        return json.dumps(entry, ensure_ascii=True, default=lambda value: type(value).__name__)


def where(trace: TracebackType | None) -> list[str]:
    """The innermost frames as file:line function, without values."""
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)[-8:]]


def set_up(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Its access log prints whole addresses; ours (service.middleware) prints the route.
    logging.getLogger("uvicorn.access").disabled = True
    for name in ("uvicorn", "uvicorn.error", "alembic", "sqlalchemy.engine"):
        logging.getLogger(name).handlers[:] = []
        logging.getLogger(name).propagate = True
    logging.getLogger("alembic").setLevel(logging.WARNING)
