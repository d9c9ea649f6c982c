"""What goes wrong, done on purpose to the real server, with a verdict for each: ``make faults``.

After each fault: is every acknowledged decision there exactly once, does the audit trail verify, and did the service recover by
itself (nobody restarts or repairs anything but what was broken)? Ends with exit code 1 if any verdict is bad.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

from models.assessor import Assessor
from models.bundle import DEFAULT_BUNDLE
from service.store import Store
from service.store.tables import AuditRow, DecisionRow
from tests.load.deciding import Checked, Person, check, crew, run
from tests.load.serving import COMMAND, Filled, Server, fill, postgres, scratch, serving

PEOPLE = 8
REPORTS = 200
console = Console(width=160)


class Bad(Exception):
    """A fault that the service did not stand; the message says what was seen."""


def _all(people: list[Person]) -> dict[str, str]:
    return {key: report for person in people for key, report in person.acknowledged.items()}


def _sound(url: str, people: list[Person]) -> Checked:
    found = check(url, _all(people))
    wrong = [words for person in people for words in person.wrong]
    if not found.sound or wrong:
        raise Bad(f"{found}; {wrong[:1]}")
    return found


def _goes_on(people: list[Person], seconds: float = 60) -> None:
    """The service answers decisions again, by itself."""
    before, until = len(_all(people)), time.monotonic() + seconds
    while len(_all(people)) < before + 10:
        if time.monotonic() > until:
            raise Bad(f"no decision was acknowledged for {seconds:.0f} s after the fault was over")
        time.sleep(0.05)


@contextmanager
def _at_work(people: list[Person]) -> Iterator[None]:
    until = threading.Event()
    threads = run(people, until, patient=True)
    try:
        yield
    finally:
        until.set()
        for thread in threads:
            thread.join()


def killed(kind: str, url: str, var: Path, filled: Filled, rounds: int, decisions: int) -> str:
    """kill -9 somewhere in the middle of ``decisions`` decisions, ``rounds`` times; the unanswered ones are sent again."""
    server, people, seconds = Server(url, var), crew("", filled.people, filled.ids), []
    for _ in range(rounds):
        seconds.append(server.start())
        enough = threading.Semaphore(0)
        for person in people:
            person.address, person.told = server.address, enough.release
        until = threading.Event()
        threads = run(people, until)
        for _ in range(random.randrange(1, decisions)):
            if not enough.acquire(timeout=60):
                raise Bad("no decision was acknowledged for 60 s")
        server.kill()
        for thread in threads:
            thread.join()
        _sound(url, people)
    server.start()
    for person in people:
        person.address = server.address
    with _at_work(people):
        _goes_on(people)
    code = server.stop()
    found = _sound(url, people)
    again = sum(person.statuses[200] for person in people)
    if code not in (0, -signal.SIGTERM):  # uvicorn ends everything under way, then dies of the signal that it was sent
        raise Bad(f"the exit code after SIGTERM was {code}")
    return f"{rounds} kills. {found}. {again} unanswered decisions were on disk already and came back the same; ready after {max(seconds):.1f} s at most"


def full_disk(var: Path, assessor: Assessor) -> str:
    """The disk of a SQLite database fills up while people decide, and then there is room again."""
    folder = var / "small"
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)], check=True)
    try:
        url = f"sqlite:///{folder / 'foursight.sqlite3'}"
        filled = fill(url, 50, 4, assessor)
        with serving(url, var / "server") as server:
            people = crew(server.address, filled.people, filled.ids)
            with _at_work(people):
                _goes_on(people)
                filler = folder / "filler"
                try:
                    with filler.open("wb", buffering=0) as file:
                        while file.write(b"\0" * 65536):
                            pass
                except OSError:
                    pass
                until = time.monotonic() + 60
                while sum(person.statuses[503] for person in people) < 20:
                    if time.monotonic() > until:
                        raise Bad("a full disk did not show as 503")
                    time.sleep(0.05)
                alive = httpx.get(f"{server.address}/healthz").status_code
                filler.unlink()
                _goes_on(people)
            refused = sum(person.statuses[503] for person in people)
            server.stop()
            found = _sound(url, people)
        if alive != 200:
            raise Bad("the process did not answer while the disk was full")
        return f"{refused} requests got 503 while it was full; deciding went on as soon as there was room. {found}"
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def postgres_away(var: Path, assessor: Assessor, times: int) -> str:
    """PostgreSQL is stopped as if it crashed, and started again, while people decide."""
    with postgres() as database:
        url = database.new_database()
        filled = fill(url, 50, PEOPLE, assessor)
        with serving(url, var) as server:
            people = crew(server.address, filled.people, filled.ids)
            with _at_work(people):
                for _ in range(times):
                    _goes_on(people)
                    database.stop("immediate")
                    time.sleep(1)
                    ready = httpx.get(f"{server.address}/readyz").status_code
                    database.start()
                    if ready != 503:
                        raise Bad(f"/readyz said {ready} without a database")
                    _goes_on(people)
            server.stop()
            found = _sound(url, people)
        refused = sum(person.statuses[503] for person in people)
        return f"{times} stops; {refused} requests got 503 meanwhile, /readyz too. {found}"


def corrupt_bundle(var: Path, url: str, filled: Filled) -> str:
    """A byte of the bundle changes: the model that serves stays, a fresh start refuses with one sentence, mending it is enough."""
    bundle = var / "bundle"
    shutil.copytree(DEFAULT_BUNDLE, bundle)
    heads = bundle / "heads.onnx"
    whole = heads.read_bytes()
    report = {"reference": "X", "text": "He followed me home again."}
    with serving(url, var / "server", FOURSIGHT_BUNDLE=str(bundle)) as server:
        heads.write_bytes(whole[:1000] + bytes([whole[1000] ^ 1]) + whole[1001:])
        assert server.process is not None
        server.process.send_signal(signal.SIGHUP)
        until = time.monotonic() + 30
        while "model_refused" not in server.log():
            if time.monotonic() > until:
                raise Bad("the log does not say that the bundle was refused")
            time.sleep(0.1)
        status = httpx.post(f"{server.address}/v1/assess", json=report, headers=filled.system, timeout=60).status_code
        server.stop()
        started = subprocess.run(
            [*COMMAND, "serve", "--port", "0"], env=server.environment, capture_output=True, text=True, timeout=120
        )
        heads.write_bytes(whole)
        again = Server(url, var / "server", server.more)
        again.start()
        again.stop()
    if status != 200:
        raise Bad(f"assessing got {status} after the bundle was damaged")
    said = started.stderr.strip().splitlines()[-1] if started.stderr else ""
    if started.returncode != 2 or "heads.onnx is damaged" not in said:
        raise Bad(f"a start on a damaged bundle ended with {started.returncode}: {said[:200]}")
    return "refused on the log while the old model went on; a fresh start ended with exit code 2 and named the file; mended, it started"


def clock_jumps(var: Path, assessor: Assessor) -> str:
    """The server's clock jumps 3 hours on, then 2 days back, while people decide."""
    library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
    if library is None:
        return "SKIPPED: libfaketime is not installed (on Debian: apt-get install faketime)"
    url, stamp = f"sqlite:///{var / 'clock.sqlite3'}", var / "clock"
    var.mkdir(parents=True)
    stamp.write_text("+0")
    filled = fill(url, 50, 4, assessor)
    more = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(stamp),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with serving(url, var / "server", **more) as server:
        people = crew(server.address, filled.people, filled.ids)
        with _at_work(people):
            for offset in ("+0", "+3h", "-2d"):
                draft = stamp.with_suffix(".new")
                draft.write_text(offset)
                draft.replace(stamp)  # whole or not at all: the server reads it at every look at the clock
                _goes_on(people)
        server.stop()
    found = _sound(url, people)
    store = Store(url)
    with store.read() as session:
        at = list(session.scalars(select(AuditRow.at).order_by(AuditRow.seq)))
    store.close()
    backwards = sum(later < earlier for earlier, later in pairwise(at))
    if not backwards:
        raise Bad("the clock did not jump: no entry of the trail is earlier than the one before")
    return f"deciding went on through both; entries keep their order by number ({backwards} is earlier than the one before). {found}"


