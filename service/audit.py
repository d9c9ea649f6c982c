"""The audit trail: append-only, each entry holding the hash of the one before, so that any edit or gap shows.

No report text is ever in it: an entry says who did what to which report (by its opaque id), and when. The database
itself refuses to change or delete an entry (triggers, see migrations); the chain finds what someone with the
database's own password did around them. Somebody who can rewrite the whole chain can hide it from the chain alone:
keep the head that ``foursight audit verify`` prints somewhere else, and give it back with ``--head`` next time.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from service.matching import begins
from service.store.engine import Store
from service.store.tables import AuditHeadRow, AuditRow

GENESIS = "0" * 64
# Serialises writers on PostgreSQL until the first entry has made the head row that they lock afterwards.
CHAIN_LOCK = 420_105


@dataclass(frozen=True)
class Actor:
    """Who acts: ``account:name``, ``key:name``, ``command line`` or ``anonymous``."""

    name: str


ANONYMOUS = Actor("anonymous")
COMMAND_LINE = Actor("command line")


@dataclass(frozen=True)
class Verdict:
    """The outcome of a check. ``broken_at`` is the first link that does not hold."""

    entries: int
    head: str
    broken_at: int | None = None
    why: str = ""

    @property
    def whole(self) -> bool:
        return self.broken_at is None


def link(seq: int, at: str, actor: str, action: str, subject: str, detail: str, previous: str) -> str:
    """The hash of one entry. JSON keeps the fields apart, so that no two entries can share a hash."""
    parts = json.dumps([seq, at, actor, action, subject, detail, previous], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(parts.encode()).hexdigest()


def append(
    session: Session, actor: Actor, action: str, subject: str = "", **detail: str | int | float | bool | None
) -> AuditRow:
    """Add an entry in the caller's write transaction: what was done and its record commit together or not at all."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": CHAIN_LOCK})
    head = session.get(AuditHeadRow, 1, with_for_update=True, populate_existing=True)
    if head is None:
        head = AuditHeadRow(id=1, seq=0, hash=GENESIS)
        session.add(head)
    seq = head.seq + 1
    at = _written(datetime.now(UTC))
    payload = json.dumps(detail, sort_keys=True, ensure_ascii=True)
    row = AuditRow(
        seq=seq,
        at=at,
        actor=actor.name,
        action=action,
        subject=subject,
        detail=payload,
        previous=head.hash,
        hash=link(seq, at, actor.name, action, subject, payload, head.hash),
    )
    session.add(row)
    head.seq, head.hash = seq, row.hash
    session.flush()
    return row


def record(
    store: Store, actor: Actor, action: str, subject: str = "", **detail: str | int | float | bool | None
) -> None:
    """Add an entry in a transaction of its own."""
    with store.write() as session:
        append(session, actor, action, subject, **detail)


def verify(store: Store, noted_head: str | None = None) -> Verdict:
    """Walk the chain from its start and name the first link that does not hold. Entries and head are read as of one moment."""
    with store.snapshot() as session:
        return _walk(session, noted_head)


def _walk(session: Session, noted_head: str | None) -> Verdict:
    previous, expected, noted_seen = GENESIS, 1, noted_head is None
    rows = session.scalars(select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=1000))
    for row in rows:
        if row.seq != expected:
            return Verdict(expected - 1, previous, expected, f"entry {expected} is missing")
        if row.previous != previous:
            return Verdict(expected - 1, previous, row.seq, f"entry {row.seq} does not follow entry {row.seq - 1}")
        if row.hash != link(row.seq, row.at, row.actor, row.action, row.subject, row.detail, row.previous):
            return Verdict(expected - 1, previous, row.seq, f"entry {row.seq} was changed after it was written")
        previous, expected = row.hash, expected + 1
        noted_seen = noted_seen or row.hash == noted_head
    head = session.get(AuditHeadRow, 1)
    entries = expected - 1
    if (head.seq, head.hash) != (entries, previous) if head else entries != 0:
        wanted = head.seq if head else 0
        why = (
            f"entry {expected} is missing: the trail should end at entry {wanted}"
            if wanted > entries
            else f"the trail ends at entry {entries} and its head says {wanted}"
        )
        return Verdict(entries, previous, expected, why)
    if not noted_seen:
        return Verdict(
            entries, previous, expected, "the head that you noted is not in the trail: it was written anew or cut"
        )
    return Verdict(entries, previous)


@dataclass(frozen=True)
class Search:
    """Which entries are wanted; what is empty does not count. ``action`` may be the beginning of one (``report.``).

    ``since`` and ``until`` are moments with a zone: from the first, up to and without the second.
    """

    actor: str = ""
    action: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def select(self) -> Select[AuditRow]:
        query = select(AuditRow)
        if self.actor:
            query = query.where(AuditRow.actor == self.actor)
        if self.action:
            query = query.where(begins(AuditRow.action, self.action))
        if self.subject:
            query = query.where(AuditRow.subject == self.subject)
        # ``at`` is text in UTC with one format, so its order is that of time.
        if self.since:
            query = query.where(AuditRow.at >= _written(self.since))
        if self.until:
            query = query.where(AuditRow.at < _written(self.until))
        return query


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def entries_for(session: Session, subject: str, limit: int = 50) -> list[AuditRow]:
    """The latest entries about one report, newest first."""
    return list(
        session.scalars(select(AuditRow).where(AuditRow.subject == subject).order_by(AuditRow.seq.desc()).limit(limit))
    )
