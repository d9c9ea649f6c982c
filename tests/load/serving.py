"""What load, faults and hostile input share: the real server in a process of its own, a PostgreSQL server to stop and start, a filled store."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from sqlalchemy import create_engine, text

from models.assessor import Assessor
from models.contracts import Report
from service import auth
from service.audit import COMMAND_LINE
from service.policy import AccountRole
from service.store import Store
from service.store.reports import keep_assessment, keep_report

COMMAND = [sys.executable, "-m", "service.cli"]
STORY = (
    "My former partner has waited outside my work most days since May. I told him to stop and blocked him, but he rings from "
    "new numbers every night. On 3 June he followed me home and sat in his car outside. I am frightened."
)


@dataclass
class Server:
    """One ``foursight serve``. It may be killed and started again on the same database."""

    url: str
    var: Path
    more: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        ours = {
            "FOURSIGHT_VAR": str(self.var),
            "FOURSIGHT_DATABASE_URL": self.url,
            "FOURSIGHT_RATE_LIMIT": "0",
            "FOURSIGHT_SIGN_IN_LIMIT": "0",
            "HF_HUB_OFFLINE": "1",
        }
        return {**os.environ, **ours, **self.more}

    def start(self, seconds: float = 120) -> float:
        """Start it and wait until it is ready; gives the seconds that took."""
        began = time.monotonic()
        self.process = subprocess.Popen(
            [*COMMAND, "serve", "--port", "0"],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=(self.var / "log").open("a"),
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server did not start (exit code {self.process.wait()}); see {self.var / 'log'}")
        self.address = next(word for word in line.split() if word.startswith("http"))
        while time.monotonic() - began < seconds:
            try:
                if httpx.get(f"{self.address}/readyz", timeout=5).status_code == 200:
                    return time.monotonic() - began
            except httpx.HTTPError:
                pass
            time.sleep(0.02)
        raise RuntimeError("the server did not become ready")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; gives its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def log(self) -> str:
        return (self.var / "log").read_text(encoding="utf-8")


@contextmanager
def serving(url: str, var: Path, **more: str) -> Iterator[Server]:
    var.mkdir(parents=True, exist_ok=True)
    server = Server(url, var, more)
    server.start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill()


@dataclass
class Postgres:
    """A PostgreSQL server of our own, on a socket in a folder of its own, with its safety (fsync) on."""

    folder: Path
    binaries: Path

    def _call(self, program: str, *arguments: str) -> None:
        as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run(
            [*as_postgres, str(self.binaries / program), *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )

    def make(self) -> None:
        self._call("initdb", "-D", str(self.folder / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8")

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=150"
        data = str(self.folder / "data")
        self._call("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self, mode: str = "immediate") -> None:
        """``immediate`` is as good as a crash: it writes nothing more."""
        self._call("pg_ctl", "-D", str(self.folder / "data"), "-m", mode, "stop")

    def new_database(self) -> str:
        address, name = f"postgresql+psycopg://postgres@/{{}}?host={self.folder}", f"t{uuid.uuid4().hex[:12]}"
        engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return address.format(name)


@contextmanager
def postgres() -> Iterator[Postgres]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed (on Debian: apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="fspg", dir="/tmp"))  # short: a socket's path has a limit
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    server = Postgres(folder, found[-1].parent)
    server.make()
    server.start()
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Filled:
    """A store made ready: ids of its reports, and the header of a key for each person and system."""

    ids: list[str]
    people: list[dict[str, str]]
    system: dict[str, str]


def fill(url: str, reports: int, people: int, assessor: Assessor) -> Filled:
    """Keep ``reports`` assessed reports and make ``people`` reviewers, each with a key. One text, read once: filling is not what is measured."""
    store = Store(url)
    store.upgrade()
    first = assessor.assess(Report(reference="R0", text=f"{STORY} Ref 0."))
    ids = []
    with store.write() as session:
        for number in range(reports):
            reference = f"R{number}"
            revision, _ = keep_report(session, Report(reference=reference, text=f"{STORY} Ref {number}."))
            keep_assessment(session, revision.id, first.model_copy(update={"reference": reference}))
            ids.append(revision.report_id)
    keys = []
    for number in range(people):
        with store.write() as session:
            name = f"person.{number}"
            auth.add_account(session, name, AccountRole.REVIEWER, "correct horse battery", COMMAND_LINE)
            keys.append(_header(auth.add_personal_key(session, f"key {number}", name, COMMAND_LINE)))
    with store.write() as session:
        system = _header(auth.add_key(session, "system", AccountRole.RECORDING_SYSTEM, COMMAND_LINE))
    store.close()
    return Filled(ids, keys, system)


def _header(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fsload") as folder:
        yield Path(folder)
