"""Decisions, claims and a report's status; relationship beside an assessment; keys of persons; texts that can be erased."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reports", sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("reports", sa.Column("status", sa.String(length=20), nullable=False, server_default="waiting"))
    op.create_index("ix_reports_status", "reports", ["status"])
    op.execute("UPDATE reports SET version = latest")
    op.add_column("revisions", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "assessments", sa.Column("relationship", sa.String(length=40), nullable=False, server_default="unknown")
    )
    postgresql = op.get_bind().dialect.name == "postgresql"
    found = "body->>'relationship'" if postgresql else "json_extract(body, '$.relationship')"
    op.execute(f"UPDATE assessments SET relationship = coalesce({found}, 'unknown')")
    with op.batch_alter_table("api_keys") as keys:
        keys.add_column(sa.Column("account_id", sa.String(length=32), nullable=True))
        keys.create_foreign_key("fk_api_keys_account_id_accounts", "accounts", ["account_id"], ["id"])
    op.create_table(
        "claims",
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_claims_report_id_reports"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_claims_account_id_accounts"),
        sa.PrimaryKeyConstraint("report_id", name="pk_claims"),
    )
    op.create_index("ix_claims_account_id", "claims", ["account_id"])
    op.create_table(
        "decisions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision_id", sa.String(length=32), nullable=False),
        sa.Column("assessment_id", sa.String(length=32), nullable=True),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("offence", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("corrections", sa.JSON(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("supersedes", sa.String(length=32), nullable=True),
        sa.Column("sample_item_id", sa.String(length=32), nullable=True),
        sa.Column("idempotency_key", sa.String(length=100), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_decisions_report_id_reports"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_decisions_revision_id_revisions"),
        sa.ForeignKeyConstraint(["assessment_id"], ["assessments.id"], name="fk_decisions_assessment_id_assessments"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_decisions_account_id_accounts"),
        sa.ForeignKeyConstraint(["supersedes"], ["decisions.id"], name="fk_decisions_supersedes_decisions"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sa.UniqueConstraint("report_id", "number", name="uq_decisions_report_id_number"),
        sa.UniqueConstraint("account_id", "idempotency_key", name="uq_decisions_account_id_idempotency_key"),
    )
    op.create_index("ix_decisions_decided_at", "decisions", ["decided_at"])
    op.create_index("ix_decisions_sample_item_id", "decisions", ["sample_item_id"])


def downgrade() -> None:
    """Takes the decisions away: back the database up first (docs/service.md)."""
    op.drop_table("decisions")
    op.drop_table("claims")
    with op.batch_alter_table("api_keys") as keys:
        keys.drop_constraint("fk_api_keys_account_id_accounts", type_="foreignkey")
        keys.drop_column("account_id")
    op.drop_column("assessments", "relationship")
    op.drop_column("revisions", "erased_at")
    op.drop_index("ix_reports_status", "reports")
    op.drop_column("reports", "status")
    op.drop_column("reports", "version")
