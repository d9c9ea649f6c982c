"""Accounts, passwords, sessions and API keys: who somebody is. What they may do is in service/policy.py."""

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
from service.audit import ANONYMOUS, Actor
from service.policy import AccountRole
from service.problems import Problem
from service.settings import Settings
from service.store.engine import Store
from service.store.tables import AccountRow, KeyRow, SessionRow, now

MIN_PASSWORD, MAX_PASSWORD = 12, 256
_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{1,99}")
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
_HASHER = PasswordHasher()
# A hash takes 64 MiB and a core: two at once, a few more in line (each holds a thread that other requests need), and who
# waits longer than this is told to come back.
_HASHES_AT_ONCE, _HASHES_IN_LINE, _HASH_WAIT_SECONDS = 2, 8, 2.0
_hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)
_in_line = threading.BoundedSemaphore(_HASHES_AT_ONCE + _HASHES_IN_LINE)
# Verified when the account does not exist, so that the time taken does not tell which names do.
_NOBODY = _HASHER.hash(secrets.token_hex(16))


PROVIDER = Actor("identity provider")


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


@dataclass(frozen=True)
class SignIn:
    """The outcome of a sign-in: a token for the cookie, or why not."""

    token: str = ""
    role: AccountRole | None = None
    problem: str = ""


def digest(token: str) -> str:
    """For random tokens only (256 bits): nothing to guess, so one round is enough. Passwords go through argon2."""
    return hashlib.sha256(token.encode()).hexdigest()


@contextmanager
def _place_to_hash() -> Iterator[None]:
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


def _hash(password: str) -> str:
    with _place_to_hash():
        return _HASHER.hash(password)


# Accounts


def add_account(session: Session, name: str, role: AccountRole, password: str, by: Actor) -> AccountRow:
    name = name.strip().lower()
    if not _NAME.fullmatch(name):
        raise AuthError(
            "a name has 2 to 100 letters, digits, dots, dashes, underscores or @, and starts with a letter or digit."
        )
    if role is AccountRole.RECORDING_SYSTEM:
        raise AuthError("a recording system does not sign in; make it a key with foursight keys add.")
    check_password(password)
    if session.scalar(select(AccountRow).where(AccountRow.name == name)):
        raise AuthError(f"there is an account named {name} already; choose another name, or disable that one first.")
    account = AccountRow(name=name, role=role.value, password_hash=_hash(password))
    session.add(account)
    session.flush()
    audit.append(session, by, "account.added", account.id, name=name, role=role.value)
    return account


def set_password(session: Session, name: str, password: str, by: Actor) -> None:
    check_password(password)
    fresh = _hash(password)
    account = _account(session, name)
    if account.external:
        raise AuthError("that person signs in with the organisation's account; their password is not kept here.")
    account.password_hash = fresh
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


