"""No secret is in any page, log line or row after every action with it.

It is here because OAuth tokens are among the secrets.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx2
import pytest
from django.conf import settings
from django.db import connection

from accounts.models import McpUser, User
from accounts.scopes import READ
from credentials.models import Profile
from mcpserver.audit.models import Event, ToolCall
from oauthbridge.models import AccessToken
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import running_oauth
from tests.oauthbridge.support import Flow, hidden_token, http, session_of
from tests.support import Server, database_dump

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
    "get_board": {"workspace_id": "9", "board_id": "Hq7wTz3KfPa"},
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


def submitted(browser: httpx2.Client, path: str, **form: str) -> str:
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
    submitted(browser, f"{path}add/", id="other", base_url=url, token=first, **form)
    submitted(browser, f"{path}other/change/", base_url=url, token=second, **form)
    again = submitted(browser, f"{path}other/change/", base_url=url, token=impossible, **form)
    assert impossible not in again
    assert second == Profile.objects.get(id="other").open_token()
    return [first, second, impossible]


def make_keys(browser: httpx2.Client, user: McpUser) -> list[str]:
    """Keys made in the admin and on the connect page, and one that never was."""

    def newest() -> str:
        return str(user.keys.latest("pk").pk)

    form = {"label": "laptop", "lifetime": "", "newest": newest()}
    shown = [submitted(browser, f"/admin/accounts/mcpuser/{user.pk}/new_key/", **form)]
    page = f"/connect/{user.pk}/"
    form = {"action": "make-key", "label": "CI", "others": "keep", "newest": newest()}
    shown.append(submitted(browser, page, **form))
    keys = [KEY.findall(text)[0] for text in shown]
    wrong = f"mcp_{secrets.token_urlsafe(32)}"
    for key in (keys[0], wrong):
        assert key not in submitted(browser, page, action="test", key=key)
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


@contextmanager
def broken_database() -> Iterator[None]:
    """No call, event or token can be stored: what wanted to ends in a traceback."""
    tables = [model._meta.db_table for model in (AccessToken, Event, ToolCall)]
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} RENAME TO {table}_away")
        try:
            yield
        finally:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table}_away RENAME TO {table}")


def break_down(
    flow: Flow, browser: httpx2.Client, page: str, code: str, sent: dict[str, str]
) -> list[str]:
    """What is answered to secrets, those of the fields `sent` among them, while the database is
    broken."""
    form = {**sent, "csrfmiddlewaretoken": hidden_token(browser.get(page).text)}
    arguments = {"workspace_id": "1", "board_id": sent["token"], "item_id": sent["key"]}
    call = {"name": "infinity_archive_item", "arguments": arguments}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    base_url = Profile.objects.get(id="other").base_url
    profile = {"name": "Other", "base_url": base_url, "access": "admin", "version": ""}
    before = flow.server.log.stat().st_size
    with broken_database():
        told = flow.server.post(sent["key"], json=asked).text
        failures = [
            flow.exchange(code),
            browser.post("/login/", data={**form, "username": "root"}),
            browser.post(page, data={**form, "action": "make-key", "others": "keep"}),
            browser.post("/admin/credentials/profile/other/change/", data=form | profile),
        ]
    assert "cannot write its audit log" in told
    assert all(answer.status_code >= 500 for answer in failures)
    logged = flow.server.log.read_bytes()[before:].decode()
    assert logged.count("Traceback") >= 5
    return [told, *(answer.text for answer in failures)]


def be_refused(url: str, sent: dict[str, str]) -> list[str]:
    """What requests with secrets are answered that name a wrong host, or lack a form's token."""
    own = {"Authorization": f"Bearer {sent['key']}", "Cookie": f"sessionid={sent['token']}"}
    headers = (own | {"Host": "evil.example"}, own, own | {"Origin": "https://evil.example"})
    with http() as client:
        answers = [client.post(url, data=sent, headers=each) for each in headers]
    assert [400, 403, 403] == [answer.status_code for answer in answers]
    return [answer.text for answer in answers]


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
    code, lost, page = flow.code(ada), secrets.token_urlsafe(24), f"/connect/{alice.pk}/"
    newest = str(alice.keys.latest("pk").pk)
    sent = {"key": made[0], "token": lost, "password": lost, "newest": newest}
    answers = break_down(flow, browser, page, code, sent)
    answers += be_refused(f"{flow.server.origin}{page}", sent)
    call_with(flow, refused, limited, *made, tokens["access_token"], tokens["refresh_token"])

    canaries = [
        *entered,
        code,
        lost,
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
    assert {f"/admin/accounts/mcpuser/{alice.pk}/history/", page} <= seen.keys()
    assert all(word in seen["/admin/mcpserver/event/export/"] for word in ("key_issued", "root"))
    log = flow.server.log.read_text()
    places = {**seen, "an answer": str(answers), "the log": log, "the database": database_dump()}
    for where, text in places.items():
        assert [] == [canary for canary in canaries if canary in text], where
