"""Phones that approve by a credential and take web pushes; requests that belong to no sign-in."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

ID = sa.String(30).with_variant(sa.VARCHAR(30, collation="C"), "postgresql")
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")
UNPUSHED = "status = 'pending' AND shown_at IS NULL AND pushed_to IS NULL AND user_id IS NOT NULL"


def upgrade() -> None:
    """Change both tables; what is there was asked by a sign-in, of phones that approve by a PIN."""
    with op.batch_alter_table("devices") as devices:
        devices.alter_column("pin_mac", existing_type=sa.String(64), nullable=True)
        devices.add_column(sa.Column("credential", DOCUMENT))
        devices.add_column(sa.Column("subscription", sa.Text()))
        devices.add_column(sa.Column("nonce_at", INSTANT))
    with op.batch_alter_table("challenges") as challenges:
        challenges.alter_column("login_id", existing_type=ID, nullable=True)
        # The default is for the rows that are there; it goes again in the next step.
        challenges.add_column(sa.Column("kind", sa.String(32), nullable=False, server_default="login"))
        challenges.add_column(sa.Column("only_for", ID))
        challenges.add_column(sa.Column("pushed_to", DOCUMENT))
        challenges.create_check_constraint(
            op.f("ck_challenges_kind"), "kind IN ('login', 'approval', 'test')"
        )
        challenges.create_foreign_key("fk_challenges_only_for", "devices", ["only_for"], ["id"])
    with op.batch_alter_table("challenges") as challenges:
        challenges.alter_column("kind", existing_type=sa.String(32), server_default=None)
    where = sa.text(UNPUSHED)
    op.create_index(
        "ix_challenges_unpushed", "challenges", ["created_at"], sqlite_where=where, postgresql_where=where
    )
