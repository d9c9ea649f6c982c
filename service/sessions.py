"""Signing in, and the sessions that follow: how they begin, last and end. Accounts, passwords and keys are in service/auth.py."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from service import audit, auth
from service.audit import ANONYMOUS, Actor
from service.auth import Identity, digest
from service.policy import AccountRole
from service.settings import Settings
from service.store.engine import Store
from service.store.tables import AccountRow, SessionRow, now

PROVIDER = Actor("identity provider")
# A session in use is written down again once in so long: each request would be too often.
_RENEW = timedelta(minutes=1)


@dataclass(frozen=True)
class SignIn:
    """The outcome of a sign-in: a token for the cookie, or why not."""

    token: str = ""
    role: AccountRole | None = None
    problem: str = ""


def sign_in(store: Store, settings: Settings, name: str, password: str) -> SignIn:
    """Check a name and password, and begin a session. Every outcome is on the record."""
    return _prove(store, settings, name, password)


def change_password(store: Store, settings: Settings, identity: Identity, current: str, fresh: str) -> SignIn:
    """Set one's own password. The current one is checked as at a sign-in: the same count of failures, lock and record.

    Every session of the account ends, and one begins for the person who did this. Raises AuthError when ``fresh`` cannot be one.
    """
    auth.check_password(fresh, identity.name)
    return _prove(store, settings, identity.name, current, fresh)


def _prove(store: Store, settings: Settings, name: str, password: str, fresh: str | None = None) -> SignIn:
    """There is one message for all that fails, a locked account too: another would tell which names exist, or, during a
    lock, which password is right.
    """
    minutes = max(1, round(settings.lock_minutes))
    wrong = SignIn(
        problem=f"The name or the password is not right. Check both and try again. After {settings.lock_after} failed tries a "
        f"name is locked for {minutes} minute{'' if minutes == 1 else 's'}: then wait, or ask an administrator."
    )
    name, password = name.strip().lower()[:100], password if len(password) <= auth.MAX_PASSWORD else ""
    with store.read() as session:
        known = session.scalar(select(AccountRow).where(AccountRow.name == name))
    # The slow hashes run outside any transaction: they would hold the write lock for a tenth of a second.
    verified = (
        known.password_hash if known else ""
    ) or auth.NOBODY  # empty: who signs in with the organisation's account
    matches = auth.password_matches(verified, password)
    kept = verified
    if known and matches and (fresh is not None or auth.HASHER.check_needs_rehash(verified)):
        kept = auth.hash_password(password if fresh is None else fresh)
    with store.write() as session:
        account = session.get(AccountRow, known.id, with_for_update=True) if known else None
        if account is None:
            # The name is not kept: people type passwords into name fields.
            audit.append(session, ANONYMOUS, "sign_in.failed", why="unknown name")
            return wrong
        actor = Actor(f"account:{account.name}")
        if account.locked_until and account.locked_until > now():
            audit.append(session, actor, "sign_in.failed", account.id, why="locked")
            return wrong
        # The password that was checked must still be the one: it may have been set anew in between.
        if not matches or account.disabled_at or account.password_hash != verified:
            account.failures += 1
            locked = account.failures >= settings.lock_after
            if locked:
                account.failures, account.locked_until = 0, now() + timedelta(minutes=settings.lock_minutes)
            why = "disabled" if account.disabled_at else "password"
            audit.append(session, actor, "sign_in.failed", account.id, why=why, locked=locked)
            return wrong
        if fresh is not None:
            auth.put_password(session, account, kept, actor)
            return _enter(session, settings, account, via="new password")
        account.password_hash = kept
        return _enter(session, settings, account)


def sign_in_external(store: Store, settings: Settings, external: str, name: str, role: AccountRole | None) -> SignIn:
    """Let in whom the organisation's provider vouches for. The provider's groups give the role, afresh each time.

    ``external``: a digest of issuer and subject, which is who a person is; a name may change or be given to another.
    """
    try:
        return _sign_in_external(store, settings, external, name, role)
    except (
        IntegrityError
    ):  # signed in for the first time twice at once: the other was first, and now the account is there
        return _sign_in_external(store, settings, external, name, role)


def _sign_in_external(store: Store, settings: Settings, external: str, name: str, role: AccountRole | None) -> SignIn:
    with store.write() as session:
        account = session.scalar(select(AccountRow).where(AccountRow.external == external).with_for_update())
        actor = Actor(f"account:{account.name}") if account else ANONYMOUS
        subject = account.id if account else ""
        if role is None or (account and account.disabled_at):
            if account:
                session.execute(delete(SessionRow).where(SessionRow.account_id == account.id))
            if account and role is None:  # or their own keys would go on with the role that they had
                auth.revoke_keys_of(session, account, PROVIDER)
            why = "disabled" if role else "no group with a role"
            audit.append(session, actor, "sign_in.failed", subject, why=why)
            return SignIn(problem="your account may not use Foursight; ask an administrator if it should.")
        if account is None:
            name = name.strip().lower()
            taken = session.scalar(select(AccountRow).where(AccountRow.name == name))
            if taken or not auth.NAME.fullmatch(name):
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
    moment = now()
    account.failures, account.locked_until, account.signed_in_at = 0, None, moment
    token = secrets.token_urlsafe(32)
    session.execute(delete(SessionRow).where(SessionRow.expires_at < moment))
    ends = _end(settings, moment, moment)
    session.add(SessionRow(token_digest=digest(token), account_id=account.id, created_at=moment, expires_at=ends))
    audit.append(session, Actor(f"account:{account.name}"), "sign_in", account.id, **detail)
    return SignIn(token=token, role=AccountRole(account.role))


def _end(settings: Settings, began: datetime, used: datetime) -> datetime:
    """When a session ends: so long after it began, or sooner when it is not used."""
    last = began + timedelta(hours=settings.session_hours)
    return min(last, used + timedelta(minutes=settings.idle_minutes)) if settings.idle_minutes else last


def by_session(store: Store, settings: Settings, token: str) -> Identity | None:
    """Who holds this token; None when there is no such session or it has ended. Being asked for keeps a session from idling."""
    if not token or len(token) > 200:
        return None
    moment = now()
    with store.read() as session:
        row = session.get(SessionRow, digest(token))
        if row is None or row.expires_at < moment or row.account.disabled_at:
            return None
        found, ends = auth.person(row.account, row.token_digest), _end(settings, row.created_at, moment)
        renew = ends - row.expires_at >= _RENEW
    if renew:
        # Where the database has no room for it, the page that was asked for matters more.
        with suppress(SQLAlchemyError), store.write() as session:
            mine = update(SessionRow).where(SessionRow.token_digest == found.session_digest)
            session.execute(mine.values(expires_at=ends))
    return found


def sign_out(store: Store, identity: Identity) -> None:
    with store.write() as session:
        session.execute(delete(SessionRow).where(SessionRow.token_digest == identity.session_digest))
        audit.append(session, identity.actor, "sign_out")


@dataclass(frozen=True)
class OpenSession:
    """One session of a person. ``ends``: when it will if it is not used again; ``here``: the one that asks."""

    began: datetime
    ends: datetime
    here: bool


def open_sessions(store: Store, identity: Identity) -> list[OpenSession]:
    """The sessions of this person, the newest first."""
    query = select(SessionRow).where(SessionRow.account_id == identity.account_id, SessionRow.expires_at >= now())
    with store.read() as session:
        rows = session.scalars(query.order_by(SessionRow.created_at.desc())).all()
    return [OpenSession(r.created_at, r.expires_at, r.token_digest == identity.session_digest) for r in rows]


def end_others(store: Store, identity: Identity) -> None:
    """End every session of this person but the one that asks."""
    others = (SessionRow.account_id == identity.account_id, SessionRow.token_digest != identity.session_digest)
    with store.write() as session:
        ended = session.scalars(delete(SessionRow).where(*others).returning(SessionRow.token_digest)).all()
        audit.append(session, identity.actor, "sessions.ended", identity.account_id, sessions=len(ended))
