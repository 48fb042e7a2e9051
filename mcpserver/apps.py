"""Registers the tools, and the receivers that record events and changes of models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from accounts.policy import Policy


class McpServerConfig(AppConfig):
    """Configures the app."""

    name = "mcpserver"
    verbose_name = "Audit log"

    def ready(self) -> None:
        from accounts.tools import ToolSource, register_tools
        from mcpserver.audit import model_changes, receivers  # noqa: F401 - they register

        model_changes.watch()
        register_tools(ToolSource(names=_tool_names, core=_core_tools, titles=_tool_titles))


# Commands load this app too: the tools, and with them the SDK, are imported when they are needed.
def _tool_names() -> set[str]:
    from mcpserver.tools import tool_names

    return tool_names()


def _core_tools() -> frozenset[str]:
    from mcpserver.tools import core_tools

    return core_tools()


def _tool_titles(policy: Policy) -> dict[str, list[str]]:
    from mcpserver.tools import tool_titles

    return tool_titles(policy)
