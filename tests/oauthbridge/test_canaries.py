"""No secret is in any page, log line or row, whatever was done with it: security.md 13.

It is here because tokens of OAuth are among the secrets.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from django.conf import settings
from django.db import connection

from accounts.models import McpUser, User
from accounts.scopes import READ
from credentials.models import Profile
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import running_oauth
from tests.oauthbridge.support import Flow, hidden_token, http, session_of
from tests.support import Server

LINK = re.compile(r'href="([^"#]+)')
KEY = re.compile(r"mcp_[\w-]{43}")
ENTRANCES = (
    "/admin/",
    "/connect/",
    "/oauth/connections/",
    "/admin/mcpserver/toolcall/export/",
    "/admin/mcpserver/event/export/",
)
CALLS: dict[str, dict[str, str]] = {
    "list_workspaces": {},
    "delete_hook": {"workspace_id": "1", "hook_id": "x"},
    "get_board": {"workspace_id": "9", "board_id": "x"},
}
LEADS_OUT = ("/static/", "/logout/", "/admin/logout/", "/admin/jsi18n/")


@pytest.fixture
def oauth(transactional_db: None, tmp_path: Path) -> Iterator[Server]:
    """Of this test alone: a server keeps the ids of content types, which are others in each test,
    and the admin's history names them."""
    with running_oauth(tmp_path) as server:
        yield server


@pytest.fixture
def root(transactional_db: None) -> User:
    return User.objects.create_superuser("root")


@pytest.fixture
def browser(flow: Flow, root: User) -> Iterator[httpx2.Client]:
    cookies = {settings.SESSION_COOKIE_NAME: session_of(root)}
    with http(cookies=cookies, base_url=flow.server.origin, follow_redirects=True) as browser:
        yield browser


def sent(browser: httpx2.Client, path: str, **form: str) -> str:
    """The answer to a form of the admin or of the connect page."""
    token = hidden_token(browser.get(path).text)
    answer = browser.post(path, data={"csrfmiddlewaretoken": token, **form})
    assert answer.status_code < 500, answer.text
    return answer.text


def enter_tokens(browser: httpx2.Client, url: str) -> list[str]:
    """Infinity tokens that were stored, replaced, refused by the form and refused by Infinity."""
    first, second = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    impossible = f"{secrets.token_urlsafe(24)} with a space"
    form = {"name": "Other", "access": "admin", "active": "on", "version": ""}
    path = "/admin/credentials/profile/"
    sent(browser, f"{path}add/", id="other", base_url=url, token=first, **form)
    sent(browser, f"{path}other/change/", base_url=url, token=second, **form)
    again = sent(browser, f"{path}other/change/", base_url=url, token=impossible, **form)
    assert impossible not in again
    assert second == Profile.objects.get(id="other").open_token()
    return [first, second, impossible]


def make_keys(browser: httpx2.Client, user: McpUser) -> list[str]:
    """Keys made in the admin and on the connect page, and one that never was."""

    def newest() -> str:
        return str(user.keys.latest("pk").pk)

    form = {"label": "laptop", "lifetime": "", "newest": newest()}
    shown = [sent(browser, f"/admin/accounts/mcpuser/{user.pk}/new_key/", **form)]
    page = f"/connect/{user.pk}/"
    form = {"action": "make-key", "label": "CI", "others": "keep", "newest": newest()}
    shown.append(sent(browser, page, **form))
    keys = [KEY.findall(text)[0] for text in shown]
    wrong = f"mcp_{secrets.token_urlsafe(32)}"
    for key in (keys[0], wrong):
        assert key not in sent(browser, page, action="test", key=key)
    return [*keys, wrong]


def call_with(flow: Flow, *credentials: str) -> None:
    """What works, what is not allowed, what Infinity refuses, and what is no call at all."""
    for credential in credentials:
        flow.server.post(credential, content=f'{{"{credential}": [')
        httpx2.get(f"{flow.server.url}?key={credential}", verify=False)
        for tool, arguments in CALLS.items():
            call = {"name": f"infinity_{tool}", "arguments": {**arguments}}
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            assert flow.server.post(credential, json=asked).status_code < 500


def pages(browser: httpx2.Client) -> dict[str, str]:
    """Every page that links lead to, by its path; of those that differ in the query, one."""
    found: dict[str, str] = {}
    ahead = list(ENTRANCES)
    while ahead:
        path = ahead.pop()
        if path in found or path.startswith(LEADS_OUT):
            continue
        answer = browser.get(path)
        assert answer.status_code < 500, path
        found[path] = answer.text
        addresses = (urljoin(str(answer.url), link) for link in LINK.findall(answer.text))
        ahead += [
            urlsplit(each).path for each in addresses if each.startswith(str(browser.base_url))
        ]
    return found


def database() -> str:
    with connection.cursor() as cursor:
        rows = []
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += cursor.fetchall()
    return repr(rows)


def test_no_secret_is_shown_logged_or_stored(
    flow: Flow,
    browser: httpx2.Client,
    root: User,
    ada: User,
    make_user: MakeUser,
) -> None:
    alice = McpUser.objects.get(name="alice")
    url = Profile.objects.get().base_url
    entered = enter_tokens(browser, url)
    refused = make_user("bob", profile=Profile.objects.get(id="other"))[1]
    limited = make_user("charlie", "read-only", profile=alice.profile)[1]
    made = make_keys(browser, alice)
    tokens = flow.tokens(ada, scopes=(READ,))
    call_with(flow, refused, limited, *made, tokens["access_token"], tokens["refresh_token"])

    canaries = [
        *entered,
        alice.profile.open_token(),
        *made,
        refused,
        limited,
        tokens["access_token"],
        tokens["refresh_token"],
        settings.CREDENTIAL_STORE_KEYS[0],
        settings.SECRET_KEY,
        *(cookie.value or "" for cookie in browser.cookies.jar if "session" in cookie.name),
    ]
    seen = pages(browser)
    assert {f"/admin/accounts/mcpuser/{alice.pk}/history/", f"/connect/{alice.pk}/"} <= seen.keys()
    assert all(word in seen["/admin/mcpserver/event/export/"] for word in ("key_issued", "root"))
    places = {**seen, "the log": flow.server.log.read_text(), "the database": database()}
    for where, text in places.items():
        assert [] == [canary for canary in canaries if canary in text], where
