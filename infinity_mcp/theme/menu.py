"""Builds the admin's menu, grouped in an operator's words."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

# Headings, with the models below each and their icons. Models that this server lacks are left out.
GROUPS = (
    ("Agents", {"accounts.mcpuser": "smart_toy", "accounts.apikey": "key"}),
    ("Infinity", {"credentials.profile": "cloud"}),
    ("OAuth", {"oauthbridge.application": "apps", "oauthbridge.connection": "link"}),
    ("Audit", {"mcpserver.toolcall": "receipt_long", "mcpserver.event": "history"}),
    ("People", {"accounts.user": "group"}),
)


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups with links that the person may see, in the theme's format."""
    overview = {"title": "Overview", "icon": "home", "link": reverse("admin:index")}
    connect = {"title": "Connect an agent", "icon": "cable", "link": reverse("connect")}
    groups: list[dict[str, Any]] = [{"items": [overview, connect]}]
    shown = _shown(request)
    for title, icons in GROUPS:
        items = [{**shown[model], "icon": icon} for model, icon in icons.items() if model in shown]
        if items:
            groups.append({"title": title, "items": items})
    return groups


def _shown(request: HttpRequest) -> dict[str, dict[str, str]]:
    """Title and link of every list that the person may see, by the model's label."""
    return {
        model["model"]._meta.label_lower: {"title": model["name"], "link": model["admin_url"]}
        for app in admin.site.get_app_list(request)
        for model in app["models"]
        if model["admin_url"]
    }
