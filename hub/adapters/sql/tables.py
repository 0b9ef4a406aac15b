"""Every table, the same on SQLite and PostgreSQL; triggers and history are in the migrations.

Columns bear the names of the dataclasses' fields. Those that are derived from fields, so that the database
can look by them, are marked.
"""

import sqlalchemy as sa

from hub.adapters.sql.columns import Document, Id, Instant, Mac, word
from hub.adapters.sql.documents import (
    read_authentication,
    read_credential,
    read_devices,
    read_origin,
    read_pressure,
    read_proofs,
    write_authentication,
    write_credential,
    write_devices,
    write_origin,
    write_pressure,
    write_proofs,
)
from hub.domain.account import Role, Scope, UserStatus
from hub.domain.audit import ActorKind, Event
from hub.domain.challenge import Kind, Reason, Report, Status
from hub.domain.device import DeviceStatus
from hub.domain.enrollment import EnrollmentStatus
from hub.domain.login import MOVES, Step
from hub.domain.throttle import Lane

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

# Conditions of partial indexes. They are text, not parameters: a database uses such an index only where it
# reads the same constant in the query.
OWNS = sa.text("role = 'owner'")
ACTIVE = sa.text("status = 'active'")
PENDING = sa.text("status = 'pending'")
UNPUSHED = sa.text("status = 'pending' AND shown_at IS NULL AND pushed_to IS NULL AND user_id IS NOT NULL")
NOT_ENDED = sa.text("ended_at IS NULL")
NOT_FORGOTTEN = sa.text("forgotten_at IS NULL")
MOVABLE = sa.text("step IN ({})".format(", ".join(f"'{step}'" for step in Step if MOVES[step])))


def _proofs() -> sa.Column[object]:
    return sa.Column("proofs", Document(write_proofs, read_proofs), nullable=False)


def _user() -> sa.ForeignKeyConstraint:
    """Both columns at once: nothing can belong to a user of another tenant."""
    return sa.ForeignKeyConstraint(["tenant_id", "user_id"], ["users.tenant_id", "users.id"])


def _where(table: sa.Table, condition: sa.TextClause, *columns: str, name: str) -> None:
    """Give *table* an index of only those rows that *condition* holds for."""
    sa.Index(
        f"ix_{table.name}_{name}",
        *(table.c[column] for column in columns),
        sqlite_where=condition,
        postgresql_where=condition,
    )


