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


def test_receive_assess_sign_in_and_read(
    any_store: Store, settings: Settings, reader: Assessor, stalked: str, password: str
) -> None:
    with any_store.write() as session:
        revision, _ = keep_report(session, Report(reference="REF-Ω", text=f"{stalked} 🐈 \x1b <b>"))
        auth.add_account(session, "ann", AccountRole.REVIEWER, password, COMMAND_LINE)
        key = auth.add_key(session, "records", AccountRole.RECORDING_SYSTEM, COMMAND_LINE)
    assert reassess(any_store, reader, COMMAND_LINE) == (1, 0)
    assert reassess(any_store, reader, COMMAND_LINE) == (0, 0)
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
        assert "🐈" in client.get(f"/reports/{revision.report_id}").text
        verdict = audit.verify(any_store)
        with any_store.read() as session:
            actions = [entry.action for entry in audit.entries_for(session, revision.report_id)]
        assert verdict.whole and actions == ["report.viewed"]
