from __future__ import annotations

from django.apps import AppConfig


class McpServerConfig(AppConfig):
    name = "mcpserver"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from mcpserver import events, watching  # noqa: F401 - the first registers receivers

        watching.watch()
