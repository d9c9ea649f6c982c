"""What the service's tests share: the shipped bundle, a store on SQLite and on PostgreSQL, a running application."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine, text

from models.assessor import Assessor
from models.contracts import Report
from service import auth
from service.app import create_app
from service.audit import COMMAND_LINE
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.reports import keep_assessment, keep_report

PASSWORD = "correct horse battery"

STALKED = (
    "My ex-husband Tom has been outside my work most days since May. I blocked him in April and told him to stop, "
    "but he texts from new numbers every night. On 3 June he followed me home and sat in his car outside. I am frightened."
)
QUARREL = (
    "A man I do not know shouted at me over a parking space on Tuesday. He drove off. I had never seen him before."
)


@pytest.fixture(scope="session")
def reader() -> Assessor:
    """The bundle that ships, as every user gets it."""
    return Assessor.load(threads=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(var=tmp_path / "var", lock_after=3, micro_wait_ms=1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a throw-away PostgreSQL server on a socket of its own."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        reason = "PostgreSQL is not installed (apt-get install postgresql)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    binaries = found[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="fspg", dir="/tmp"))  # short: a socket's path has a limit
    as_postgres: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
        as_postgres = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"

    def call(*command: str) -> None:
        subprocess.run([*as_postgres, *command], check=True, cwd=folder, stdout=subprocess.DEVNULL)

    call(str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    call(str(binaries / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://postgres@/{{}}?host={folder}"
    finally:
        call(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    address: str = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex[:12]}"
    engine = create_engine(address.format("postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return address.format(name)


@pytest.fixture
def any_store(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    store.upgrade()
    yield store
    store.close()


@pytest.fixture
def store(settings: Settings) -> Iterator[Store]:
    store = Store(settings.url)
    store.upgrade()
    yield store
    store.close()


@pytest.fixture
def client(settings: Settings, store: Store, reader: Assessor) -> Iterator[TestClient]:
    with TestClient(create_app(settings, reader, store), base_url="http://localhost", follow_redirects=False) as found:
        yield found


@pytest.fixture
def make_key(store: Store) -> Callable[[AccountRole], dict[str, str]]:
    """The header that a system of a role sends."""

    def make(role: AccountRole = AccountRole.RECORDING_SYSTEM) -> dict[str, str]:
        name = f"test.{uuid.uuid4().hex[:8]}"
        with store.write() as session:
            if role in (AccountRole.REVIEWER, AccountRole.QA_LEAD):  # a person's own key
                auth.add_account(session, name, role, PASSWORD, COMMAND_LINE)
                key = auth.add_personal_key(session, name, name, COMMAND_LINE)
            else:
                key = auth.add_key(session, name, role, COMMAND_LINE)
        return {"Authorization": f"Bearer {key}"}

    return make


@pytest.fixture
def sign_in(client: TestClient, store: Store) -> Callable[[AccountRole], None]:
    """Sign the client in as a new person of a role, by the form."""

    def enter(role: AccountRole = AccountRole.REVIEWER) -> None:
        name = f"{role.value}.{uuid.uuid4().hex[:6]}"
        with store.write() as session:
            auth.add_account(session, name, role, PASSWORD, COMMAND_LINE)
        client.cookies.clear()
        page = client.get("/sign-in").text
        token = re.search(r'name="token" value="([0-9a-f]{64})"', page)
        assert token
        answer = client.post("/sign-in", data={"name": name, "password": PASSWORD, "token": token[1]})
        assert answer.status_code == 303, answer.text
        if role in (AccountRole.REVIEWER, AccountRole.QA_LEAD):
            # Past the note on what reports may hold; a test of its own asks for it.
            token = re.search(r'name="token" value="([0-9a-f]{64})"', client.get("/account").text)
            assert token and client.post("/content-note", data={"token": token[1]}).status_code == 303

    return enter


@pytest.fixture
def keep(store: Store, reader: Assessor) -> Callable[..., str]:
    """Keep and assess a report; gives its opaque id."""

    def put(reference: str, text: str, **more: object) -> str:
        report = Report.model_validate({"reference": reference, "text": text, **more})
        assessment = reader.assess(report)
        with store.write() as session:
            revision, _ = keep_report(session, report)
            keep_assessment(session, revision.id, assessment)
            return revision.report_id

    return put


@pytest.fixture
def stalked() -> str:
    return STALKED


@pytest.fixture
def quarrel() -> str:
    return QUARREL


@pytest.fixture
def password() -> str:
    return PASSWORD
