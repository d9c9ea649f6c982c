"""What lists filter and sort by stands in the report's own row, so that no text is read to show a page of the queue."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

QUEUE = (
    "status", "erased", "probability", "suggestion", "recorded_offence", "relationship", "reported_at", "received_at",
    "reference", "id",
)  # fmt: skip
_LATEST = "r.report_id = reports.id AND r.number = reports.latest"


def upgrade() -> None:
    op.add_column("reports", sa.Column("erased", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("reports", sa.Column("probability", sa.Float(), nullable=True))
    op.add_column("reports", sa.Column("suggestion", sa.String(length=40), nullable=True))
    op.add_column("reports", sa.Column("relationship", sa.String(length=40), nullable=True))
    op.execute(
        f"UPDATE reports SET erased = true WHERE EXISTS (SELECT 1 FROM revisions r WHERE {_LATEST} AND r.erased_at IS NOT NULL)"
    )
    op.execute(
        "UPDATE reports SET (probability, suggestion, relationship) = (SELECT a.probability, a.suggestion, a.relationship "
        f"FROM revisions r JOIN assessments a ON a.revision_id = r.id AND a.current WHERE {_LATEST}) WHERE NOT erased"
    )
    op.drop_index("ix_assessments_queue", "assessments")
    op.drop_index("ix_reports_status", "reports")
    op.drop_index("ix_reports_recorded_offence", "reports")
    op.create_index("ix_reports_queue", "reports", list(QUEUE))


def downgrade() -> None:
    op.drop_index("ix_reports_queue", "reports")
    for name in ("relationship", "suggestion", "probability", "erased"):
        op.drop_column("reports", name)
    op.create_index("ix_reports_recorded_offence", "reports", ["recorded_offence"])
    op.create_index("ix_reports_status", "reports", ["status"])
    op.create_index("ix_assessments_queue", "assessments", ["current", "probability"])
