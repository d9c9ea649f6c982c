"""A process of its own that decides on reports, one after another, and acknowledges each on standard output after its commit.

``python -m tests.service.decider URL KEY``, with the reports' ids on standard input; waits for a line that says go.
"""

from __future__ import annotations

import sys
import uuid

from service import auth
from service.decisions import Conflict, DecisionIn
from service.reviewing import decide
from service.store import Store
from service.store.tables import now


def main(url: str, key: str) -> None:
    store = Store(url)
    identity = auth.by_key(store, key)
    assert identity
    ids = sys.stdin.readline().split()
    print("ready", flush=True)
    sys.stdin.readline()
    for report_id in ids:
        wish = DecisionIn.model_validate(
            {
                "outcome": "keep",
                "reason": "dispute",
                "expected_version": 1,
                "idempotency_key": uuid.uuid4().hex,
            }
        )
        try:
            with store.write() as session:
                row = decide(session, report_id, identity, wish, now())
            print("decided", report_id, row.id, flush=True)
        except Conflict as conflict:
            print("conflict", report_id, conflict.who, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
