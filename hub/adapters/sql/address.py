"""Addresses of databases, as SQLAlchemy writes them."""

import sqlalchemy as sa


def is_sqlite(url: str) -> bool:
    """Whether *url* is SQLite's; raises ValueError if it is of neither database that the hub knows."""
    driver = sa.make_url(url).drivername
    if driver not in ("sqlite+aiosqlite", "postgresql+asyncpg"):
        raise ValueError("the database is sqlite+aiosqlite:///… or postgresql+asyncpg://…")
    return driver == "sqlite+aiosqlite"
