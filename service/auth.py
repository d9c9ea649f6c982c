"""Accounts, passwords and API keys: who somebody is. Signing in is in service/sessions.py, what they may do in service/policy.py."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service import audit
from service.audit import Actor
from service.policy import AccountRole
from service.problems import Problem
from service.store.engine import Store
from service.store.tables import AccountRow, KeyRow, SessionRow, now

MIN_PASSWORD, MAX_PASSWORD = 12, 256
NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,99}")
_GUESSED = 72  # Characters in which a guess is sought: the time grows with their square.
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
HASHER = PasswordHasher()
# A hash takes 64 MiB and a core: two at once, a few more in line (each holds a thread that other requests need), and who
# waits longer than this is told to come back.
_HASHES_AT_ONCE, _HASHES_IN_LINE, _HASH_WAIT_SECONDS = 2, 8, 2.0
_hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)
_in_line = threading.BoundedSemaphore(_HASHES_AT_ONCE + _HASHES_IN_LINE)
# Verified when the account does not exist, so that the time taken does not tell which names do.
NOBODY = HASHER.hash(secrets.token_hex(16))


class AuthError(ValueError):
    """Something asked of accounts or keys that cannot be done; the message says why and what to do."""


@dataclass(frozen=True)
class Identity:
    """Somebody who has proved who they are, by a session or by a key."""

    name: str
    role: AccountRole
    actor: Actor
    session_digest: str = ""
    account_id: str = ""


def digest(token: str) -> str:
    """For random tokens only (256 bits): nothing to guess, so one round is enough. Passwords go through argon2."""
    return hashlib.sha256(token.encode()).hexdigest()


@contextmanager
def place_to_hash() -> Iterator[None]:
    busy = Problem(503, "too many sign-ins at once; try again in a few seconds.", {"Retry-After": "5"})
    if not _in_line.acquire(blocking=False):
        raise busy
    try:
        if not _hashing.acquire(timeout=_HASH_WAIT_SECONDS):
            raise busy
        try:
            yield
        finally:
            _hashing.release()
    finally:
        _in_line.release()


def hash_password(password: str) -> str:
    with place_to_hash():
        return HASHER.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    try:
        with place_to_hash():
            return HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


# Accounts


def add_account(session: Session, name: str, role: AccountRole, password: str, by: Actor) -> AccountRow:
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise AuthError(
            "a name has 2 to 100 letters, digits, dots, dashes, underscores or @, and starts with a letter or digit."
        )
    if role is AccountRole.RECORDING_SYSTEM:
        raise AuthError("a recording system does not sign in; make it a key with foursight keys add.")
    check_password(password, name)
    if session.scalar(select(AccountRow).where(AccountRow.name == name)):
        raise AuthError(f"there is an account named {name} already; choose another name, or disable that one first.")
    account = AccountRow(name=name, role=role.value, password_hash=hash_password(password))
    session.add(account)
    session.flush()
    audit.append(session, by, "account.added", account.id, name=name, role=role.value)
    return account


def set_password(session: Session, name: str, password: str, by: Actor) -> None:
    check_password(password, name)
    fresh = hash_password(password)
    account = _account(session, name)
    if account.external:
        raise AuthError("that person signs in with the organisation's account; their password is not kept here.")
    put_password(session, account, fresh, by)


def put_password(session: Session, account: AccountRow, password_hash: str, by: Actor) -> None:
    """Also ends every session of the account at once, and its lock."""
    account.password_hash = password_hash
    account.failures, account.locked_until = 0, None
    session.execute(delete(SessionRow).where(SessionRow.account_id == account.id))
    audit.append(session, by, "account.password_set", account.id, name=account.name)


def set_disabled(session: Session, name: str, disabled: bool, by: Actor) -> None:
    """Disabling also ends every session of the account at once."""
    account = _account(session, name)
    account.disabled_at = now() if disabled else None
    account.failures, account.locked_until = 0, None
    session.execute(delete(SessionRow).where(SessionRow.account_id == account.id))
    audit.append(session, by, "account.disabled" if disabled else "account.enabled", account.id, name=account.name)


def check_password(password: str, name: str) -> None:
    """Raise AuthError unless the password of this name may be set: long enough, and not one that a million guesses find (zxcvbn, Wheeler 2016)."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AuthError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")
    from zxcvbn import zxcvbn  # here: it holds the lists of leaked passwords in memory, and few ever set one

    guessed = zxcvbn(
        password[:_GUESSED], user_inputs=["foursight", name, *re.split(r"[.@_-]", name)], max_length=_GUESSED
    )
    if guessed["score"] < 2:
        raise AuthError(
            "that password is among the first that anybody tries; take three or four words that do not go together."
        )


