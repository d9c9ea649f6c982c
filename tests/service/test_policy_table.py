"""Every route against every role and nobody: what the table says is what the server does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Mount

from models.assessor import Assessor
from service import auth
from service.app import create_app
from service.audit import COMMAND_LINE
from service.policy import OPEN_MOUNTS, POLICY, AccountRole, Via
from service.settings import Settings
from service.store import Store
from service.store.tables import AuditRow

# Routes that change something and need no body; the others that do refuse one without a content type.
BODILESS = {"/v1/model/reload", "/v1/queue/next", "/v1/reports/{report_id}/claim"}
PEOPLE = [role for role in AccountRole if role is not AccountRole.RECORDING_SYSTEM]


def _routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers, from its own table of routes."""
    for route in app.routes:
        if isinstance(route, Mount):
            assert route.path in OPEN_MOUNTS
        else:
            yield from _walk(route)


def _walk(route: object) -> Iterator[tuple[str, str]]:
    """A route, or the routes of a router that FastAPI keeps nested."""
    methods, path = getattr(route, "methods", None), getattr(route, "path", None)
    if methods and path:
        yield from ((method, path) for method in methods)
        return
    nested = getattr(route, "effective_candidates", None)
    assert nested is not None, f"a kind of route that this test does not know: {type(route)}"
    for inner in nested():
        yield from _walk(inner)


def test_every_route_has_a_rule_and_every_rule_a_route(client: TestClient) -> None:
    assert isinstance(client.app, FastAPI)
    assert set(_routes(client.app)) == set(POLICY)


def _ask(client: TestClient, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    return client.request(
        method, path.format(report_id="0" * 32, sample_id="0" * 32), headers=headers or {}
    ).status_code


def test_nobody_gets_only_what_is_open(client: TestClient) -> None:
    for (method, path), rule in POLICY.items():
        status = _ask(client, method, path)
        if rule.via is Via.KEY:
            assert status == 401, path
        elif rule.via is Via.SESSION:
            assert status == 303, path
        else:
            assert status in (200, 403, 404), path  # 403: a form without its token; 404: no provider is set


@pytest.mark.parametrize("role", PEOPLE)
def test_each_person_gets_what_the_table_says(
    client: TestClient, sign_in: Callable[[AccountRole], None], role: AccountRole
) -> None:
    sign_in(role)
    for (method, path), rule in POLICY.items():
        status = _ask(client, method, path)
        if rule.via is Via.KEY:
            assert status == 401, path
        elif rule.via is Via.SESSION and role not in rule.roles:
            assert status == 403, path
        elif rule.via is Via.SESSION and method == "POST":
            assert status == 403, f"a form without its token does nothing: {path}"
        elif rule.via is Via.SESSION:
            assert status in (200, 404), path


@pytest.mark.parametrize("role", list(AccountRole))
def test_each_key_gets_what_the_table_says(
    client: TestClient, make_key: Callable[[AccountRole], dict[str, str]], role: AccountRole
) -> None:
    headers = make_key(role)
    for (method, path), rule in POLICY.items():
        status = _ask(client, method, path, headers)
        if rule.via is Via.KEY:
            takes = {200, 204} if method == "GET" or path in BODILESS else {415}
            takes = {404} if "{report_id}" in path and takes != {415} else takes
            assert status in (takes if role in rule.roles else {403}), path
        elif rule.via is Via.SESSION:
            assert status == 303, f"a key must not open the page {path}"


def test_a_refusal_is_on_the_record(client: TestClient, sign_in: Callable[[AccountRole], None], store: Store) -> None:
    sign_in(AccountRole.DATA_SCIENTIST)
    assert client.get("/").status_code == 403
    with store.read() as session:
        last = session.query(AuditRow).order_by(AuditRow.seq.desc()).first()
    assert last and last.action == "access.refused" and last.actor.startswith("account:data_scientist")


def test_refused_keys_are_one_entry_a_minute(settings: Settings, store: Store, reader: Assessor) -> None:
    app = create_app(settings, reader, store)
    with TestClient(app, base_url="http://localhost") as client:
        for _ in range(5):
            assert client.post("/v1/assess").status_code == 401
        assert _refused(store) == ['{"calls": 1}'], "the first at once"
    assert _refused(store) == ['{"calls": 1}', '{"calls": 4}'], "the rest after a minute, or when the service stops"


def test_what_anybody_can_try_is_on_the_record_by_kind(settings: Settings, store: Store, reader: Assessor) -> None:
    with store.write() as session:
        key = auth.add_key(session, "records", AccountRole.RECORDING_SYSTEM, COMMAND_LINE)
        auth.revoke_key(session, "records", COMMAND_LINE)
    few = settings.model_copy(update={"sign_in_limit": 3})
    with TestClient(create_app(few, reader, store), base_url="http://localhost") as client:
        assert client.post("/v1/assess", headers={"Authorization": f"Bearer {key}"}).status_code == 401
        statuses = [
            client.post("/sign-in", data={"name": "a", "password": "b", "token": "x"}).status_code for _ in range(4)
        ]
    assert statuses == [403, 403, 429, 429]
    with store.read() as session:
        rows = session.query(AuditRow).filter(AuditRow.action.endswith(".refused"))
        found = {
            (row.action, row.subject, json.loads(row.detail).get("why")): json.loads(row.detail)["calls"]
            for row in rows
        }
    assert found == {
        ("key.refused", key.split("_")[1], "revoked, or of an account that is disabled or was long not vouched for"): 1,
        ("sign_in.refused", "", "form token"): 2,
        ("sign_in.refused", "", "too many tries"): 2,
    }


def _refused(store: Store) -> list[str]:
    with store.read() as session:
        rows = session.query(AuditRow).filter(AuditRow.action == "key.refused").order_by(AuditRow.seq)
        return [row.detail for row in rows]


def test_other_methods_and_addresses_are_closed(client: TestClient) -> None:
    assert client.delete("/v1/assess").status_code == 405
    assert client.get("/nothing").status_code == 404
    assert client.get("/static/../app.py").status_code == 404
    assert client.get("/static/%2e%2e/%2e%2e/app.py").status_code == 404
