"""Samples of quality assurance and the reports drawn into them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("strata", sa.JSON(), nullable=False),
        sa.Column("reader_one", sa.String(length=32), nullable=False),
        sa.Column("reader_two", sa.String(length=32), nullable=False),
        sa.Column("reader_three", sa.String(length=32), nullable=False),
        sa.Column("drawn_by", sa.String(length=140), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.ForeignKeyConstraint([name], ["accounts.id"], name=f"fk_samples_{name}_accounts")
            for name in ("reader_one", "reader_two", "reader_three")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_samples"),
        sa.UniqueConstraint("name", name="uq_samples_name"),
    )
    op.create_table(
        "sample_items",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("sample_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("revision_id", sa.String(length=32), nullable=False),
        sa.Column("stratum", sa.Integer(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["sample_id"], ["samples.id"], name="fk_sample_items_sample_id_samples"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_sample_items_report_id_reports"),
        sa.ForeignKeyConstraint(["revision_id"], ["revisions.id"], name="fk_sample_items_revision_id_revisions"),
        sa.PrimaryKeyConstraint("id", name="pk_sample_items"),
        sa.UniqueConstraint("sample_id", "number", name="uq_sample_items_sample_id_number"),
        sa.UniqueConstraint("sample_id", "report_id", name="uq_sample_items_sample_id_report_id"),
    )


def downgrade() -> None:
    op.drop_table("sample_items")
    op.drop_table("samples")
