"""Runs migrations on the connection that hub.adapters.sql.migrate hands over, within its transaction."""

from typing import Any

from alembic import context

from hub.adapters.sql.tables import metadata


def _note(*_: Any, **told: Any) -> None:
    context.config.attributes["applied"].extend(told["step"].up_revision_ids)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    # SQLite changes a column only by building the table anew.
    render_as_batch=connection.dialect.name == "sqlite",
    on_version_apply=_note,
)
context.run_migrations()