tenants = sa.Table(
    "tenants",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("slug", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("authentication", Document(write_authentication, read_authentication), nullable=False),
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("email_normal", sa.Text, nullable=False),  # derived: account.normal_email
    sa.Column("role", word(Role, "role"), nullable=False),
    sa.Column("status", word(UserStatus, "status"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("password", sa.Text),
    sa.Column("last_sign_in_at", Instant),
    sa.UniqueConstraint("tenant_id", "email_normal"),
    sa.UniqueConstraint("tenant_id", "id"),
)
_where(users, OWNS, "tenant_id", "id", name="owners")

devices = sa.Table(
    "devices",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("public_key", sa.Text, nullable=False),
    sa.Column("pin_mac", Mac),
    sa.Column("status", word(DeviceStatus, "status"), nullable=False),
    sa.Column("enrolled_at", Instant, nullable=False),
    sa.Column("enrollment_id", Id, sa.ForeignKey("enrollments.id"), nullable=False),
    sa.Column("wrong_pins", sa.Integer, nullable=False),
    sa.Column("locked_at", Instant),
    sa.Column("last_used_at", Instant),
    sa.Column("removed_at", Instant),
    sa.Column("connection", sa.Text),
    sa.Column("credential", Document(write_credential, read_credential)),
    sa.Column("subscription", sa.Text),
    sa.Column("nonce_at", Instant),
    _user(),
)
_where(devices, ACTIVE, "user_id", name="active")

enrollments = sa.Table(
    "enrollments",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("code_mac", Mac, nullable=False, unique=True),
    sa.Column("status", word(EnrollmentStatus, "status"), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("session_id", Id, sa.ForeignKey("sessions.id")),
    sa.Column("device_id", Id),  # the device refers to its enrolment: both ways would be a circle
    _user(),
)
_where(enrollments, PENDING, "user_id", name="open")
_where(enrollments, PENDING, "expires_at", name="due")

logins = sa.Table(
    "logins",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("account", Mac, nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("user_id", Id),
    sa.Column("step", word(Step, "step"), nullable=False),
    sa.Column("browser_mac", Mac, nullable=False),
    sa.Column("app", sa.Text, nullable=False),
    sa.Column("origin", Document(write_origin, read_origin), nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("return_to", sa.Text),
    sa.Column("known_browser", Id, sa.ForeignKey("browsers.id")),
    _proofs(),
    sa.Column("challenge_id", Id),  # the challenge refers to its login: both ways would be a circle
    sa.Column("pushes", sa.Integer, nullable=False),
    sa.Column("last_push_at", Instant),
    sa.Column("approved_at", Instant),
    sa.Column("matched", sa.Boolean, nullable=False),
    sa.Column("outcome", word(Status, "outcome")),
    sa.Column("ends_at", Instant, nullable=False),  # derived: Login.ends_at
    _user(),
    sa.Index(None, "browser_mac"),
)
_where(logins, MOVABLE, "user_id", name="open")
_where(logins, MOVABLE, "ends_at", name="due")

challenges = sa.Table(
    "challenges",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, nullable=False),
    sa.Column("login_id", Id, sa.ForeignKey("logins.id")),
    sa.Column("account", Mac, nullable=False),
    sa.Column("user_id", Id),
    sa.Column("lane", word(Lane, "lane"), nullable=False),
    sa.Column("status", word(Status, "status"), nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("digits", sa.Text),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("shown_at", Instant),
    sa.Column("unreachable_at", Instant),
    sa.Column("decided_at", Instant),
    sa.Column("decided_by", Id, sa.ForeignKey("devices.id")),
    sa.Column("decision", sa.Text),
    sa.Column("reason", word(Reason, "reason")),
    sa.Column("report", word(Report, "report")),
    sa.Column("kind", word(Kind, "kind"), nullable=False),
    sa.Column("only_for", Id, sa.ForeignKey("devices.id")),
    sa.Column("pushed_to", Document(write_devices, read_devices)),
    _user(),
)
_where(challenges, PENDING, "user_id", name="open")
_where(challenges, PENDING, "tenant_id", "account", name="account")
_where(challenges, PENDING, "expires_at", name="due")
_where(challenges, UNPUSHED, "created_at", name="unpushed")

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("token_mac", Mac, nullable=False, unique=True),
    sa.Column("scope", word(Scope, "scope"), nullable=False),
    _proofs(),
    sa.Column("authenticated_at", Instant, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("login_id", Id, sa.ForeignKey("logins.id"), nullable=False),
    sa.Column("ip", sa.Text, nullable=False),
    sa.Column("browser", sa.Text, nullable=False),
    sa.Column("os", sa.Text, nullable=False),
    sa.Column("browser_id", Id, sa.ForeignKey("browsers.id")),
    sa.Column("ended_at", Instant),
    _user(),
)
_where(sessions, NOT_ENDED, "user_id", name="open")

browsers = sa.Table(
    "browsers",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, nullable=False),
    sa.Column("user_id", Id, nullable=False),
    sa.Column("token_mac", Mac, nullable=False, unique=True),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("rotated_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("browser", sa.Text, nullable=False),
    sa.Column("os", sa.Text, nullable=False),
    sa.Column("previous_mac", Mac, index=True),
    sa.Column("forgotten_at", Instant),
    _user(),
)
_where(browsers, NOT_FORGOTTEN, "user_id", name="known")

pressures = sa.Table(
    "pressures",
    metadata,
    sa.Column("tenant_id", Id, sa.ForeignKey("tenants.id"), primary_key=True),
    sa.Column("account", Mac, primary_key=True),
    sa.Column("pressure", Document(write_pressure, read_pressure), nullable=False),
)

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("id", Id, primary_key=True),
    sa.Column("tenant_id", Id, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("at", Instant, nullable=False),
    # Not checked: each version knows more events, and a table that is never rewritten keeps its checks.
    sa.Column("type", word(Event, "type", checked=False), nullable=False),
    sa.Column("actor_kind", word(ActorKind, "actor_kind", checked=False), nullable=False),
    sa.Column("actor_id", sa.Text),
    sa.Column("user_id", Id),
    sa.Column("ip", sa.Text),
    sa.Column("data", Document(dict, dict), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Index(None, "tenant_id", "id"),
    sa.Index(None, "tenant_id", "user_id", "id"),
)

audit_seals = sa.Table(
    "audit_seals",
    metadata,
    sa.Column("audit_id", Id, sa.ForeignKey("audit.id"), primary_key=True),
    sa.Column("tenant_id", Id, sa.ForeignKey("tenants.id"), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("link", sa.String(64), nullable=False),
    sa.UniqueConstraint("tenant_id", "number"),
)

# What a trigger puts here with each audit row, the sealer takes away: rows that may not be marked cannot say
# themselves that they are not sealed yet, and looking for those without a seal would read the whole log.
audit_unsealed = sa.Table(
    "audit_unsealed",
    metadata,
    sa.Column("audit_id", Id, sa.ForeignKey("audit.id"), primary_key=True),
)

signing_keys = sa.Table(
    "signing_keys",
    metadata,
    sa.Column("kid", sa.String(64), primary_key=True),
    sa.Column("private", sa.Text, nullable=False),
    sa.Column("public", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("signs_from", Instant, nullable=False),
)

kept = sa.Table(
    "kept",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
