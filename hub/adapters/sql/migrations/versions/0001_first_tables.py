"""All tables as they were at first, and the triggers that keep the audit log as it is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

ID = sa.String(30).with_variant(sa.VARCHAR(30, collation="C"), "postgresql")
MAC = sa.String(64)
INSTANT = sa.BigInteger().with_variant(sa.TIMESTAMP(timezone=True), "postgresql")
DOCUMENT = sa.JSON().with_variant(JSONB(), "postgresql")

SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER audit_is_queued AFTER INSERT ON audit
    BEGIN INSERT INTO audit_unsealed (audit_id) VALUES (NEW.id); END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
        BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
        """
        for table in ("audit", "audit_seals")
        for verb in ("update", "delete")
    ),
)

POSTGRESQL_TRIGGERS = (
    """
    CREATE FUNCTION audit_queue() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO audit_unsealed (audit_id) VALUES (NEW.id); RETURN NULL; END $$
    """,
    """
    CREATE TRIGGER audit_is_queued AFTER INSERT ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_queue()
    """,
    """
    CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_refuses_{verb} BEFORE {verb} ON {table}
        FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()
        """
        for table in ("audit", "audit_seals")
        for verb in ("update", "delete", "truncate")
    ),
)


def _word(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)


def _partial(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    op.create_table(
        "kept",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_kept"),
    )
    op.create_table(
        "signing_keys",
        sa.Column("kid", MAC, nullable=False),
        sa.Column("private", sa.Text(), nullable=False),
        sa.Column("public", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("signs_from", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("kid", name="pk_signing_keys"),
    )
    op.create_table(
        "tenants",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("authentication", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenants"),
        sa.UniqueConstraint("slug", name="uq_tenants_slug"),
    )
    op.create_table(
        "audit",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("actor_kind", sa.String(32), nullable=False),
        sa.Column("actor_id", sa.Text()),
        sa.Column("user_id", ID),
        sa.Column("ip", sa.Text()),
        sa.Column("data", DOCUMENT, nullable=False),
        sa.Column("hash", MAC, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_audit_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_tenant_id_id", "audit", ["tenant_id", "id"])
    op.create_index("ix_audit_tenant_id_user_id_id", "audit", ["tenant_id", "user_id", "id"])
    op.create_table(
        "pressures",
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("account", MAC, nullable=False),
        sa.Column("pressure", DOCUMENT, nullable=False),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_pressures_tenant_id"),
        sa.PrimaryKeyConstraint("tenant_id", "account", name="pk_pressures"),
    )
    op.create_table(
        "users",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_normal", sa.Text(), nullable=False),
        sa.Column("role", _word("role", "user", "admin", "owner"), nullable=False),
        sa.Column("status", _word("status", "active", "blocked"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("password", sa.Text()),
        sa.Column("last_sign_in_at", INSTANT),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_users_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_users"),
        sa.UniqueConstraint("tenant_id", "email_normal", name="uq_users_tenant_id_email_normal"),
        sa.UniqueConstraint("tenant_id", "id", name="uq_users_tenant_id_id"),
    )
    _partial("ix_users_owners", "users", ["tenant_id", "id"], "role = 'owner'")
    op.create_table(
        "audit_seals",
        sa.Column("audit_id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("link", MAC, nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name="fk_audit_seals_audit_id"),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_audit_seals_tenant_id"),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit_seals"),
        sa.UniqueConstraint("tenant_id", "number", name="uq_audit_seals_tenant_id_number"),
    )
    op.create_table(
        "audit_unsealed",
        sa.Column("audit_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["audit_id"], ["audit.id"], name="fk_audit_unsealed_audit_id"),
        sa.PrimaryKeyConstraint("audit_id", name="pk_audit_unsealed"),
    )
    op.create_table(
        "browsers",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("token_mac", MAC, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("rotated_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("os", sa.Text(), nullable=False),
        sa.Column("previous_mac", MAC),
        sa.Column("forgotten_at", INSTANT),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_browsers_tenant_id_user_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_browsers"),
        sa.UniqueConstraint("token_mac", name="uq_browsers_token_mac"),
    )
    _partial("ix_browsers_known", "browsers", ["user_id"], "forgotten_at IS NULL")
    op.create_index("ix_browsers_previous_mac", "browsers", ["previous_mac"])
    op.create_table(
        "logins",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("account", MAC, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("user_id", ID),
        sa.Column("step", _word("step", "push", "password", "approved", "done", "failed"), nullable=False),
        sa.Column("browser_mac", MAC, nullable=False),
        sa.Column("app", sa.Text(), nullable=False),
        sa.Column("origin", DOCUMENT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("return_to", sa.Text()),
        sa.Column("known_browser", ID),
        sa.Column("proofs", DOCUMENT, nullable=False),
        sa.Column("challenge_id", ID),
        sa.Column("pushes", sa.Integer(), nullable=False),
        sa.Column("last_push_at", INSTANT),
        sa.Column("approved_at", INSTANT),
        sa.Column("matched", sa.Boolean(), nullable=False),
        sa.Column("outcome", _word("outcome", "pending", "approved", "denied", "expired", "cancelled")),
        sa.Column("ends_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["known_browser"], ["browsers.id"], name="fk_logins_known_browser"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_logins_tenant_id_user_id"
        ),
        sa.ForeignKeyConstraint(["tenant_id"], ["tenants.id"], name="fk_logins_tenant_id"),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
    )
    op.create_index("ix_logins_browser_mac", "logins", ["browser_mac"])
    _partial("ix_logins_due", "logins", ["ends_at"], "step IN ('push', 'password', 'approved')")
    _partial("ix_logins_open", "logins", ["user_id"], "step IN ('push', 'password', 'approved')")
    op.create_table(
        "sessions",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("token_mac", MAC, nullable=False),
        sa.Column("scope", _word("scope", "full", "enroll"), nullable=False),
        sa.Column("proofs", DOCUMENT, nullable=False),
        sa.Column("authenticated_at", INSTANT, nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("login_id", ID, nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("os", sa.Text(), nullable=False),
        sa.Column("browser_id", ID),
        sa.Column("ended_at", INSTANT),
        sa.ForeignKeyConstraint(["browser_id"], ["browsers.id"], name="fk_sessions_browser_id"),
        sa.ForeignKeyConstraint(["login_id"], ["logins.id"], name="fk_sessions_login_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_sessions_tenant_id_user_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_mac", name="uq_sessions_token_mac"),
    )
    _partial("ix_sessions_open", "sessions", ["user_id"], "ended_at IS NULL")
    op.create_table(
        "enrollments",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("code_mac", MAC, nullable=False),
        sa.Column("status", _word("status", "pending", "done", "expired", "cancelled"), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("session_id", ID),
        sa.Column("device_id", ID),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_enrollments_session_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_enrollments_tenant_id_user_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_enrollments"),
        sa.UniqueConstraint("code_mac", name="uq_enrollments_code_mac"),
    )
    _partial("ix_enrollments_due", "enrollments", ["expires_at"], "status = 'pending'")
    _partial("ix_enrollments_open", "enrollments", ["user_id"], "status = 'pending'")
    op.create_table(
        "devices",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("pin_mac", MAC, nullable=False),
        sa.Column("status", _word("status", "active", "removed"), nullable=False),
        sa.Column("enrolled_at", INSTANT, nullable=False),
        sa.Column("enrollment_id", ID, nullable=False),
        sa.Column("wrong_pins", sa.Integer(), nullable=False),
        sa.Column("locked_at", INSTANT),
        sa.Column("last_used_at", INSTANT),
        sa.Column("removed_at", INSTANT),
        sa.Column("connection", sa.Text()),
        sa.ForeignKeyConstraint(["enrollment_id"], ["enrollments.id"], name="fk_devices_enrollment_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_devices_tenant_id_user_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    _partial("ix_devices_active", "devices", ["user_id"], "status = 'active'")
    op.create_table(
        "challenges",
        sa.Column("id", ID, nullable=False),
        sa.Column("tenant_id", ID, nullable=False),
        sa.Column("login_id", ID, nullable=False),
        sa.Column("account", MAC, nullable=False),
        sa.Column("user_id", ID),
        sa.Column("lane", _word("lane", "any", "known"), nullable=False),
        sa.Column(
            "status", _word("status", "pending", "approved", "denied", "expired", "cancelled"), nullable=False
        ),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("digits", sa.Text()),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("shown_at", INSTANT),
        sa.Column("unreachable_at", INSTANT),
        sa.Column("decided_at", INSTANT),
        sa.Column("decided_by", ID),
        sa.Column("decision", sa.Text()),
        sa.Column("reason", _word("reason", "wrong_match")),
        sa.Column("report", _word("report", "mistake", "unexpected", "fraud")),
        sa.ForeignKeyConstraint(["decided_by"], ["devices.id"], name="fk_challenges_decided_by"),
        sa.ForeignKeyConstraint(["login_id"], ["logins.id"], name="fk_challenges_login_id"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], name="fk_challenges_tenant_id_user_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
    )
    _partial("ix_challenges_account", "challenges", ["tenant_id", "account"], "status = 'pending'")
    _partial("ix_challenges_due", "challenges", ["expires_at"], "status = 'pending'")
    _partial("ix_challenges_open", "challenges", ["user_id"], "status = 'pending'")

    triggers = POSTGRESQL_TRIGGERS if op.get_context().dialect.name == "postgresql" else SQLITE_TRIGGERS
    for trigger in triggers:
        op.execute(trigger)
