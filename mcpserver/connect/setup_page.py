"""Builds the context of `mcpserver/setups.html`, which pages of the admin also include."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from mcpserver.connect.client_setup import Server, client_setups, server_url


def setups_context(key: str = "") -> dict[str, Any]:
    """The address of this server, and instructions to set up each client with `key`."""
    url = f"{server_url()}/mcp"
    return {
        "url": url,
        "is_public": bool(settings.PUBLIC_URL),
        "setups": client_setups(Server(url, key=key)),
    }
