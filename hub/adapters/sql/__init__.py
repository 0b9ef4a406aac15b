"""The store on SQLAlchemy Core: SQLite on one machine, PostgreSQL beyond; one set of tables for both."""