def new_password() -> str:
    """A password that can be read out: five groups, about 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def _account(session: Session, name: str) -> AccountRow:
    account = session.scalar(select(AccountRow).where(AccountRow.name == name.strip().lower()).with_for_update())
    if account is None:
        raise AuthError("there is no account of that name; foursight users list shows them.")
    return account


def person(account: AccountRow, session_digest: str = "") -> Identity:
    """The holder of an account, by the session or (without one) the key that proved it."""
    return Identity(
        account.name, AccountRole(account.role), Actor(f"account:{account.name}"), session_digest, account.id
    )


# API keys


def add_key(session: Session, name: str, role: AccountRole, by: Actor) -> str:
    """Make a key for a system and return it: the only time it can be seen."""
    if role in (AccountRole.REVIEWER, AccountRole.QA_LEAD):
        raise AuthError("who reviews is a person; make the key of one with foursight keys add NAME --person ACCOUNT.")
    return _add_key(session, name, role, by, None)


def add_personal_key(session: Session, name: str, person: str, by: Actor) -> str:
    """Make a key that acts as a person, with their role, for as long as their account is active."""
    account = _account(session, person)
    return _add_key(session, name, AccountRole(account.role), by, account.id)


def _add_key(session: Session, name: str, role: AccountRole, by: Actor, account_id: str | None) -> str:
    if not _KEY_NAME.fullmatch(name):
        raise AuthError(
            "a key's name has 1 to 100 letters, digits, spaces, dots, dashes or underscores; name the system that will hold it."
        )
    if session.scalar(select(KeyRow).where(KeyRow.name == name)):
        raise AuthError(f"there is a key named {name} already; choose another name.")
    key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    key = f"fsk_{key_id}_{secret}"
    session.add(KeyRow(id=key_id, name=name, role=role.value, digest=digest(key), account_id=account_id))
    audit.append(session, by, "key.added", key_id, name=name, role=role.value)
    return key


def revoke_key(session: Session, which: str, by: Actor) -> None:
    row = session.get(KeyRow, which) or session.scalar(select(KeyRow).where(KeyRow.name == which))
    if row is None:
        raise AuthError("there is no key of that name or id; foursight keys list shows them.")
    row.revoked_at = row.revoked_at or now()
    audit.append(session, by, "key.revoked", row.id, name=row.name)


def revoke_keys_of(session: Session, account: AccountRow, by: Actor) -> None:
    """Revoke every key that acts as this person."""
    for row in session.scalars(select(KeyRow).where(KeyRow.account_id == account.id, KeyRow.revoked_at.is_(None))):
        row.revoked_at = now()
        audit.append(session, by, "key.revoked", row.id, name=row.name)


def by_key(store: Store, key: str, vouched_days: float = 0) -> Identity | None:
    """Who a key speaks for; None where it is no key of ours or is dead.

    ``vouched_days``: how long the key of a person lives after the organisation's provider last vouched for them; 0 for ever.
    """
    row, account = _known_key(store, key)
    if row is None or _is_dead(row, account, vouched_days):
        return None
    return person(account) if account else Identity(row.name, AccountRole(row.role), Actor(f"key:{row.name}"))


def dead_key(store: Store, key: str, vouched_days: float = 0) -> str:
    """The id of a key that was ours and no longer opens anything; empty for any other."""
    row, account = _known_key(store, key)
    return row.id if row is not None and _is_dead(row, account, vouched_days) else ""


def _is_dead(row: KeyRow, account: AccountRow | None, vouched_days: float) -> bool:
    """Revoked; or its person's account is disabled, or is the provider's, which has not vouched for them for so long: who leaves only stops coming."""
    if row.revoked_at or (account and account.disabled_at):
        return True
    if account is None or not account.external or not vouched_days:
        return False
    return account.signed_in_at is None or now() - account.signed_in_at > timedelta(days=vouched_days)


def _known_key(store: Store, key: str) -> tuple[KeyRow | None, AccountRow | None]:
    parts = key.split("_", 2)
    if len(key) > 200 or len(parts) != 3 or parts[0] != "fsk":
        return None, None
    with store.read() as session:
        row = session.get(KeyRow, parts[1])
        if row is None or not hmac.compare_digest(row.digest, digest(key)):
            return None, None
        return row, row.account
