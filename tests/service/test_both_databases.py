"""The main path over HTTP on each database: the rest of the tests use SQLite."""

from __future__ import annotations

import re

from fastapi.testclient import TestClient

from models.assessor import Assessor
from models.contracts import Report
from service import audit, auth
from service.app import create_app
from service.audit import COMMAND_LINE
from service.ingest import reassess
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.reports import keep_report


def test_receive_assess_sign_in_read_and_decide(
    any_store: Store, settings: Settings, reader: Assessor, stalked: str, password: str
) -> None:
    with any_store.write() as session:
        revision, _ = keep_report(session, Report(reference="REF-Ω", text=f"{stalked} 🐈 \x1b <b>"))
        auth.add_account(session, "ann", AccountRole.REVIEWER, password, COMMAND_LINE)
        key = auth.add_key(session, "records", AccountRole.RECORDING_SYSTEM, COMMAND_LINE)
        own = auth.add_personal_key(session, "ann key", "ann", COMMAND_LINE)
    assert reassess(any_store, reader, COMMAND_LINE) == (1, 0, 0)
    assert reassess(any_store, reader, COMMAND_LINE) == (0, 0, 0)
    with TestClient(
        create_app(settings, reader, any_store), base_url="http://localhost", follow_redirects=False
    ) as client:
        assert client.get("/readyz").status_code == 200
        answer = client.post(
            "/v1/assess", json={"reference": "A", "text": stalked}, headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200
        token = re.search(r'name="token" value="(\w+)"', client.get("/sign-in").text)
        assert token
        for word, status in (("wrong password", 401), (password, 303)):
            assert (
                client.post("/sign-in", data={"name": "ann", "password": word, "token": token[1]}).status_code == status
            )
        assert "REF-Ω" in client.get("/").text
        token = re.search(r'name="token" value="(\w+)"', client.get("/account").text)
        assert token and client.post("/content-note", data={"token": token[1]}).status_code == 303
        assert "🐈" in client.get(f"/reports/{revision.report_id}").text
        client.cookies.clear()
        ann, records = {"Authorization": f"Bearer {own}"}, {"Authorization": f"Bearer {key}"}
        found = client.post("/v1/queue/next", headers=ann).json()
        wanted = {"outcome": "keep", "reason": "dispute", "expected_version": 1, "idempotency_key": "the-first-one"}
        for status in (201, 200):
            made = client.post(f"/v1/reports/{found['id']}/decisions", json=wanted, headers=ann)
            assert made.status_code == status, made.text
        changed = client.post("/v1/reports", json={"reference": "REF-Ω", "text": stalked}, headers=records)
        assert changed.json()["outcome"] == "revised"
        late = client.post(
            f"/v1/reports/{found['id']}/decisions", json=wanted | {"idempotency_key": "the-second"}, headers=ann
        )
        assert (late.status_code, late.json()["why"]) == (409, "changed")
        assert [d["outcome"] for d in client.get("/v1/decisions", headers=records).json()["decisions"]] == ["keep"]
        verdict = audit.verify(any_store)
        with any_store.read() as session:
            actions = [entry.action for entry in audit.entries_for(session, revision.report_id)]
        assert verdict.whole and actions == [
            "report.revised",
            "report.decided",
            "report.viewed",
            "report.claimed",
            "report.viewed",
        ]
