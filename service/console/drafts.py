"""What stood in the form of a decision when its session ended, carried through the sign-in page. Kept nowhere else."""

from __future__ import annotations

import json
import re

from starlette.datastructures import FormData

# More than any form of ours holds: 2,000 characters of note, as many of question, and rows of corrections.
MOST = 60_000
_REPORT = re.compile(r"/reports/[0-9a-f]{32}")
_NOT_KEPT = frozenset({"token", "key", "version", "assessment", "more"})


def report_of(path: str) -> str:
    """The path itself when it is a report's page; else nothing."""
    return path if _REPORT.fullmatch(path) else ""


def pack(form: FormData) -> str:
    """The fields that a person filled in, as one value of a hidden field; nothing when there are none."""
    items = [(name, value) for name, value in form.multi_items() if isinstance(value, str) and name not in _NOT_KEPT]
    packed = json.dumps(items)
    return packed if items and len(packed) <= MOST else ""


def unpack(draft: str) -> list[tuple[str, str]]:
    """The fields again; nothing for what was not packed here."""
    try:
        items = json.loads(draft) if len(draft) <= MOST else []
        found = [(name, value) for name, value in items if isinstance(name, str) and isinstance(value, str)]
        "".join(
            name + value for name, value in found
        ).encode()  # JSON can hold half of a surrogate pair, and a page cannot
        return found
    except (ValueError, TypeError):
        return []
