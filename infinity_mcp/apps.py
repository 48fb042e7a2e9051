"""Registers the system checks and limits how long connections wait for SQLite."""

from __future__ import annotations

from django.apps import AppConfig


class InfinityMcpConfig(AppConfig):
    """Registers the system checks, and limits how long SQLite waits for a lock."""

    name = "infinity_mcp"

    def ready(self) -> None:
        from infinity_mcp import checks  # noqa: F401 - registers itself
        from infinity_mcp.core import sqlite

        sqlite.limit_waiting()
