"""The registration through which the lower apps learn the names and titles of tools."""

from __future__ import annotations

import pytest

from accounts import tools
from accounts.policy import Policy
from accounts.scopes import READ
from mcpserver.tools import all_tools


def test_tools_of_the_server_are_registered_when_the_apps_are_ready() -> None:
    profile = next(tool for tool in all_tools() if tool.name == "infinity_get_profile")

    assert {tool.name for tool in all_tools()} == tools.tool_names()
    assert {READ: [profile.title]} == tools.tool_titles(
        Policy(frozenset({READ}), frozenset({profile.name}))
    )


def test_no_registration_is_an_error_and_not_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "_source", None)

    with pytest.raises(RuntimeError, match="register_tools"):
        tools.tool_names()
