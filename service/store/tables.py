"""The tables. A change here needs a migration in ``migrations/versions`` (a test compares the two)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Dialect,
    Float,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


def now() -> datetime:
    return datetime.now(UTC)


def opaque() -> str:
    """An identifier that says nothing about what it names: safe in an address."""
    return uuid.uuid4().hex


class Moment(TypeDecorator[datetime]):
    """A moment in UTC. SQLite forgets zones, so they are put back on the way out; a moment without a zone is taken as UTC."""

    impl = SqlDateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class ReportRow(Base):
    """One report of the recording system, known by its reference. Its text lives in revisions."""

    __tablename__ = "reports"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    reference: Mapped[str] = mapped_column(String(200), unique=True)
    recorded_offence: Mapped[str | None] = mapped_column(String(40), index=True)
    reported_at: Mapped[datetime | None] = mapped_column(Moment)
    occurred_from: Mapped[datetime | None] = mapped_column(Moment)
    occurred_to: Mapped[datetime | None] = mapped_column(Moment)
    source: Mapped[str | None] = mapped_column(String(200))
    victim_ref: Mapped[str | None] = mapped_column(String(200))
    suspect_ref: Mapped[str | None] = mapped_column(String(200))
    received_at: Mapped[datetime] = mapped_column(Moment, default=now)
    latest: Mapped[int] = mapped_column(default=1)

    revisions: Mapped[list[RevisionRow]] = relationship(back_populates="report", order_by="RevisionRow.number")


class RevisionRow(Base):
    """One wording of a report. The text sent again is the same revision; an earlier text sent again is a new one."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("report_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(Moment, default=now)

    report: Mapped[ReportRow] = relationship(back_populates="revisions")


class AssessmentRow(Base):
    """What one model version said of one revision. ``current`` marks the one that the queue shows."""

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("revision_id", "model_digest"),
        Index("ix_assessments_queue", "current", "probability"),
        # At most one shown assessment a revision, whatever two writers do at once.
        Index(
            "uq_assessments_current",
            "revision_id",
            unique=True,
            sqlite_where=text("current"),
            postgresql_where=text("current"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    model_version: Mapped[str] = mapped_column(String(100))
    model_digest: Mapped[str] = mapped_column(String(100))
    probability: Mapped[float] = mapped_column(Float)
    suggestion: Mapped[str] = mapped_column(String(40))
    offence: Mapped[str] = mapped_column(String(10))
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class AccountRow(Base):
    """A person who signs in."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(300))
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(Moment)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    signed_in_at: Mapped[datetime | None] = mapped_column(Moment)


class SessionRow(Base):
    """A sign-in. Only a digest of the cookie is kept, so that a copy of the database signs nobody in."""

    __tablename__ = "sessions"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    expires_at: Mapped[datetime] = mapped_column(Moment)

    account: Mapped[AccountRow] = relationship()


class KeyRow(Base):
    """A key with which a system calls the API. The key itself is shown once and kept as a digest."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)


class AuditRow(Base):
    """One link of the audit chain (service/audit.py). ``at`` and ``detail`` are kept as text: exactly what was hashed."""

    __tablename__ = "audit"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(40))
    actor: Mapped[str] = mapped_column(String(140))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(64), index=True)
    detail: Mapped[str] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditHeadRow(Base):
    """The last link, kept apart: writers queue on it, and a chain cut short no longer ends where it says."""

    __tablename__ = "audit_head"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
