"""Signing in through an OpenID Connect provider: a real one, that runs here while the tests do."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import oidc_provider_mock
import pytest
from fastapi.testclient import TestClient
from pydantic import ValidationError
from sqlalchemy import select

from models.assessor import Assessor
from service import auth, sessions
from service.app import create_app
from service.audit import COMMAND_LINE
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.tables import AccountRow, AuditRow, now

ROLES = {"fs-leads": AccountRole.QA_LEAD, "fs-reviewers": AccountRole.REVIEWER}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with oidc_provider_mock.run_server_in_thread(require_nonce=True) as server:
        yield f"http://localhost:{server.server_port}"


def _with_provider(settings: Settings, issuer: str, **more: object) -> Settings:
    return Settings.model_validate(
        {
            **settings.model_dump(),
            "oidc_issuer": issuer,
            "oidc_client_id": "foursight",
            "oidc_client_secret": "kept between us",
            "oidc_roles": ROLES,
            **more,
        }
    )


@pytest.fixture
def console(provider: str, settings: Settings, store: Store, reader: Assessor) -> Iterator[TestClient]:
    app = create_app(_with_provider(settings, provider), reader, store)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        yield client


def _known_there(provider: str, subject: str, name: str, roles: list[str]) -> None:
    httpx.put(f"{provider}/users/{subject}", json={"preferred_username": name, "roles": roles}).raise_for_status()


def _way_back(console: TestClient, subject: str, start: str = "/sign-in/oidc") -> str:
    """Go to the provider, sign in there as ``subject``, and give the address that it sends the browser back to."""
    away = console.get(start).headers["location"]
    asked = parse_qs(urlsplit(away).query)
    assert asked["code_challenge_method"] == ["S256"] and asked["nonce"] and asked["state"]
    return str(httpx.post(away, data={"sub": subject}).headers["location"])


def _problem(answer: httpx.Response) -> str:
    return str(answer.json()["detail"])


def test_a_person_comes_in_with_the_role_of_their_group(console: TestClient, provider: str, store: Store) -> None:
    assert "/sign-in/oidc?next=%2Frecorded-as-stalking" in console.get("/sign-in?next=/recorded-as-stalking").text
    _known_there(provider, "s-1", "Ann.Lee@force.example", ["staff", "fs-reviewers"])
    answer = console.get(_way_back(console, "s-1", "/sign-in/oidc?next=/recorded-as-stalking"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/recorded-as-stalking")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("foursight_session="))
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower()
    assert console.get("/").status_code == 200 and console.get("/audit").status_code == 403
    # Another group, another role, and the earlier sign-in ends. The name there changes; the person does not.
    _known_there(provider, "s-1", "ann.new@force.example", ["fs-leads"])
    old = console.cookies["foursight_session"]
    assert console.get(_way_back(console, "s-1")).status_code == 303
    assert sessions.by_session(store, Settings(), old) is None
    with store.read() as session:
        account = session.scalars(select(AccountRow)).one()
        assert (account.name, account.role, account.password_hash) == ("ann.lee@force.example", "qa_lead", "")
        actions = list(session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))
    assert actions == ["account.added", "sign_in", "access.refused", "account.role_changed", "sign_in"]


def test_who_is_in_no_group_or_disabled_or_has_a_taken_name_stays_out(
    console: TestClient, provider: str, store: Store, password: str
) -> None:
    _known_there(provider, "s-2", "bob", ["staff"])
    answer = console.get(_way_back(console, "s-2"))
    assert answer.status_code == 403 and "may not use Foursight" in _problem(answer)
    _known_there(provider, "s-2", "bob", ["fs-reviewers"])
    assert console.get(_way_back(console, "s-2")).status_code == 303
    with store.write() as session:
        key = auth.add_personal_key(session, "script", "bob", COMMAND_LINE)
    assert auth.by_key(store, key)
    _known_there(provider, "s-2", "bob", ["staff"])
    assert console.get(_way_back(console, "s-2")).status_code == 403 and auth.by_key(store, key) is None
    _known_there(provider, "s-2", "bob", ["fs-reviewers"])
    with store.write() as session:
        auth.set_disabled(session, "bob", True, COMMAND_LINE)
        auth.add_account(session, "carol", AccountRole.ADMINISTRATOR, password, COMMAND_LINE)
        with pytest.raises(auth.AuthError, match="organisation's account"):
            auth.set_password(session, "bob", password, COMMAND_LINE)
    assert console.get(_way_back(console, "s-2")).status_code == 403
    _known_there(provider, "s-3", "carol", ["fs-reviewers"])
    answer = console.get(_way_back(console, "s-3"))
    assert answer.status_code == 403 and "another account" in _problem(answer)
    # And nobody signs in with a password to an account that has none.
    outcome = sessions.sign_in(store, Settings(), "bob", "")
    assert outcome.role is None


def test_the_key_of_who_left_dies_by_itself(
    console: TestClient, provider: str, store: Store, make_key: Callable[..., dict[str, str]]
) -> None:
    _known_there(provider, "s-9", "fay", ["fs-reviewers"])
    assert console.get(_way_back(console, "s-9")).status_code == 303
    with store.write() as session:
        own = {"Authorization": f"Bearer {auth.add_personal_key(session, 'script', 'fay', COMMAND_LINE)}"}
    assert console.get("/v1/queue", headers=own).status_code == 200
    with store.write() as session:
        account = session.scalars(select(AccountRow).where(AccountRow.name == "fay")).one()
        account.signed_in_at = now() - timedelta(days=31)
    assert console.get("/v1/queue", headers=own).status_code == 401
    with store.read() as session:
        last = session.scalars(select(AuditRow).order_by(AuditRow.seq.desc())).first()
    assert last and last.action == "key.refused" and last.subject and "vouched" in last.detail
    assert console.get("/v1/decisions", headers=make_key()).status_code == 200, "a system's key is nobody's"
    assert console.get(_way_back(console, "s-9")).status_code == 303
    assert console.get("/v1/queue", headers=own).status_code == 200, "still here"


def test_a_way_back_works_once_and_only_in_the_browser_that_left(console: TestClient, provider: str) -> None:
    _known_there(provider, "s-4", "dan", ["fs-reviewers"])
    back = _way_back(console, "s-4")
    state_cookie = console.cookies.get("foursight_oidc", path="/sign-in/oidc")
    console.cookies.clear()
    assert console.get(back).status_code == 403, "another browser"
    console.cookies.set("foursight_oidc", state_cookie[:-2] + "xx", path="/sign-in/oidc")
    assert console.get(back).status_code == 403, "a cookie that is not ours"
    console.cookies.clear()
    console.cookies.set("foursight_oidc", state_cookie, path="/sign-in/oidc")
    assert console.get(back.replace("state=", "state=x")).status_code == 403, "another state"
    assert console.get(back).status_code == 303
    assert console.get(back).status_code == 403, "the code is spent"
    assert console.get("/sign-in/oidc/callback?error=access_denied&error_description=<b>").status_code == 403


def test_who_the_provider_does_not_vouch_for_is_on_the_record(console: TestClient, store: Store) -> None:
    assert console.get("/sign-in/oidc/callback?code=x&state=y").status_code == 403
    with store.read() as session:
        last = session.query(AuditRow).order_by(AuditRow.seq.desc()).first()
    assert last and (last.action, last.actor) == ("sign_in.refused", "anonymous") and "vouched" in last.detail


def test_two_first_sign_ins_at_once_are_one_account(any_store: Store, settings: Settings) -> None:
    with ThreadPoolExecutor(4) as pool:
        came = list(
            pool.map(
                lambda _: sessions.sign_in_external(any_store, settings, "d" * 64, "eve", AccountRole.REVIEWER),
                range(4),
            )
        )
    assert [found.role for found in came] == [AccountRole.REVIEWER] * 4
    with any_store.read() as session:
        assert session.query(AccountRow).filter_by(name="eve").count() == 1


def test_a_provider_that_is_away_is_said_so(settings: Settings, store: Store, reader: Assessor) -> None:
    app = create_app(_with_provider(settings, "http://localhost:9"), reader, store)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        answer = client.get("/sign-in/oidc")
        assert answer.status_code == 503 and answer.headers["retry-after"] == "30"
        assert client.get("/sign-in").status_code == 200, "passwords still work"


def test_passwords_can_be_turned_off(provider: str, settings: Settings, store: Store, reader: Assessor) -> None:
    app = create_app(_with_provider(settings, provider, passwords=False), reader, store)
    with TestClient(app, base_url="http://localhost", follow_redirects=False) as client:
        assert 'name="password"' not in client.get("/sign-in").text
        assert client.post("/sign-in", data={"name": "ann", "password": "x"}).status_code == 403


def test_without_a_provider_there_is_no_such_address(client: TestClient) -> None:
    assert client.get("/sign-in/oidc").status_code == client.get("/sign-in/oidc/callback").status_code == 404
    assert "/sign-in/oidc" not in client.get("/sign-in").text


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"oidc_issuer": "http://idp.example"}, "https"),
        ({"oidc_client_id": ""}, "CLIENT_ID"),
        ({"oidc_roles": {}}, "ROLES"),
        ({"oidc_roles": {"x": "recording_system"}}, "does not sign in"),
        ({"oidc_issuer": "", "passwords": False}, "nobody can sign in"),
    ],
)
def test_half_a_provider_stops_the_start(settings: Settings, wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        _with_provider(settings, "https://idp.example", **wrong)


def test_a_decision_typed_before_the_session_ended_is_kept_while_one_signs_in_elsewhere(
    console: TestClient, provider: str
) -> None:
    report = "/reports/" + "0" * 32
    _known_there(provider, "s-9", "dee", ["fs-reviewers"])
    page = console.post(f"{report}/decision", data={"outcome": "keep", "note": "Typed for long"})
    assert page.status_code == 401 and "opens in a new tab" in page.text
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    kept = {name: html.unescape(value) for name, value in hidden.items()}
    early = console.post("/sign-in/go-on", data=kept)
    assert (
        early.status_code == 401 and "not signed in yet" in early.text and "Typed for long" in html.unescape(early.text)
    )
    assert console.get(_way_back(console, "s-9")).status_code == 303  # in another tab: the same cookies
    page = console.post("/sign-in/go-on", data=kept)
    assert page.status_code == 200 and "Typed for long" in page.text and f'action="{report}/draft"' in page.text
    assert console.post("/sign-in/go-on", data=kept | {"token": "forged"}).status_code == 403
