from __future__ import annotations

from django.apps import AppConfig


class InfinityMcpConfig(AppConfig):
    name = "infinity_mcp"

    def ready(self) -> None:
        from infinity_mcp import checks, sqlite  # noqa: F401 - the former registers itself

        sqlite.limit_waiting()
