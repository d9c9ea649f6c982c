"""People whom an organisation's provider vouches for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NAME = "uq_accounts_external"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("external", sa.String(length=64), nullable=True))
    op.create_index(NAME, "accounts", ["external"], unique=True)


def downgrade() -> None:
    """Those people lose their sign-in: the older program has no password of theirs to check."""
    op.drop_index(NAME, "accounts")
    op.drop_column("accounts", "external")
