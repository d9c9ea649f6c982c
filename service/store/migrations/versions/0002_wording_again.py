"""A wording may come back: the same text can be a revision of a report more than once, though never twice running."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAME = "uq_revisions_report_id_digest"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(NAME, "revisions", type_="unique")
    else:
        _make_anew()


def downgrade() -> None:
    """Fails, changing nothing, when a wording did come back: the older program has no place for it."""
    unique = sa.UniqueConstraint("report_id", "digest", name=NAME)
    if op.get_bind().dialect.name == "postgresql":
        op.create_unique_constraint(NAME, "revisions", ["report_id", "digest"])
    else:
        _make_anew(unique)


def _make_anew(*more: sa.UniqueConstraint) -> None:
    """SQLite cannot drop a constraint. The rows go aside and come back under the table's own name: assessments point to them throughout."""
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TEMPORARY TABLE revisions_aside AS SELECT * FROM revisions")
    op.drop_table("revisions")
    op.create_table(
        "revisions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("report_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name="fk_revisions_report_id_reports"),
        sa.PrimaryKeyConstraint("id", name="pk_revisions"),
        sa.UniqueConstraint("report_id", "number", name="uq_revisions_report_id_number"),
        *more,
    )
    columns = "id, report_id, number, digest, text, received_at"
    op.execute(f"INSERT INTO revisions ({columns}) SELECT {columns} FROM revisions_aside")
    op.execute("DROP TABLE revisions_aside")