def two_servers(kind: str, url: str, var: Path, filled: Filled, decisions: int) -> str:
    """Two servers on one database: people at both, and the same report decided at both at the same moment."""
    with serving(url, var / "one") as one, serving(url, var / "two") as two:
        half = len(filled.people) // 2
        people = crew(one.address, filled.people[:half], filled.ids[:100]) + crew(
            two.address, filled.people[half:], filled.ids[100:]
        )
        until = threading.Event()
        threads = run(people, until)
        while sum(len(person.acknowledged) for person in people) < decisions and any(t.is_alive() for t in threads):
            time.sleep(0.05)
        until.set()
        for thread in threads:
            thread.join()
        outcomes: Counter[int] = Counter()
        contested = filled.ids[:40]
        for report in contested:
            version = httpx.get(f"{one.address}/v1/reports/{report}", headers=filled.people[0]).json()["version"]
            start = threading.Barrier(2)

            def decide(
                address: str, key: dict[str, str], who: str, report: str = report, version: int = version
            ) -> None:
                body = {
                    "outcome": "keep",
                    "reason": "other",
                    "note": "At once.",
                    "expected_version": version,
                    "idempotency_key": f"contest-{report}-{who}",
                }
                start.wait()  # noqa: B023
                answer = httpx.post(f"{address}/v1/reports/{report}/decisions", headers=key, json=body, timeout=30)
                outcomes[answer.status_code] += 1

            pair = [
                threading.Thread(target=decide, args=(one.address, filled.people[0], "a")),
                threading.Thread(target=decide, args=(two.address, filled.people[-1], "b")),
            ]
            for thread in pair:
                thread.start()
            for thread in pair:
                thread.join()
        one.stop()
        two.stop()
    found = _sound(url, people)
    if outcomes != {201: len(contested), 409: len(contested)}:
        raise Bad(f"decided at once, answers were {dict(outcomes)}")
    store = Store(url)
    with store.read() as session:
        keys = list(
            session.scalars(select(DecisionRow.idempotency_key).where(DecisionRow.idempotency_key.like("contest-%")))
        )
    store.close()
    if len(keys) != len(contested):
        raise Bad(f"{len(keys)} decisions kept of {len(contested)} contests")
    return f"{found}. {len(contested)} reports decided at both at once: one winner and one 409 each"


