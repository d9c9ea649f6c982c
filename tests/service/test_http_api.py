"""The HTTP API on the bundle that ships."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.requests import Request

from models.assessor import Assessor
from models.contracts import Assessment, Report
from nlp.text import MAX_CHARACTERS
from service.api import batches
from service.app import create_app
from service.assessing import AssessFailed, Assessing
from service.decisions import DecisionIn, Outcome
from service.policy import POLICY, AccountRole
from service.problems import Problem
from service.settings import Settings
from service.store import Store
from service.store.tables import AuditRow

SECRET = "Wisteria"  # stands in for a word of a report that must never come back in an error or a log


@pytest.fixture
def key(make_key: Callable[[], dict[str, str]]) -> dict[str, str]:
    return make_key()


def test_one_report(client: TestClient, key: dict[str, str], stalked: str, store: Store) -> None:
    answer = client.post("/v1/assess", json={"reference": "A1", "text": stalked}, headers=key)
    assert answer.status_code == 200
    assessment = Assessment.model_validate_json(answer.content)
    assert assessment.reference == "A1" and assessment.evidence
    for span in (*assessment.evidence, *assessment.entities, *assessment.occasions.timeline):
        assert stalked[span.start : span.end] == span.quote
    with store.read() as session:
        last = session.query(AuditRow).order_by(AuditRow.seq.desc()).first()
    assert last and (last.action, last.detail) == ("report.assessed", '{"bad": 0, "reports": 1}')
    assert last.actor.startswith("key:") and "A1" not in last.subject


def test_the_same_report_gets_the_same_answer_alone_and_in_a_batch(
    client: TestClient, key: dict[str, str], stalked: str, quarrel: str
) -> None:
    reports = [{"reference": str(n), "text": text} for n, text in enumerate((stalked, quarrel))]
    alone = [client.post("/v1/assess", json=report, headers=key).json() for report in reports]
    batch = client.post("/v1/assess/batch", json=reports, headers=key).json()
    assert batch["errors"] == []
    for one, other in zip(alone, batch["assessments"], strict=True):
        assert one["reference"] == other["reference"]
        assert one["probability"] == pytest.approx(other["probability"], abs=0.02)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"", 422, "not JSON"),
        (b'{"reference": "A", "text": "Wisteria', 422, "not JSON"),
        (b'{"reference": "A", "text": Wisteria}', 422, "fault at column"),
        (b"[1]", 422, "not a JSON object"),
        (b'"Wisteria"', 422, "not a JSON object"),
        (b'{"text": "Wisteria"}', 422, "reference is missing"),
        (b'{"reference": "A"}', 422, "text is missing"),
        (b'{"reference": "A", "text": ""}', 422, "empty or blank"),
        (b'{"reference": "A", "text": " \\n\\t "}', 422, "empty or blank"),
        (b'{"reference": "A", "text": 7}', 422, "text: "),
        (b'{"reference": "A", "text": "Wisteria\\u0000"}', 422, "NUL character at offset 8"),
        (b'{"reference": "A", "text": "Wisteria\\ud800"}', 422, "not JSON"),
        (b'{"reference": "A", "text": "Wisteria \xff"}', 422, "invalid UTF-8 at byte 38"),
        (b'{"reference": "A", "text": "x", "colour": "Wisteria"}', 422, "unknown field colour"),
        (b'{"reference": "A", "text": "x", "Wisteria said so": 1}', 422, "unknown field"),
        (b'{"reference": "A", "text": "x", "recorded_offence": "Wisteria"}', 422, "recorded_offence"),
        (b'{"reference": "A", "text": "x", "reported_at": "Wisteria"}', 422, "reported_at"),
        (b'{"reference": "A", "text": "x", "reported_at": 20260604}', 422, "reported_at: write it as 2026-06-04"),
        (b'{"reference": "A", "text": "x", "occurred_to": "20260604"}', 422, "occurred_to: write it as"),
        (b'{"reference": "A", "text": "x", "reported_at": "9999-12-31T23:59:59-23:00"}', 422, "year"),
        (b'{"reference": "", "text": "x"}', 422, "reference"),
        (b'{"reference": "Wisteria\\u0000", "text": "x"}', 422, "reference holds a NUL"),
        (b'{"reference": "A", "text": "x", "source": "Wisteria\\u0000"}', 422, "source holds a NUL"),
        (b'{"reference": "A", "text": "x", "reported_at": "0007-01-01"}', 422, "year"),
        (json.dumps({"reference": "A", "text": SECRET * 10_000}).encode(), 413, f"the limit is {MAX_CHARACTERS:,}"),
        (b'{"reference": "A", "text": "' + b"Wisteria" * 200_000 + b'"}', 413, "over 1,048,576 bytes"),
    ],
)
def test_bad_input_gets_one_clear_message(
    client: TestClient, key: dict[str, str], body: bytes, status: int, says: str
) -> None:
    answer = client.post("/v1/assess", content=body, headers={**key, "Content-Type": "application/json"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert says in problem["detail"] and problem["status"] == status
    assert SECRET not in answer.text


def test_a_body_is_refused_while_it_is_read(client: TestClient, key: dict[str, str]) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        while sent < 50_000_000:
            sent += 65_536
            yield b"a" * 65_536

    answer = client.post("/v1/assess", content=endless(), headers={**key, "Content-Type": "application/json"})  # type: ignore[arg-type]
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", ""])
def test_other_content_types_are_refused(client: TestClient, key: dict[str, str], kind: str) -> None:
    for path in ("/v1/assess", "/v1/assess/batch"):
        assert client.post(path, content=b"{}", headers={**key, "Content-Type": kind}).status_code == 415


def test_lines_keep_the_good_and_name_the_bad(
    client: TestClient, key: dict[str, str], stalked: str, quarrel: str
) -> None:
    good = [
        json.dumps({"reference": name, "text": text}).encode()
        for name, text in (("A", stalked), ("B", quarrel), ("C", "Ok."))
    ]
    lines = [
        b"\xef\xbb\xbf" + good[0],
        b"Wisteria",
        b"",
        good[1] + b"\r",
        b'{"reference": "\xff", "text": "Wisteria"}',
        good[2],
    ]
    answer = client.post(
        "/v1/assess/batch", content=b"\n".join(lines), headers={**key, "Content-Type": "application/x-ndjson"}
    )
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/x-ndjson")
    found = [json.loads(line) for line in answer.text.splitlines()]
    assert [entry.get("reference") for entry in found] == ["A", None, "B", None, "C"]
    assert [entry["error"]["line"] for entry in found if "error" in entry] == [2, 5]
    assert "invalid UTF-8" in found[3]["error"]["message"] and SECRET not in answer.text


def test_a_list_keeps_the_good_and_names_the_bad(client: TestClient, key: dict[str, str], stalked: str) -> None:
    items = [
        {"reference": "A", "text": stalked},
        {"reference": "B", "text": " "},
        7,
        {"reference": "C", "text": "x" * 50_001},
    ]
    answer = client.post("/v1/assess/batch", json=items, headers=key).json()
    assert [a["reference"] for a in answer["assessments"]] == ["A"]
    assert [e["item"] for e in answer["errors"]] == [2, 3, 4]


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[]", "application/json", 422),
        (b"", "application/x-ndjson", 422),
        (b'{"reference": "Wisteria"}', "application/json", 422),
        (b"[Wisteria]", "application/json", 422),
        (b'["\xff"]', "application/json", 422),
        (b"[" + b",".join([b"1"] * 1001) + b"]", "application/json", 413),
        (b"1\n" * 1001, "application/x-ndjson", 413),
    ],
)
def test_bad_batches_are_refused_whole(
    client: TestClient, key: dict[str, str], body: bytes, kind: str, status: int
) -> None:
    answer = client.post("/v1/assess/batch", content=body, headers={**key, "Content-Type": kind})
    assert answer.status_code == status and SECRET not in answer.text


@pytest.mark.parametrize(("kind", "assessed"), [("application/json", 16), ("application/x-ndjson", 0)])
def test_an_abandoned_batch_stops_frees_its_place_and_is_on_the_record(
    client: TestClient, key: dict[str, str], store: Store, kind: str, assessed: int
) -> None:
    lines = [json.dumps({"reference": str(n), "text": "He rang."}) for n in range(60)]
    body = f"[{','.join(lines)}]" if kind == "application/json" else "\n".join(lines)
    headers = {**key, "Content-Type": kind, "Host": "localhost"}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "method": "POST",
        "path": "/v1/assess/batch",
        "query_string": b"",
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    messages = iter([{"type": "http.request", "body": body.encode()}])

    async def receive() -> dict[str, object]:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: object) -> None:
        pass

    assert client.portal
    client.portal.call(client.app, scope, receive, send)
    assert client.app.state.assessing._batches == 0  # type: ignore[attr-defined]
    with store.read() as session:
        last = session.query(AuditRow).order_by(AuditRow.seq.desc()).first()
    assert last and (last.action, last.detail) == ("batch.cut_short", f'{{"assessed": {assessed}}}')


@pytest.mark.parametrize("path", ["/v1/assess/batch", "/v1/reports/batch"])
def test_a_full_service_refuses_a_batch_before_it_reads_it(
    client: TestClient, key: dict[str, str], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(self: Request) -> bytes:
        raise AssertionError("the body was read")

    monkeypatch.setattr(Request, "body", body)
    client.app.state.assessing._batch_limit = 0  # type: ignore[attr-defined]
    answer = client.post(path, content=b"[Wisteria", headers={**key, "Content-Type": "application/json"})
    assert answer.status_code == 503 and answer.headers["retry-after"]


def test_a_batch_that_does_not_arrive_gives_its_place_back(
    client: TestClient, key: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def body(self: Request) -> bytes:
        assert client.app.state.assessing._batches == 1  # type: ignore[attr-defined]
        await asyncio.sleep(60)
        return b""

    monkeypatch.setattr(batches, "_ARRIVES_WITHIN", 0.01)
    monkeypatch.setattr(Request, "body", body)
    answer = client.post("/v1/assess/batch", content=b"[]", headers={**key, "Content-Type": "application/json"})
    assert answer.status_code == 408 and "did not arrive" in answer.json()["detail"]
    assert client.app.state.assessing._batches == 0  # type: ignore[attr-defined]


@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=400).filter(str.strip))
def test_any_text_is_read_and_its_offsets_are_exact(client: TestClient, key: dict[str, str], text: str) -> None:
    answer = client.post("/v1/assess", json={"reference": "A", "text": text}, headers=key)
    assert answer.status_code == 200
    assessment = Assessment.model_validate_json(answer.content)
    for span in (*assessment.evidence, *assessment.entities, *assessment.occasions.timeline):
        assert text[span.start : span.end] == span.quote


def test_health_and_readiness(client: TestClient, reader: Assessor) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "model": reader.info.model_dump()}


def test_not_ready_without_a_bundle(
    settings: Settings, store: Store, tmp_path: Path, make_key: Callable[[], dict[str, str]]
) -> None:
    settings = settings.model_copy(update={"bundle": tmp_path / "nowhere"})
    headers = make_key()
    with TestClient(create_app(settings, store=store), base_url="http://localhost") as client:
        assert client.get("/healthz").status_code == 200
        answer = client.get("/readyz")
        assert answer.status_code == 503 and "nowhere" in answer.json()["detail"] and answer.headers["retry-after"]
        assert client.post("/v1/assess", json={"reference": "A", "text": "x"}, headers=headers).status_code == 503


def test_not_ready_when_the_database_is_behind(client: TestClient, store: Store) -> None:
    store.downgrade("base")
    answer = client.get("/readyz")
    assert answer.status_code == 503 and "revision" in answer.json()["detail"]


def test_the_openapi_document_describes_every_api_route(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    wanted = {path for _, path in POLICY if path.startswith("/v1/")} | {"/healthz", "/readyz"}
    assert set(document["paths"]) == wanted
    text = json.dumps(document)
    for used in set(re.findall(r'"#/components/schemas/(\w+)"', text)):
        assert used in document["components"]["schemas"], used


def test_the_document_says_of_each_outcome_what_goes_with_it(client: TestClient) -> None:
    """A program that fills in what the document asks for, and no more, is never refused for how a decision hangs together."""
    kinds = client.get("/openapi.json").json()["components"]["schemas"]["DecisionIn"]["anyOf"]
    assert {kind["properties"]["outcome"]["const"] for kind in kinds} == set(Outcome)
    for kind in kinds:
        decision = {"expected_version": 0, "idempotency_key": "abcdefgh"}
        for name in set(kind["required"]) - set(decision):
            asked = kind["properties"][name]
            decision[name] = asked.get("const", asked.get("enum", ["words"])[0])
        DecisionIn.model_validate(decision)
        assert set(decision) == set(kind["required"])


def test_no_text_in_the_logs(client: TestClient, key: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/assess", json={"reference": f"A {SECRET}", "text": f"{SECRET} followed me"}, headers=key)
        client.post(
            "/v1/assess", content=f'{{"text": "{SECRET}'.encode(), headers={**key, "Content-Type": "application/json"}
        )
        client.get(f"/{SECRET}?q={SECRET}", headers={"Accept": "text/html"})
    ours = [r for r in caplog.records if not r.name.startswith("httpx")]
    assert any(r.name == "foursight.access" for r in ours)
    assert SECRET not in " ".join(f"{r.getMessage()} {getattr(r, 'fields', '')}" for r in ours)


class _Slow:
    """The real reader behind a gate, so that a test decides when it answers."""

    def __init__(self, reader: Assessor) -> None:
        self.info = reader.info
        self.reader = reader
        self.gate = threading.Event()
        self.sizes: list[int] = []

    def assess_many(self, reports: Sequence[Report]) -> list[Assessment]:
        self.gate.wait(10)
        self.sizes.append(len(reports))
        if any("poison" in report.text for report in reports):
            raise RuntimeError("Wisteria")
        return self.reader.assess_many(reports)


def _report(number: int, text: str = "He rang.") -> Report:
    return Report(reference=str(number), text=text)


def test_waiting_reports_share_a_pass_and_beyond_the_limit_is_503(reader: Assessor) -> None:
    async def scenario() -> None:
        slow = _Slow(reader)
        assessing = Assessing(slow, Settings(queue_limit=20, micro_batch=16, micro_wait_ms=20, batch_limit=1))
        assessing.start()
        waiting = [asyncio.create_task(assessing.one(_report(n))) for n in range(16)]
        await asyncio.sleep(0.1)  # the first pass now waits at the gate
        waiting += [asyncio.create_task(assessing.one(_report(n))) for n in range(16, 36)]
        await asyncio.sleep(0)
        with pytest.raises(Problem) as full:
            await assessing.one(_report(99))
        assert full.value.status == 503 and full.value.headers["Retry-After"]
        async with assessing.batch():
            with pytest.raises(Problem):
                async with assessing.batch():
                    pass
        slow.gate.set()
        found = await asyncio.gather(*waiting)
        assert [a.reference for a in found] == [str(n) for n in range(36)]
        assert slow.sizes == [16, 16, 4]
        await assessing.stop()

    asyncio.run(scenario())


def test_one_report_that_fails_takes_no_other_with_it(reader: Assessor) -> None:
    async def scenario() -> None:
        slow = _Slow(reader)
        slow.gate.set()
        assessing = Assessing(slow, Settings(micro_wait_ms=20))
        assessing.start()
        texts = ["He rang.", "poison", "He rang again."]
        found = await asyncio.gather(
            *(assessing.one(_report(n, t)) for n, t in enumerate(texts)), return_exceptions=True
        )
        assert isinstance(found[1], AssessFailed)
        assert [a.reference for a in found if isinstance(a, Assessment)] == ["0", "2"]
        await assessing.stop()

    asyncio.run(scenario())


def test_a_fault_of_ours_is_a_500_that_says_nothing(
    settings: Settings,
    store: Store,
    reader: Assessor,
    make_key: Callable[[AccountRole], dict[str, str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    slow = _Slow(reader)
    slow.gate.set()
    headers = make_key(AccountRole.DATA_SCIENTIST)
    with TestClient(create_app(settings, slow, store), base_url="http://localhost") as client:
        answer = client.post("/v1/assess", json={"reference": "A", "text": "poison"}, headers=headers)
        store.downgrade("base")
        broken = client.post("/v1/assess", json={"reference": "A", "text": "poison"}, headers=headers)
    assert answer.status_code == broken.status_code == 500
    assert SECRET not in answer.text + broken.text + caplog.text