def check_password(password: str) -> None:
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise AuthError(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters.")


def new_password() -> str:
    """A password that can be read out: five groups, about 100 bits."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(5))


def _account(session: Session, name: str) -> AccountRow:
    account = session.scalar(select(AccountRow).where(AccountRow.name == name.strip().lower()).with_for_update())
    if account is None:
        raise AuthError("there is no account of that name; foursight users list shows them.")
    return account


# Sessions


def sign_in(store: Store, settings: Settings, name: str, password: str) -> SignIn:
    """Check a name and password. Every outcome is on the record.

    There is one message for all that fails, a locked account too: another would tell which names exist, or, during a
    lock, which password is right.
    """
    minutes = max(1, round(settings.lock_minutes))
    wrong = (
        f"The name or the password is not right. Check both and try again. After {settings.lock_after} failed tries a name is "
        f"locked for {minutes} minute{'' if minutes == 1 else 's'}: then wait, or ask an administrator."
    )
    name, password = name.strip().lower()[:100], password[:MAX_PASSWORD]
    with store.read() as session:
        known = session.scalar(select(AccountRow).where(AccountRow.name == name))
    # The slow hashes run outside any transaction: they would hold the write lock for a tenth of a second.
    verified = (known.password_hash if known else "") or _NOBODY  # empty: who signs in with the organisation's account
    matches = password_matches(verified, password)
    fresh = _hash(password) if known and matches and _HASHER.check_needs_rehash(verified) else verified
    with store.write() as session:
        account = session.get(AccountRow, known.id, with_for_update=True) if known else None
        if account is None:
            # The name is not kept: people type passwords into name fields.
            audit.append(session, ANONYMOUS, "sign_in.failed", why="unknown name")
            return SignIn(problem=wrong)
        actor = Actor(f"account:{account.name}")
        if account.locked_until and account.locked_until > now():
            audit.append(session, actor, "sign_in.failed", account.id, why="locked")
            return SignIn(problem=wrong)
        # The password that was checked must still be the one: it may have been set anew in between.
        if not matches or account.disabled_at or account.password_hash != verified:
            account.failures += 1
            locked = account.failures >= settings.lock_after
            if locked:
                account.failures, account.locked_until = 0, now() + timedelta(minutes=settings.lock_minutes)
            audit.append(
                session,
                actor,
                "sign_in.failed",
                account.id,
                why="disabled" if account.disabled_at else "password",
                locked=locked,
            )
            return SignIn(problem=wrong)
        account.password_hash = fresh
        return _enter(session, settings, account)


def sign_in_external(store: Store, settings: Settings, external: str, name: str, role: AccountRole | None) -> SignIn:
    """Let in whom the organisation's provider vouches for. The provider's groups give the role, afresh each time.

    ``external``: a digest of issuer and subject, which is who a person is; a name may change or be given to another.
    """
    with store.write() as session:
        account = session.scalar(select(AccountRow).where(AccountRow.external == external).with_for_update())
        actor = Actor(f"account:{account.name}") if account else ANONYMOUS
        subject = account.id if account else ""
        if role is None or (account and account.disabled_at):
            if account:
                session.execute(delete(SessionRow).where(SessionRow.account_id == account.id))
            why = "disabled" if role else "no group with a role"
            audit.append(session, actor, "sign_in.failed", subject, why=why)
            return SignIn(problem="your account may not use Foursight; ask an administrator if it should.")
        if account is None:
            name = name.strip().lower()
            taken = session.scalar(select(AccountRow).where(AccountRow.name == name))
            if taken or not _NAME.fullmatch(name):
                audit.append(session, actor, "sign_in.failed", why="name taken" if taken else "name not allowed")
                return SignIn(
                    problem="your organisation's name for you is that of another account here or cannot be one; ask an administrator."
                )
            account = AccountRow(name=name, role=role.value, password_hash="", external=external)
            session.add(account)
            session.flush()
            audit.append(session, PROVIDER, "account.added", account.id, name=name, role=role.value)
        elif account.role != role.value:
            session.execute(delete(SessionRow).where(SessionRow.account_id == account.id))
            audit.append(session, PROVIDER, "account.role_changed", account.id, was=account.role, role=role.value)
            account.role = role.value
        return _enter(session, settings, account, via="provider")


def _enter(session: Session, settings: Settings, account: AccountRow, **detail: str) -> SignIn:
    """Begin a session, on the record."""
    account.failures, account.locked_until, account.signed_in_at = 0, None, now()
    token = secrets.token_urlsafe(32)
    session.execute(delete(SessionRow).where(SessionRow.expires_at < now()))
    session.add(
        SessionRow(
            token_digest=digest(token),
            account_id=account.id,
            expires_at=now() + timedelta(hours=settings.session_hours),
        )
    )
    audit.append(session, Actor(f"account:{account.name}"), "sign_in", account.id, **detail)
    return SignIn(token=token, role=AccountRole(account.role))


def password_matches(password_hash: str, password: str) -> bool:
    try:
        with _place_to_hash():
            return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def by_session(store: Store, token: str) -> Identity | None:
    if not token or len(token) > 200:
        return None
    with store.read() as session:
        row = session.get(SessionRow, digest(token))
        if row is None or row.expires_at < now() or row.account.disabled_at:
            return None
        account = row.account
        return _person(account, row.token_digest)


def _person(account: AccountRow, session_digest: str = "") -> Identity:
    return Identity(
        account.name, AccountRole(account.role), Actor(f"account:{account.name}"), session_digest, account.id
    )


def sign_out(store: Store, identity: Identity) -> None:
    with store.write() as session:
        session.execute(delete(SessionRow).where(SessionRow.token_digest == identity.session_digest))
        audit.append(session, identity.actor, "sign_out")


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


def by_key(store: Store, key: str) -> Identity | None:
    parts = key.split("_", 2)
    if len(key) > 200 or len(parts) != 3 or parts[0] != "fsk":
        return None
    with store.read() as session:
        row = session.get(KeyRow, parts[1])
        account = row.account if row else None
    if row is None or row.revoked_at or not hmac.compare_digest(row.digest, digest(key)):
        return None
    if account is not None:
        return None if account.disabled_at else _person(account)
    return Identity(row.name, AccountRole(row.role), Actor(f"key:{row.name}"))
