"""MCP users and their keys in the admin."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client

from accounts.models import ApiKey, McpUser

USERS, KEYS = "/admin/accounts/mcpuser/", "/admin/accounts/apikey/"
KEY = re.compile(r"mcp_[\w-]{43}")


def fields(**changes: Any) -> dict[str, Any]:
    inline = {"keys-TOTAL_FORMS": 0, "keys-INITIAL_FORMS": 0}
    user = {"name": "alice", "profile": "local", "active": "on", "toolset": "all"}
    return {**user, **inline, **changes}


def open_form(client: Client, user: McpUser, page: str) -> dict[str, Any]:
    """What the form for a new key sends as it is shown."""
    response = client.get(f"{USERS}{user.pk}/{page}/")
    return dict(response.context["form"].initial)


def new_key(client: Client, user: McpUser, page: str = "new_key", **sent: Any) -> str:
    response = client.post(f"{USERS}{user.pk}/{page}/", {**open_form(client, user, page), **sent})
    return str(KEY.findall(response.content.decode())[0])


def is_live(key: str) -> bool:
    return ApiKey.objects.authenticate(key) is not None
