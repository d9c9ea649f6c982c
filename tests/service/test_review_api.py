"""The queue and decisions over HTTP, by people with their own keys; reports in and decisions out, by a recording system."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.policy import AccountRole
from service.store import Store
from service.store.tables import AuditRow

Headers = dict[str, str]
MakeKey = Callable[[AccountRole], Headers]


@pytest.fixture
def system(make_key: MakeKey) -> Headers:
    return make_key(AccountRole.RECORDING_SYSTEM)


@pytest.fixture
def ann(make_key: MakeKey) -> Headers:
    return make_key(AccountRole.REVIEWER)


@pytest.fixture
def bob(make_key: MakeKey) -> Headers:
    return make_key(AccountRole.REVIEWER)


ADDED = {"action": "added", "code": "impact", "start": 0, "end": 5}


def decision(version: int, **more: object) -> dict[str, Any]:
    return {
        "outcome": "record_as_stalking",
        "offence": "s2A",
        "reason": "course_of_conduct",
        "expected_version": version,
        "idempotency_key": uuid.uuid4().hex,
    } | more


def test_a_report_comes_in_once_and_a_changed_text_is_a_revision(
    client: TestClient, system: Headers, stalked: str, quarrel: str
) -> None:
    sent = {"reference": "A1", "text": stalked, "recorded_offence": "harassment"}
    first = client.post("/v1/reports", json=sent, headers=system)
    again = client.post("/v1/reports", json=sent, headers=system)
    changed = client.post("/v1/reports", json={**sent, "text": quarrel}, headers=system)
    assert [a.status_code for a in (first, again, changed)] == [201, 200, 200]
    assert [a.json()["outcome"] for a in (first, again, changed)] == ["created", "unchanged", "revised"]
    assert first.json()["id"] == changed.json()["id"] and changed.json()["revision"] == 2
    assert first.json()["probability"] == again.json()["probability"] > changed.json()["probability"]
    assert stalked not in first.text


@pytest.mark.parametrize("kind", ["application/json", "application/x-ndjson"])
def test_a_batch_keeps_the_good_and_names_the_bad(
    client: TestClient, system: Headers, ann: Headers, stalked: str, quarrel: str, kind: str
) -> None:
    items: list[dict[str, Any]] = [
        {"reference": "A1", "text": stalked},
        {"reference": "A2", "text": ""},
        {"reference": "A3", "text": quarrel},
        {"reference": "A1", "text": quarrel},
        {"reference": "A3", "text": quarrel},
    ]
    body = json.dumps(items) if kind == "application/json" else "\n".join(map(json.dumps, items))
    for attempt in ("created", "unchanged"):
        answer = client.post("/v1/reports/batch", content=body, headers={**system, "Content-Type": kind})
        assert answer.status_code == 200
        if kind == "application/json":
            kept, bad = answer.json()["reports"], {e["item"]: e["message"] for e in answer.json()["errors"]}
        else:
            lines = [json.loads(line) for line in answer.text.splitlines()]
            assert ["error" in line for line in lines] == [False, True, False, True, False]
            kept = [line for line in lines if "error" not in line]
            bad = {line["error"]["line"]: line["error"]["message"] for line in lines if "error" in line}
        assert [k["reference"] for k in kept] == ["A1", "A3", "A3"]
        assert [k["outcome"] for k in kept] == [attempt, attempt, "unchanged"]
        assert "blank" in bad[2] and "same reference as line 1" in bad[4] and len(bad) == 2
    assert client.get("/v1/queue", headers=ann).json()["total"] == 2


def test_next_read_decide_and_the_recording_system_hears(
    client: TestClient, system: Headers, ann: Headers, bob: Headers, stalked: str, quarrel: str, store: Store
) -> None:
    for reference, text in (("A1", stalked), ("A2", quarrel)):
        client.post("/v1/reports", json={"reference": reference, "text": text}, headers=system)
    found = client.post("/v1/queue/next", headers=ann).json()
    assert (found["reference"], found["text"], found["version"]) == ("A1", stalked, 1)
    assert found["claimed_by"] and found["assessment"]["suggestion"] == "review_as_stalking"
    here = f"/v1/reports/{found['id']}"
    held = client.post(f"{here}/claim", headers=bob)
    assert held.status_code == 409 and held.json()["why"] == "claimed" and held.json()["when"]
    assert held.json()["who"] == found["claimed_by"]
    assert client.get("/v1/queue", params={"assigned": "me"}, headers=ann).json()["total"] == 1
    wanted = decision(1, note="Seen “twice”")
    made = client.post(f"{here}/decisions", json=wanted, headers=ann)
    again = client.post(f"{here}/decisions", json=wanted, headers=ann)
    assert (made.status_code, again.status_code) == (201, 200) and made.json() == again.json()
    late = client.post(f"{here}/decisions", json=decision(1), headers=bob)
    assert late.status_code == 409
    problem = late.json()
    assert (problem["why"], problem["who"], problem["version"]) == ("decided", found["claimed_by"], 2)
    assert problem["when"].startswith(made.json()["decided_at"][:19]) and stalked not in late.text
    assert client.get("/v1/queue", params={"status": "decided"}, headers=bob).json()["items"][0]["reference"] == "A1"
    assert [item["reference"] for item in client.get("/v1/queue", headers=bob).json()["items"]] == ["A2"]
    assert client.get("/v1/queue", params={"status": "any"}, headers=bob).json()["total"] == 2
    taken_back = client.post(
        f"{here}/withdrawals", json={"expected_version": 2, "idempotency_key": "undo-0001"}, headers=ann
    )
    assert taken_back.status_code == 201 and taken_back.json()["supersedes"] == made.json()["id"]
    history = client.get(f"{here}/history", headers=bob).json()
    assert [d["outcome"] for d in history["decisions"]] == ["record_as_stalking", "withdrawn"]
    assert history["in_force"] is None and history["looks"][-1]["action"] == "report.created"
    feed = client.get("/v1/decisions", params={"limit": 1}, headers=system).json()
    rest = client.get("/v1/decisions", params={"after": feed["cursor"]}, headers=system).json()
    assert [d["outcome"] for d in feed["decisions"] + rest["decisions"]] == ["record_as_stalking", "withdrawn"]
    assert "note" not in feed["decisions"][0] and feed["decisions"][0]["reference"] == "A1"
    assert client.get("/v1/decisions", params={"after": rest["cursor"]}, headers=system).json()["decisions"] == []
    with store.read() as session:
        actions = {row.action for row in session.query(AuditRow).filter(AuditRow.subject == found["id"])}
    assert actions == {
        "report.created",
        "report.claimed",
        "report.viewed",
        "report.decided",
        "decision.withdrawn",
        "report.history_viewed",
    }


def test_release_gives_the_report_to_the_next(
    client: TestClient, system: Headers, ann: Headers, bob: Headers, stalked: str
) -> None:
    client.post("/v1/reports", json={"reference": "A1", "text": stalked}, headers=system)
    found = client.post("/v1/queue/next", headers=ann).json()
    assert client.post("/v1/queue/next", headers=bob).status_code == 204
    assert client.delete(f"/v1/reports/{found['id']}/claim", headers=bob).status_code == 204
    assert client.post("/v1/queue/next", headers=bob).status_code == 204
    assert client.delete(f"/v1/reports/{found['id']}/claim", headers=ann).status_code == 204
    assert client.post("/v1/queue/next", headers=bob).json()["id"] == found["id"]


@pytest.mark.parametrize(
    ("changes", "status", "message"),
    [
        ({"outcome": "burn it"}, 422, "outcome"),
        ({"offence": None}, 422, "needs the offence"),
        ({"text": "He rang."}, 422, "unknown field text"),
        (
            {"corrections": [{"action": "removed", "code": "threat", "start": 0, "end": 1}]},
            422,
            "corrections.0.start: no",
        ),
        ({"corrections": [ADDED | {"code": "Wisteria"}]}, 422, "corrections.0.code: there is no such code"),
        ({"corrections": [ADDED, ADDED | {"start": 9}]}, 422, "corrections.1: end must be after start"),
        ({"corrections": [ADDED | {"start": -1}]}, 422, "corrections.0.start: "),
        ({"corrections": [ADDED | {"end": 5000}]}, 422, "corrections.0.end: it is after the end"),
        ({"corrections": [ADDED | {"quote": "Wisteria"}]}, 422, "corrections.0.quote: the text does not say"),
        ({"note": "a\0b"}, 422, "note: it holds a NUL"),
        ({"assessment_id": "0" * 32}, 422, "assessment_id"),
        ({"sample_item_id": "x"}, 422, "console"),
        ({"expected_version": 7}, 409, "changed"),
    ],
)
def test_a_decision_that_cannot_be_kept_says_why_and_changes_nothing(
    client: TestClient, system: Headers, ann: Headers, stalked: str, changes: Any, status: int, message: str
) -> None:
    kept = client.post("/v1/reports", json={"reference": "A1", "text": stalked}, headers=system).json()
    answer = client.post(f"/v1/reports/{kept['id']}/decisions", json=decision(1) | changes, headers=ann)
    assert answer.status_code == status and message in answer.json()["detail"]
    assert "Wisteria" not in answer.text
    found = client.get(f"/v1/reports/{kept['id']}", headers=ann).json()
    assert (found["version"], found["status"], found["decision"]) == (1, "waiting", None)


def test_who_was_not_sure_cannot_claim_the_second_review(
    client: TestClient, system: Headers, ann: Headers, bob: Headers, stalked: str
) -> None:
    kept = client.post("/v1/reports", json={"reference": "A1", "text": stalked}, headers=system).json()
    here = f"/v1/reports/{kept['id']}"
    unsure = decision(1, outcome="not_sure", offence=None, reason="borderline")
    assert client.post(f"{here}/decisions", json=unsure, headers=ann).status_code == 201
    refused = client.post(f"{here}/claim", headers=ann)
    assert (refused.status_code, refused.json()["why"]) == (409, "second_review")
    assert client.post(f"{here}/claim", headers=bob).status_code == 200
    assert client.get("/v1/queue", headers=bob).json()["items"][0]["status"] == "second_review"


def test_reasons_and_strange_ids(client: TestClient, ann: Headers) -> None:
    assert client.get("/v1/reasons", headers=ann).json()["keep"]["dispute"].endswith(".")
    for strange in ("nothing", "0" * 32, "%00", "é" * 32):
        assert client.get(f"/v1/reports/{strange}", headers=ann).status_code == 404
    assert client.get("/v1/queue", params={"band": "huge"}, headers=ann).status_code == 422
    assert client.get("/v1/queue", params={"reference": "a\0"}, headers=ann).status_code == 422
    assert client.get("/v1/queue", params={"reported_to": "9999-12-31"}, headers=ann).status_code == 422
