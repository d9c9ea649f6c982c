"""A queue of 100,000 reports that wait, on both databases: how long a page takes, first and last, plain and filtered, and the next report.

Pages are asked of the real application over its API, in one process. What the database does for each is printed too: every step must read the
queue's index, no text. Ends badly where a page takes over LIMIT_MS at the median.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from pathlib import Path

from fastapi.testclient import TestClient
from rich.console import Console
from rich.table import Table
from sqlalchemy import event, insert, text

from models.assessor import Assessor
from models.contracts import Report
from nlp.taxonomy import RecordedOffence, Relationship, Suggestion
from service import auth
from service.app import create_app
from service.audit import COMMAND_LINE
from service.decisions import ReviewStatus
from service.policy import AccountRole
from service.reviewing_queue import Filters, queue
from service.settings import Settings
from service.store import Store
from service.store.tables import AssessmentRow, ReportRow, RevisionRow, now, opaque
from tests.load.serving import STORY, postgres, scratch

LIMIT_MS = 200
RUNS = 7
PAGES = {
    "first page": "",
    "a page in the middle": "page=2000",
    "last page": "page=1000000",
    "waiting only": "status=waiting",
    "waiting, newest first": "status=waiting&sort=newest",
    "one band": "status=waiting&band=low",
    "one suggestion and relationship": "suggestion=ask_for_information&relationship=unknown",
    "the last month": f"reported_from={(now() - timedelta(days=30)).date()}",
    "a reference's beginning": "reference=R00",
    "nobody at work on it": "assigned=none",
    "recorded as stalking, apart": "apart=true",
}


def fill(store: Store, reports: int, assessor: Assessor) -> None:
    """Assessed reports of all kinds, nine in ten waiting. One text and one assessment serve for all: filling is not what is measured."""
    chance = random.Random(7)
    body = assessor.assess(Report(reference="R0", text=STORY)).model_dump(mode="json")
    moment = now()
    recorded = [None, *RecordedOffence]

    def rows() -> Iterator[tuple[dict[str, object], dict[str, object], dict[str, object]]]:
        for number in range(reports):
            report_id, revision_id, probability = opaque(), opaque(), chance.random()
            said = {
                "probability": probability,
                "suggestion": chance.choice(list(Suggestion)),
                "relationship": chance.choice(list(Relationship)),
            }
            when = moment - timedelta(minutes=chance.randrange(500_000))
            status = "waiting" if chance.random() < 0.9 else "decided"
            yield (
                {
                    "id": report_id, "reference": f"R{number:06}", "recorded_offence": chance.choice(recorded),
                    "reported_at": when, "received_at": when, "latest": 1, "version": 1, "status": status, **said,
                },
                {"id": revision_id, "report_id": report_id, "number": 1, "digest": f"{number:064}", "text": STORY},
                {
                    "revision_id": revision_id, "model_version": "1", "model_digest": "d", "offence": "none",
                    "body": body | {"reference": f"R{number:06}"}, "current": True, **said,
                },
            )  # fmt: skip

    found = rows()
    while part := list(islice(found, 2000)):
        with store.write() as session:
            for place, table in enumerate((ReportRow, RevisionRow, AssessmentRow)):
                session.execute(insert(table), [row[place] for row in part])
    with store.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("ANALYZE"))


def median_ms(ask: Callable[[], object]) -> float:
    ask()
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def plans(store: Store) -> Iterator[str]:
    """How the database counts and finds a page, in its own words."""
    said: list[tuple[str, object]] = []

    def note(*call: object) -> None:
        if str(call[2]).startswith("SELECT"):
            said.append((str(call[2]), call[3]))

    event.listen(store.engine, "before_cursor_execute", note)
    with store.read() as session:
        queue(session, Filters(status=ReviewStatus.WAITING), 1, 25, "", now())
    event.remove(store.engine, "before_cursor_execute", note)
    with store.engine.connect() as connection:
        for name, (statement, given) in zip(("count", "page", "lines of the page"), said, strict=False):
            explain = "EXPLAIN QUERY PLAN " if store.sqlite else "EXPLAIN "
            for row in connection.exec_driver_sql(explain + statement, given):  # type: ignore[arg-type]
                yield f"{name}: {row[-1]}"


def measure(console: Console, name: str, url: str, var: Path, reports: int, assessor: Assessor) -> bool:
    """Print the times of one database; False when one is over the limit."""
    store = Store(url)
    store.upgrade()
    began = time.perf_counter()
    fill(store, reports, assessor)
    console.print(f"{name}: {reports:,} reports kept in {time.perf_counter() - began:.0f} s", highlight=False)
    with store.write() as session:
        auth.add_account(session, "ann", AccountRole.REVIEWER, "correct horse battery", COMMAND_LINE)
        key = auth.add_personal_key(session, "key of ann", "ann", COMMAND_LINE)
    table = Table(title=f"The queue of {reports:,} reports on {name}, median of {RUNS}")
    table.add_column("page of 25")
    table.add_column("ms", justify="right")
    settings = Settings(var=var, database_url=url, rate_limit=0)
    with TestClient(create_app(settings, assessor, store), headers={"Authorization": f"Bearer {key}"}) as client:

        def page(query: str) -> None:
            answer = client.get(f"/v1/queue?{query}")
            assert answer.status_code == 200 and answer.json()["total"], query

        def next_report() -> None:
            answer = client.post("/v1/queue/next")
            assert client.delete(f"/v1/reports/{answer.json()['id']}/claim").status_code == 204

        times = {words: median_ms(partial(page, query)) for words, query in PAGES.items()}
        times["the next report, claimed and given back"] = median_ms(next_report)
        for words, milliseconds in times.items():
            table.add_row(words, f"{milliseconds:.0f}")
        console.print(table)
        for line in plans(store):
            console.print(line, highlight=False, markup=False, soft_wrap=True)
    return max(times.values()) <= LIMIT_MS


def main(console: Console, reports: int = 100_000) -> bool:
    """Both databases. True when every page came within the limit."""
    assessor = Assessor.load()
    with scratch() as folder, postgres() as database:
        url = f"sqlite:///{folder / 'foursight.sqlite3'}"
        good = measure(console, "SQLite", url, folder / "var", reports, assessor)
        return measure(console, "PostgreSQL", database.new_database(), folder / "var", reports, assessor) and good
