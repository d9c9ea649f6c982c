"""What running it needs: rate limits, metrics, and a model that is changed while requests come in."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError
from starlette.types import Message, Receive, Scope, Send

from models.assessor import Assessor
from models.bundle import DEFAULT_BUNDLE, open_bundle, seal_bundle
from service import auth
from service.app import answer, create_app
from service.audit import COMMAND_LINE
from service.middleware import Recover
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.tables import AuditRow

REPORT = {"reference": "R1", "text": "He waited outside the unmistakable zebra house again, the third time this week."}


def _key(store: Store, role: AccountRole = AccountRole.RECORDING_SYSTEM) -> dict[str, str]:
    with store.write() as session:
        return {"Authorization": f"Bearer {auth.add_key(session, f'of {role.value}', role, COMMAND_LINE)}"}


@pytest.fixture
def strict(settings: Settings, store: Store, reader: Assessor) -> Iterator[TestClient]:
    few = settings.model_copy(update={"rate_limit": 5, "sign_in_limit": 3})
    with TestClient(create_app(few, reader, store), base_url="http://localhost", follow_redirects=False) as client:
        yield client


def test_a_caller_over_the_rate_is_told_when_to_come_back(strict: TestClient, store: Store) -> None:
    first, second = _key(store), _key(store, AccountRole.ADMINISTRATOR)
    answers = [strict.get("/v1/model", headers=first) for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert strict.get("/v1/model", headers=second).status_code == 200, "one caller's rate is not another's"


def test_wrong_keys_and_sign_ins_of_one_address_are_few(strict: TestClient) -> None:
    wrong = {"Authorization": "Bearer fsk_0123_wrong"}
    assert [strict.post("/v1/assess", headers=wrong).status_code for _ in range(4)] == [401] * 3 + [429]
    assert strict.post("/sign-in", data={"name": "ann"}).status_code == 429, "the same address, the same count"
    assert strict.get("/sign-in").status_code == 200


def test_metrics_count_routes_and_passes_and_hold_no_text(client: TestClient, store: Store) -> None:
    assert client.post("/v1/assess", json=REPORT, headers=_key(store)).status_code == 200
    client.request("BREW", "/nowhere/zebra")
    page = client.get("/metrics", headers=_key(store, AccountRole.ADMINISTRATOR)).text
    assert "zebra" not in page and "BREW" not in page and "R1" not in page
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert samples["foursight_requests_total", "/v1/assess", "200", "POST"] == 1
    assert samples["foursight_reports_read_total",] == 1
    assert samples["foursight_reports_waiting",] == 0
    assert any(name[0] == "foursight_model_info" for name in samples)


def _bundle(folder: Path, version: str) -> Path:
    """The shipped bundle under another version: its card says so, so that its digest differs."""
    shutil.copytree(DEFAULT_BUNDLE, folder, copy_function=_link)
    card, manifest = folder / "model-card.md", open_bundle(DEFAULT_BUNDLE)
    words = card.read_text(encoding="utf-8") + f"\n{version}\n"
    card.unlink()
    card.write_text(words, encoding="utf-8")
    (folder / "manifest.json").unlink()
    kept = manifest.model_dump(exclude={"format", "token_groups", "document_groups", "files", "version"})
    seal_bundle(folder, version=version, **kept)
    return folder


def _link(source: str, target: str) -> None:
    Path(target).hardlink_to(source)


@pytest.fixture
def pointed(
    tmp_path: Path, settings: Settings, store: Store, reader: Assessor
) -> Iterator[tuple[TestClient, Callable[[str], None]]]:
    """A service whose bundle is named by a pointer file, and what writes that file."""
    pointer = tmp_path / "current"

    def point(words: str) -> None:
        draft = tmp_path / "current.new"
        draft.write_text(words + "\n", encoding="utf-8")
        draft.replace(pointer)

    point(str(DEFAULT_BUNDLE))
    own = settings.model_copy(update={"bundle": pointer, "bundle_watch_seconds": 0.05, "threads": 1})
    with TestClient(create_app(own, reader, store, watch=True), base_url="http://localhost") as client:
        yield client, point


def test_a_new_model_takes_over_without_dropping_a_request(
    pointed: tuple[TestClient, Callable[[str], None]], tmp_path: Path, store: Store
) -> None:
    client, point = pointed
    headers, statuses, versions = _key(store), [], []
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            answer = client.post("/v1/assess", json=REPORT, headers=headers)
            statuses.append(answer.status_code)
            versions.append(answer.json()["model"]["version"])

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        _bundle(tmp_path / "next", "next")
        point("next")  # relative to the pointer
        until = time.monotonic() + 20
        while "next" not in versions and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        done.set()
        asking.join()
    assert set(statuses) == {200} and versions[-1] == "next"
    assert versions == sorted(versions, key=lambda version: version == "next"), "never back"


def test_a_damaged_bundle_is_refused_and_the_old_model_stays(
    pointed: tuple[TestClient, Callable[[str], None]], tmp_path: Path, store: Store
) -> None:
    client, point = pointed
    operator = _key(store, AccountRole.ADMINISTRATOR)
    before = client.get("/v1/model", headers=operator).json()
    assert client.post("/v1/model/reload", headers=operator).json()["outcome"] == "unchanged"
    folder = _bundle(tmp_path / "bad", "bad")
    (folder / "decision.json").unlink()
    (folder / "decision.json").write_text("{}", encoding="utf-8")
    point("bad")
    answer = client.post("/v1/model/reload", headers=operator)
    assert answer.status_code == 409 and "decision.json is damaged" in answer.json()["detail"]
    point("nowhere")
    assert client.post("/v1/model/reload", headers=operator).status_code == 409
    assert client.get("/v1/model", headers=operator).json() == before
    assert client.post("/v1/assess", json=REPORT, headers=_key(store)).status_code == 200
    with store.read() as session:
        details = [row.detail for row in session.query(AuditRow).filter(AuditRow.action == "model.reloaded")]
    assert sum("refused" in detail for detail in details) == 2


def test_every_test_that_the_asvs_page_names_is_there() -> None:
    root = Path(__file__).parents[2]
    named = set(re.findall(r"`(test_\w+)`", (root / "docs" / "asvs.md").read_text(encoding="utf-8")))
    written = "".join(path.read_text(encoding="utf-8") for path in (root / "tests").rglob("test_*.py"))
    assert named and not [name for name in named if f"def {name}(" not in written]


# How many requirements each section of ASVS 4.0.3 has up to level 2, chapters 2 to 14, less those it deleted or asks of level 3 only.
_SECTIONS = {
    "2": (12, 7, 3, 5, 7, 3, 6, 7, 3, 4), "3": (1, 4, 4, 5, 3, 0, 1), "4": (5, 2, 3), "5": (5, 8, 10, 3, 4), "6": (3, 6, 2, 2),
    "7": (4, 2, 4, 3), "8": (4, 3, 8), "9": (3, 4), "10": (1, 2, 3), "11": (8,), "12": (3, 1, 6, 2, 2, 1), "13": (5, 6, 2, 2),
    "14": (4, 6, 3, 7, 4),
}  # fmt: skip
_NOT_ASKED = {"4.1.4", "7.3.2", "13.1.2", "13.2.4", "14.3.1"}


def test_every_item_of_level_two_is_on_the_asvs_page() -> None:
    page = (Path(__file__).parents[2] / "docs" / "asvs.md").read_text(encoding="utf-8")
    on_it: list[str] = []
    for row in re.findall(r"^\| (\d.*?) \|", page, re.MULTILINE):
        for first, last in re.findall(r"(\d+(?:\.\d+)+)(?: to (\d+(?:\.\d+)+))?", row):
            stem, _, low = first.rpartition(".")
            on_it += [f"{stem}.{n}" for n in range(int(low), int((last or first).rpartition(".")[2]) + 1)]
    wanted = {
        f"{c}.{s}.{n}" for c, sizes in _SECTIONS.items() for s, size in enumerate(sizes, 1) for n in range(1, size + 1)
    } - _NOT_ASKED
    covered = {item for item in wanted if item in on_it or item.rpartition(".")[0] in on_it}
    assert sorted(wanted - covered) == []


def test_a_refused_method_names_those_that_the_address_takes(client: TestClient) -> None:
    answer = client.request("PUT", f"/v1/reports/{'0' * 32}/claim")
    assert answer.status_code == 405 and answer.headers["allow"] == "DELETE, POST"


def test_a_database_that_is_away_is_503(client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = _key(store)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(auth, "by_key", away)
    answer = client.post("/v1/assess", json=REPORT, headers=headers)
    assert answer.status_code == 503 and answer.headers["retry-after"]


def test_stopping_lets_model_and_connections_go_whatever_the_last_write_meets(
    settings: Settings, reader: Assessor, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("INSERT", {}, Exception("away"))

    app = create_app(settings, reader, store)
    with pytest.raises(OperationalError), TestClient(app, base_url="http://localhost") as client:
        assert client.get("/readyz").status_code == 200
        worker = app.state.assessing._worker
        monkeypatch.setattr(app.state.refusals, "write", away)
    assert app.state.assessing is None and worker.done()
    assert store.engine.pool.checkedin() == store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_a_request_cut_off_by_the_end_of_the_service_is_503_and_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def scenario() -> None:
        scope = {"type": "http", "path": "/v1/assess", "headers": [], "method": "POST"}
        task = asyncio.create_task(Recover(endless, answer)(scope, receive, send))
        await asyncio.sleep(0)
        task.cancel()
        await task

    asyncio.run(scenario())
    assert sent[0]["status"] == 503 and (b"retry-after", b"10") in sent[0]["headers"]
    assert b"the service is stopping" in sent[1]["body"] and not caplog.records
