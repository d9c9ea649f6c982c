"""A day's work at full speed: people look, list and decide while systems send and assess, at 1, 8 and 32 clients, on both databases.

Each client is a thread of its own with a connection of its own, in this process; the server is another process. Every answer
counts: anything but the status expected is an error, and afterwards every acknowledged decision must be there, once.
"""

from __future__ import annotations

import random
import statistics
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from models.assessor import Assessor
from tests.load.deciding import check
from tests.load.serving import STORY, Filled, Server, fill, postgres, scratch, serving

# What a request is, of 100.
MIX = {"look at a report": 35, "decide": 35, "list the queue": 20, "assess a text": 5, "send a report": 5}
CLIENTS = {1: 0.1, 8: 0.3, 32: 0.6}  # of all requests, the share made by so many clients


@dataclass
class Client:
    """One person at work, with a system's key as well."""

    address: str
    person: dict[str, str]
    system: dict[str, str]
    ids: list[str]
    random: random.Random
    times: list[tuple[str, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    acknowledged: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def work(self, requests: int) -> None:
        with httpx.Client(base_url=self.address, timeout=120) as http:
            kinds = self.random.choices(list(MIX), weights=list(MIX.values()), k=requests)
            for kind in kinds:
                self._ask(http, kind)

    def _ask(self, http: httpx.Client, kind: str) -> None:
        report, mark = self.random.choice(self.ids), uuid.uuid4().hex
        if kind == "decide" and report not in self.versions:
            kind = "look at a report"  # one decides on what one has seen
        began = time.perf_counter()
        if kind == "look at a report":
            answer = http.get(f"/v1/reports/{report}", headers=self.person)
            if answer.status_code == 200:
                self.versions[report] = answer.json()["version"]
        elif kind == "decide":
            body = {
                "outcome": "keep",
                "reason": "other",
                "note": "A note.",
                "expected_version": self.versions[report],
                "idempotency_key": mark,
            }
            answer = http.post(f"/v1/reports/{report}/decisions", headers=self.person, json=body)
            if answer.status_code == 201:
                self.acknowledged[mark] = report
                self.versions[report] += 1
        elif kind == "list the queue":
            page = self.random.randrange(1, 5)
            answer = http.get("/v1/queue", params={"page": page}, headers=self.person)
        else:
            path = "/v1/assess" if kind == "assess a text" else "/v1/reports"
            answer = http.post(path, headers=self.system, json={"reference": mark, "text": f"{STORY} {mark}."})
        self.times.append((kind, time.perf_counter() - began))
        if answer.status_code not in (200, 201):
            self.errors.append(f"{kind}: {answer.status_code} {answer.text[:200]}")


def drive(server: Server, filled: Filled, clients: int, requests: int) -> tuple[list[Client], float]:
    """``requests`` in all by ``clients`` at once; gives them and the seconds that passed."""
    people = [
        Client(server.address, filled.people[n], filled.system, filled.ids[n::clients], random.Random(n))
        for n in range(clients)
    ]
    threads = [threading.Thread(target=person.work, args=(requests // clients,)) for person in people]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return people, time.perf_counter() - began


def measure(console: Console, name: str, url: str, var: Path, assessor: Assessor, requests: int) -> bool:
    """Print throughput and latencies for one database; False when there was an error or a lost decision."""
    filled = fill(url, 320, max(CLIENTS), assessor)
    table = Table(title=f"{requests:,} mixed requests on {name}, server in its own process")
    for column in ("clients", "requests", "requests a second", "p50 ms", "p95 ms", "p99 ms", "errors"):
        table.add_column(column, justify="right")
    acknowledged: dict[str, str] = {}
    errors: list[str] = []
    kinds: dict[str, list[float]] = {kind: [] for kind in MIX}
    with serving(url, var) as server:
        drive(server, filled, 1, 20)  # the first requests compile and cache
        for clients, share in CLIENTS.items():
            people, took = drive(server, filled, clients, round(requests * share))
            times = [seconds for person in people for _, seconds in person.times]
            wrong = [words for person in people for words in person.errors]
            cuts = statistics.quantiles(times, n=100)
            figures = (f"{cuts[q] * 1e3:.0f}" for q in (49, 94, 98))
            table.add_row(str(clients), f"{len(times):,}", f"{len(times) / took:.0f}", *figures, str(len(wrong)))
            errors += wrong
            for person in people:
                acknowledged |= person.acknowledged
                for kind, seconds in person.times:
                    if clients == max(CLIENTS):
                        kinds[kind].append(seconds)
        server.stop()
    console.print(table)
    slow = "; ".join(f"{kind} {statistics.median(found) * 1e3:.0f} ms" for kind, found in kinds.items() if found)
    console.print(f"median at {max(CLIENTS)} clients: {slow}", highlight=False)
    found = check(url, acknowledged)
    console.print(f"{found}; {len(errors)} errors", highlight=False)
    for words, count in Counter(errors).most_common(3):
        console.print(f"  {count} times: {words}", highlight=False, markup=False)
    return found.sound and not errors


def main(console: Console, requests: int = 10_000) -> bool:
    """Both databases. True when nothing failed and nothing was lost."""
    assessor = Assessor.load()
    with scratch() as folder, postgres() as database:
        var = folder / "sqlite"
        var.mkdir()
        good = measure(console, "SQLite", f"sqlite:///{var / 'foursight.sqlite3'}", var, assessor, requests)
        return measure(console, "PostgreSQL", database.new_database(), folder / "pg", assessor, requests) and good