def main() -> None:
    """Run every fault, or those named, and print a verdict for each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--decisions", type=int, default=1000, help="Decisions in which a kill falls somewhere.")
    options.add_argument("--only", default="", help="Names of faults, with commas.")
    given = options.parse_args()
    assessor = Assessor.load()
    table = Table("fault", "verdict", "what was seen", title="Faults", show_lines=True)
    bad = 0
    with scratch() as folder:

        def sqlite(name: str) -> tuple[str, Path, Filled]:
            var = folder / name
            var.mkdir()
            url = f"sqlite:///{var / 'foursight.sqlite3'}"
            return url, var, fill(url, REPORTS, PEOPLE, assessor)

        def sqlite_killed() -> str:
            return killed("sqlite", *sqlite("killed"), given.kills, given.decisions)

        def postgres_killed() -> str:
            with postgres() as database:
                url = database.new_database()
                var = folder / "pgkilled"
                var.mkdir()
                kills = max(1, given.kills // 5)
                return killed("postgresql", url, var, fill(url, REPORTS, PEOPLE, assessor), kills, given.decisions)

        def two_on_sqlite() -> str:
            return two_servers("sqlite", *sqlite("two"), given.decisions)

        def two_on_postgres() -> str:
            with postgres() as database:
                url = database.new_database()
                var = folder / "pgtwo"
                var.mkdir()
                return two_servers("postgresql", url, var, fill(url, REPORTS, PEOPLE, assessor), given.decisions)

        def bundle() -> str:
            url, var, filled = sqlite("bundle-of")
            return corrupt_bundle(var, url, filled)

        faults: dict[str, Callable[[], str]] = {
            "disk": lambda: full_disk(folder / "disk", assessor),
            "postgres": lambda: postgres_away(folder / "away", assessor, 3),
            "bundle": bundle,
            "clock": lambda: clock_jumps(folder / "clock-of", assessor),
            "two-sqlite": two_on_sqlite,
            "two-postgres": two_on_postgres,
            "kill-postgres": postgres_killed,
            "kill-sqlite": sqlite_killed,
        }
        wanted = given.only.split(",") if given.only else list(faults)
        for name in wanted:
            began = time.monotonic()
            try:
                seen, verdict = faults[name](), "holds"
                if seen.startswith("SKIPPED"):
                    verdict = "not run"
            except Exception as fault:  # the others are still worth running
                bad += 1
                seen, verdict = f"{type(fault).__name__}: {fault}", "FAILS"
            console.print(f"{name}: {verdict} ({time.monotonic() - began:.0f} s). {seen}", highlight=False)
            table.add_row(name, verdict, seen)
    console.print(table)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
