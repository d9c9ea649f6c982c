"""Signing in and out, locks, sessions, passwords and keys."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from service import auth, sessions
from service.audit import COMMAND_LINE
from service.console.sign_in import safe_next
from service.policy import AccountRole
from service.settings import Settings
from service.store import Store
from service.store.tables import AccountRow, AuditRow, KeyRow, SessionRow, now


@pytest.fixture
def ann(store: Store, password: str) -> str:
    with store.write() as session:
        auth.add_account(session, "ann", AccountRole.REVIEWER, password, COMMAND_LINE)
    return "ann"


def _token(client: TestClient, address: str = "/sign-in") -> str:
    found = re.search(r'name="token" value="([0-9a-f]{64})"', client.get(address).text)
    assert found
    return found[1]


def test_a_person_signs_in_and_out(client: TestClient, ann: str, password: str, store: Store) -> None:
    answer = client.post("/sign-in", data={"name": "Ann ", "password": password, "token": _token(client)})
    assert answer.headers["location"] == "/"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("foursight_session="))
    assert "HttpOnly" in cookie and "samesite=lax" in cookie.lower() and "secure" not in cookie.lower()
    token = client.cookies["foursight_session"]
    with store.read() as session:
        kept = session.scalars(select(SessionRow)).one()
        assert token not in (kept.token_digest, kept.account_id)
    assert client.get("/").status_code == 200
    assert client.post("/sign-out", data={"token": "0" * 64}).status_code == 403
    assert client.post("/sign-out", data={"token": _token(client, "/")}).status_code == 303
    client.cookies.set("foursight_session", token)
    assert client.get("/").status_code == 303, "the old cookie is worth nothing"
    with store.read() as session:
        actions = list(session.scalars(select(AuditRow.action).order_by(AuditRow.seq)))
    assert actions == ["account.added", "sign_in", "sign_out"]


def test_the_cookie_is_secure_away_from_this_machine(client: TestClient, ann: str, password: str) -> None:
    for address in ("https://foursight.example", "https://localhost"):
        client.base_url = address
        answer = client.post("/sign-in", data={"name": ann, "password": password, "token": _token(client)})
        cookies = [c for c in answer.headers.get_list("set-cookie") if "foursight_session" in c]
        assert cookies and all("secure" in c.lower() for c in cookies)
        assert "max-age" in answer.headers["strict-transport-security"]
        client.cookies.clear()
    client.base_url = "http://foursight.example"
    answer = client.get("/sign-in")
    assert "secure" in answer.headers["set-cookie"].lower() and "strict-transport-security" not in answer.headers


@pytest.mark.parametrize(("charset", "word"), [("utf-8", b"a\0b"), ("utf-7", b"+2AA-")], ids=["NUL", "lone surrogate"])
@pytest.mark.parametrize("field", ["name", "password", "token", "next"])
def test_form_fields_that_are_no_text_are_refused(client: TestClient, field: str, charset: str, word: bytes) -> None:
    head = f'--x\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n'.encode()
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    answer = client.post("/sign-in", content=head + word + b"\r\n--x--\r\n", headers={"Content-Type": kind})
    assert answer.status_code == 422 and field in answer.json()["detail"]


def test_the_form_needs_its_token(client: TestClient, ann: str, password: str) -> None:
    assert client.post("/sign-in", data={"name": ann, "password": password}).status_code == 403
    token = _token(client)
    client.cookies.clear()
    assert client.post("/sign-in", data={"name": ann, "password": password, "token": token}).status_code == 403


def test_failures_lock_the_account_and_are_on_the_record(
    client: TestClient, ann: str, password: str, store: Store
) -> None:
    def attempt(word: str) -> str:
        answer = client.post("/sign-in", data={"name": ann, "password": word, "token": _token(client)})
        return "in" if answer.status_code == 303 else answer.text

    def message(page: str) -> str:
        return page.split("There is a problem")[1].split("</ul>")[0]

    wrong = [message(attempt("wrong password!")) for _ in range(3)]
    assert "not right" in wrong[0] and "locked for 15 minutes" in wrong[0]
    # Locked: the right password and the wrong one read the same, and so does a name that does not exist.
    nobody = client.post("/sign-in", data={"name": "nobody", "password": "wrong password!", "token": _token(client)})
    assert {*wrong, message(attempt(password)), message(nobody.text)} == {wrong[0]}
    with store.write() as session:
        session.scalars(select(AccountRow)).one().locked_until = now() - timedelta(seconds=1)
    assert attempt(password) == "in"
    with store.read() as session:
        rows = list(session.scalars(select(AuditRow).where(AuditRow.action == "sign_in.failed").order_by(AuditRow.seq)))
    assert [row.detail for row in rows][-1] == '{"why": "locked"}'
    assert [row.actor for row in rows] == ["account:ann"] * 3 + ["anonymous", "account:ann"]


def test_a_reset_while_the_old_password_is_checked_wins(
    any_store: Store, settings: Settings, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with any_store.write() as session:
        auth.add_account(session, "ann", AccountRole.REVIEWER, password, COMMAND_LINE)
    check = auth.password_matches

    def reset_after(password_hash: str, word: str) -> bool:
        matches = check(password_hash, word)
        with any_store.write() as session:
            auth.set_password(session, "ann", "a new long password", COMMAND_LINE)
        return matches

    monkeypatch.setattr(auth, "password_matches", reset_after)
    assert sessions.sign_in(any_store, settings, "ann", password).role is None
    monkeypatch.setattr(auth, "password_matches", check)
    assert sessions.sign_in(any_store, settings, "ann", password).role is None
    assert sessions.sign_in(any_store, settings, "ann", "a new long password").role is AccountRole.REVIEWER
    with any_store.read() as session:
        assert len(session.scalars(select(SessionRow)).all()) == 1


def test_an_outdated_hash_is_renewed_at_sign_in(store: Store, settings: Settings, ann: str, password: str) -> None:
    with store.write() as session:
        session.scalars(select(AccountRow)).one().password_hash = PasswordHasher(time_cost=1).hash(password)
    assert sessions.sign_in(store, settings, ann, password).token
    with store.read() as session:
        kept = session.scalars(select(AccountRow)).one().password_hash
    assert not PasswordHasher().check_needs_rehash(kept) and sessions.sign_in(store, settings, ann, password).token


def test_a_password_is_never_cut(store: Store, settings: Settings) -> None:
    longest = "".join(chr(33 + n * 7 % 90) for n in range(auth.MAX_PASSWORD))
    with store.write() as session:
        auth.add_account(session, "ann", AccountRole.REVIEWER, longest, COMMAND_LINE)
    assert sessions.sign_in(store, settings, "ann", longest + "y").role is None
    assert sessions.sign_in(store, settings, "ann", longest).role is AccountRole.REVIEWER


def test_hashing_is_bounded_and_beyond_is_503(
    client: TestClient, ann: str, password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "_HASH_WAIT_SECONDS", 0.05)
    data = {"name": ann, "password": password, "token": _token(client)}
    with auth.place_to_hash(), auth.place_to_hash():
        busy = client.post("/sign-in", data=data, headers={"Accept": "text/html"})
    assert busy.status_code == 503 and busy.headers["retry-after"] and "few seconds" in busy.text
    monkeypatch.setattr(auth, "_in_line", threading.BoundedSemaphore(1))
    with auth._in_line:
        assert client.post("/sign-in", data=data).status_code == 503
    assert client.post("/sign-in", data=data).status_code == 303


def test_an_unknown_name_reads_the_same_and_is_not_kept(client: TestClient, store: Store) -> None:
    answer = client.post("/sign-in", data={"name": "MyPassword1234", "password": "x", "token": _token(client)})
    assert answer.status_code == 401 and "The name or the password is not right" in answer.text
    with store.read() as session:
        assert (
            "mypassword"
            not in " ".join(f"{r.actor}{r.detail}{r.subject}" for r in session.scalars(select(AuditRow))).lower()
        )


def test_disabling_ends_sessions_at_once(client: TestClient, sign_in: Callable[[], None], store: Store) -> None:
    sign_in()
    assert client.get("/").status_code == 200
    with store.write() as session:
        name = session.scalars(select(AccountRow)).one().name
        auth.set_disabled(session, name, True, COMMAND_LINE)
    assert client.get("/").status_code == 303


def test_a_session_ends(client: TestClient, sign_in: Callable[[], None], store: Store) -> None:
    sign_in()
    with store.write() as session:
        session.scalars(select(SessionRow)).one().expires_at = now() - timedelta(seconds=1)
    answer = client.get("/?suggestion=no_change")
    assert answer.headers["location"] == "/sign-in?next=%2F%3Fsuggestion%3Dno_change"


def test_a_session_that_is_not_used_ends_and_one_in_use_goes_on(
    client: TestClient, sign_in: Callable[[], None], store: Store, settings: Settings
) -> None:
    sign_in()

    def set_back(began: timedelta, left: timedelta) -> None:
        with store.write() as session:
            row = session.scalars(select(SessionRow)).one()
            row.created_at, row.expires_at = now() - began, now() + left

    def left() -> timedelta:
        with store.read() as session:
            return session.scalars(select(SessionRow)).one().expires_at - now()

    minutes = timedelta(minutes=1)
    assert 28 * minutes < left() <= 30 * minutes, "half an hour from the start"
    set_back(60 * minutes, 5 * minutes)
    assert client.get("/").status_code == 200 and 28 * minutes < left() <= 30 * minutes, "each use puts the end off"
    set_back((60 * 10 - 7) * minutes, 5 * minutes)
    assert client.get("/").status_code == 200 and left() <= 7 * minutes, "never past the end of the sign-in"
    set_back(60 * minutes, -minutes)
    assert client.get("/").status_code == 303
    settings.idle_minutes = 0
    sign_in()
    with store.read() as session:
        newest = session.scalars(select(SessionRow).order_by(SessionRow.created_at.desc())).first()
    assert newest and newest.expires_at - now() > 9 * 60 * minutes


def test_a_session_in_use_outlives_a_database_without_room(
    client: TestClient, sign_in: Callable[[], None], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in()
    with store.write() as session:
        session.scalars(select(SessionRow)).one().expires_at = now() + timedelta(minutes=5)

    def full() -> None:
        raise OperationalError("", {}, Exception("disk is full"))

    monkeypatch.setattr(store, "write", full)
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    "address", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", ""]
)
def test_sign_in_leads_nowhere_else(address: str) -> None:
    assert safe_next(address) == ""


def test_bad_names_and_passwords_are_refused(store: Store, password: str) -> None:
    for name, word in (("a", password), ("has space", password), ("ann", "short"), ("ann", "x" * 300)):
        with pytest.raises(auth.AuthError), store.write() as session:
            auth.add_account(session, name, AccountRole.REVIEWER, word, COMMAND_LINE)
    for word in (
        "password1234",
        "123456789012",
        "Qwertyuiop12",
        "passwordpassword",
        "a" * 256,
        "ann.leeann.lee",
        "foursight123",
    ):
        with pytest.raises(auth.AuthError, match="first that anybody tries"), store.write() as session:
            auth.add_account(session, "ann.lee", AccountRole.REVIEWER, word, COMMAND_LINE)
    with pytest.raises(auth.AuthError, match="foursight keys add"), store.write() as session:
        auth.add_account(session, "system", AccountRole.RECORDING_SYSTEM, password, COMMAND_LINE)


def test_keys_are_kept_as_digests_and_can_be_revoked(store: Store, settings: Settings) -> None:
    with store.write() as session:
        key = auth.add_key(session, "records", AccountRole.RECORDING_SYSTEM, COMMAND_LINE)
    with store.read() as session:
        kept = session.scalars(select(KeyRow)).one()
        assert key.split("_", 2)[2] not in kept.digest and len(kept.digest) == 64
    assert auth.by_key(store, key)
    for wrong in ("", "fsk_", key + "x", key.upper(), "fsk_x_y", "x" * 500, key.replace("_", "-")):
        assert auth.by_key(store, wrong) is None
    with store.write() as session:
        auth.revoke_key(session, "records", COMMAND_LINE)
    assert auth.by_key(store, key) is None


def test_who_is_signed_in_needs_no_form(client: TestClient, sign_in: Callable[[AccountRole], None]) -> None:
    sign_in(AccountRole.ADMINISTRATOR)
    assert client.get("/sign-in").headers["location"] == "/audit"
    refused = client.get("/", headers={"Accept": "text/html"})
    assert refused.status_code == 403 and "Sign out" in refused.text


def test_a_form_over_the_limit_is_too_large_however_it_comes(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        yield b"name="
        for _ in range(40):
            yield b"a" * 65_536

    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (parts(), b"".join(parts())):
        answer = client.post("/sign-in", content=body, headers=kind)
        assert answer.status_code == 413 and "1,048,576 bytes" in answer.text
