"""Indexes by which the studio finds people: the newest first, by address, by name.

Revision: 0004
Revises: 0003

Expand only: new indexes, so what still runs on 0003 goes on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Those who are forgotten have no address; nobody looks for them.
_KNOWN = sa.text("email <> ''")


def upgrade() -> None:
    """Make the four indexes."""
    op.create_index(
        "ix_subscribers_newest", "subscribers", ["created_at", "id"], postgresql_where=_KNOWN
    )
    _by_beginning("ix_subscribers_by_address", sa.column("email_key"))
    _by_beginning(
        "ix_subscribers_by_name", sa.func.lower(sa.text("first_name || ' ' || last_name"))
    )
    _by_beginning("ix_subscribers_by_last_name", sa.func.lower(sa.column("last_name")))


def _by_beginning(name: str, value: sa.ColumnElement[str]) -> None:
    op.create_index(
        name,
        "subscribers",
        [value.label("beginning"), "id"],
        postgresql_ops={"beginning": "text_pattern_ops"},
        postgresql_where=_KNOWN,
    )
