"""People in a browser on the pages for connecting a client."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import McpUser, User

KEY = re.compile(r"mcp_[A-Za-z0-9_-]{43}")


def browser_of(name: str, *users: McpUser, **fields: Any) -> Client:
    person = User.objects.create_user(name, **fields)
    person.mcp_users.set(users)
    browser = Client()
    browser.force_login(person)
    return browser


def page_of(user: McpUser) -> str:
    return reverse("connect-as", args=[user.pk])


def new_key(browser: Client, user: McpUser, others: str = "keep", label: str = "") -> str:
    """The key that the answer shows."""
    answer = browser.post(page_of(user), form_of(user, label=label, others=others))
    assert 200 == answer.status_code, answer.content
    [key] = set(KEY.findall(answer.content.decode()))
    return str(key)


def form_of(user: McpUser, **filled: str) -> dict[str, Any]:
    """What the form for a new key sends, opened just now."""
    newest = user.keys.order_by("pk").last()
    return {"action": "make-key", "newest": newest.pk if newest else 0, "others": "keep", **filled}


def told(browser: Client, user: McpUser, key: str) -> str:
    """The page after a test of the connection with `key`."""
    answer = browser.post(page_of(user), {"action": "test", "key": key})
    return str(answer.content.decode())
