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
    false,
    text,
)
from sqlalchemy import DateTime as SqlDateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.orm import relationship as relationship_to


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
    """One report of the recording system, known by its reference. Its text lives in revisions.

    ``probability``, ``suggestion`` and ``relationship`` repeat what the current assessment says of the newest wording: a list of
    100,000 reports must not read their texts. None where the model could not read it, and once it is ``erased``. Only
    ``store.reports`` and ``keeping`` write them.
    """

    __tablename__ = "reports"
    __table_args__ = (
        # Holds all that the queue counts, filters and sorts by: a page is found in the index alone.
        Index(
            "ix_reports_queue",
            *("status", "erased", "probability", "suggestion", "recorded_offence", "relationship"),
            *("reported_at", "received_at", "reference", "id"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    reference: Mapped[str] = mapped_column(String(200), unique=True)
    recorded_offence: Mapped[str | None] = mapped_column(String(40))
    reported_at: Mapped[datetime | None] = mapped_column(Moment)
    occurred_from: Mapped[datetime | None] = mapped_column(Moment)
    occurred_to: Mapped[datetime | None] = mapped_column(Moment)
    source: Mapped[str | None] = mapped_column(String(200))
    victim_ref: Mapped[str | None] = mapped_column(String(200))
    suspect_ref: Mapped[str | None] = mapped_column(String(200))
    received_at: Mapped[datetime] = mapped_column(Moment, default=now)
    latest: Mapped[int] = mapped_column(default=1)
    # Rises with each decision and each new wording: who decides on an older number is told what came in between.
    version: Mapped[int] = mapped_column(default=0, server_default="0")
    status: Mapped[str] = mapped_column(String(20), default="waiting", server_default="waiting")
    erased: Mapped[bool] = mapped_column(default=False, server_default=false())
    probability: Mapped[float | None] = mapped_column(Float)
    suggestion: Mapped[str | None] = mapped_column(String(40))
    relationship: Mapped[str | None] = mapped_column(String(40))

    revisions: Mapped[list[RevisionRow]] = relationship_to(back_populates="report", order_by="RevisionRow.number")


class RevisionRow(Base):
    """One wording of a report. The text sent again is the same revision; an earlier text sent again is a new one."""

    __tablename__ = "revisions"
    __table_args__ = (UniqueConstraint("report_id", "number"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    # Empty once erased. The digest stays, so that the same text sent again is known and does not come back.
    text: Mapped[str] = mapped_column(Text)
    erased_at: Mapped[datetime | None] = mapped_column(Moment)
    received_at: Mapped[datetime] = mapped_column(Moment, default=now)

    report: Mapped[ReportRow] = relationship_to(back_populates="revisions")


class AssessmentRow(Base):
    """What one model version said of one revision. ``current`` marks the one that is shown."""

    __tablename__ = "assessments"
    __table_args__ = (
        UniqueConstraint("revision_id", "model_digest"),
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
    relationship: Mapped[str] = mapped_column(String(40), default="unknown", server_default="unknown")
    body: Mapped[dict[str, Any]] = mapped_column(JSON)
    current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)


class ClaimRow(Base):
    """Who is at work on a report, until when. An expired claim is as good as none."""

    __tablename__ = "claims"

    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    claimed_at: Mapped[datetime] = mapped_column(Moment)
    expires_at: Mapped[datetime] = mapped_column(Moment)

    account: Mapped[AccountRow] = relationship_to()


class DecisionRow(Base):
    """One decision of a person on one wording. Never changed: a later one supersedes it (service/reviewing.py).

    ``note``, ``question`` and ``corrections`` may repeat words of the report and go with its text when that is erased.
    """

    __tablename__ = "decisions"
    __table_args__ = (UniqueConstraint("report_id", "number"), UniqueConstraint("account_id", "idempotency_key"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"))
    number: Mapped[int]
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    assessment_id: Mapped[str | None] = mapped_column(ForeignKey("assessments.id"))
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    outcome: Mapped[str] = mapped_column(String(40))
    offence: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(40))
    note: Mapped[str] = mapped_column(Text, default="")
    question: Mapped[str] = mapped_column(Text, default="")
    corrections: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    blind: Mapped[bool] = mapped_column(default=False)
    decided_at: Mapped[datetime] = mapped_column(Moment, index=True)
    supersedes: Mapped[str | None] = mapped_column(ForeignKey("decisions.id"))
    # Set for a reading within a quality-assurance sample, which leaves the queue alone.
    sample_item_id: Mapped[str | None] = mapped_column(String(32), index=True)
    idempotency_key: Mapped[str] = mapped_column(String(100))
    request_digest: Mapped[str] = mapped_column(String(64))

    account: Mapped[AccountRow] = relationship_to()
    revision: Mapped[RevisionRow] = relationship_to()
    assessment: Mapped[AssessmentRow | None] = relationship_to()


class AccountRow(Base):
    """A person who signs in."""

    __tablename__ = "accounts"
    __table_args__ = (Index("uq_accounts_external", "external", unique=True),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(String(300))  # empty: no password here
    # Who this is to the organisation's provider, as a digest of issuer and subject.
    external: Mapped[str | None] = mapped_column(String(64))
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

    account: Mapped[AccountRow] = relationship_to()


class KeyRow(Base):
    """A key with which a system calls the API. The key itself is shown once and kept as a digest."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    role: Mapped[str] = mapped_column(String(40))
    digest: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(Moment, default=now)
    revoked_at: Mapped[datetime | None] = mapped_column(Moment)
    # A person's own key acts as that person, with their role; a system's key belongs to nobody.
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))

    account: Mapped[AccountRow | None] = relationship_to()


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


class SampleRow(Base):
    """A quality-assurance sample (service/sampling): how it was drawn, and who reads it. ``plan`` and ``strata`` as plans.py writes them."""

    __tablename__ = "samples"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    plan: Mapped[dict[str, Any]] = mapped_column(JSON)
    strata: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reader_one: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    reader_two: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    reader_three: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    drawn_by: Mapped[str] = mapped_column(String(140))
    drawn_at: Mapped[datetime] = mapped_column(Moment, default=now)


class SampleItemRow(Base):
    """One report of a sample, with what was known of it when it was drawn. Its readings are decisions that carry its id."""

    __tablename__ = "sample_items"
    __table_args__ = (UniqueConstraint("sample_id", "number"), UniqueConstraint("sample_id", "report_id"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=opaque)
    sample_id: Mapped[str] = mapped_column(ForeignKey("samples.id"))
    number: Mapped[int]
    report_id: Mapped[str] = mapped_column(ForeignKey("reports.id"))
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    stratum: Mapped[int]
    flagged: Mapped[bool]
    groups: Mapped[dict[str, Any]] = mapped_column(JSON)
