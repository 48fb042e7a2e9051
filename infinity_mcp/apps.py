from __future__ import annotations

from django.apps import AppConfig


class InfinityMcpConfig(AppConfig):
    name = "infinity_mcp"

    def ready(self) -> None:
        from infinity_mcp import checks  # noqa: F401 - registers them
