"""SQLAlchemy 2 (async) behind the persistence ports: SQLite and PostgreSQL with one set of tables and statements."""
