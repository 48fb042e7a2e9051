"""Databases in SQLite and PostgreSQL, looked into from outside."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg


def query(url: str, sql: str) -> list[str]:
    """The first column of what it finds."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return [row[0] for row in database.execute(sql).fetchall()]
    with psycopg.connect(url) as database:
        found = database.execute(sql.encode())
        return [row[0] for row in found.fetchall()] if found.description else []


def tables(url: str) -> list[str]:
    is_sqlite = url.startswith("sqlite")
    return query(
        url,
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if is_sqlite
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    )
