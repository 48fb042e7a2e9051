"""Any input to the pages for people and to the addresses of OAuth never gives a 5xx."""

from __future__ import annotations

import json
import secrets
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from accounts.models import McpUser, User
from credentials.models import Profile
from credentials.validators import SANDBOX_TOKEN, SANDBOX_URL
from oauthbridge.models import Connection
from tests.forms import forms_of
from tests.oauthbridge.support import LOOPBACK
from tests.oauthbridge.support import client as oauth_client

HUGE = "9" * 30
JUNK = ["x", "", "-1", HUGE, "9" * 5000, "\0", "x\0y", "\u202e😀", "[]", "a" * 12_000]
CHALLENGE = "a" * 43


@pytest.fixture
def ada(db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A browser of hers, who may use alice and let clients do so."""
    cache.clear()
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"
    settings.PUBLIC_URL = "https://mcp.example.org"
    settings.MCP_URL = f"{settings.PUBLIC_URL}/mcp"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}
    monkeypatch.setattr("oauthbridge.server.registration.REGISTRATIONS_PER_HOUR", 1000)
    profile = Profile(id="local", name="Local", base_url=SANDBOX_URL)
    profile.set_token(SANDBOX_TOKEN)
    profile.save()
    alice = McpUser.objects.create(
        name="alice", profile=profile, scopes=["infinity:read"], people_may_make_keys=True
    )
    alice.issue_key("laptop")
    person = User.objects.create_user("ada", password=secrets.token_urlsafe(16))
    person.mcp_users.add(alice)
    client = oauth_client(client_id="desk")
    Connection.objects.create(application=client, person=person, mcp_user=alice)
    browser = Client()
    browser.force_login(person)
    return browser


def ask(browser: Client, method: str, url: str, sent: dict[str, Any] | None = None) -> str:
    """The page. What it changes is undone."""
    session = browser.cookies["sessionid"].value
    with transaction.atomic():
        answer = browser.generic(
            method,
            url,
            urlencode(sent or {}, True).encode(),
            "application/x-www-form-urlencoded",
        )
        transaction.set_rollback(True)
    browser.cookies["sessionid"] = session
    assert answer.status_code < 500, url[:200]
    return str(answer.content.decode())


ASKED = {
    "client_id": "desk",
    "redirect_uri": LOOPBACK,
    "response_type": "code",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "scope": "infinity:read",
    "state": "s",
    "resource": "https://mcp.example.org/mcp",
}


@pytest.mark.parametrize("page", ["login", "password", "connect", "consent", "connections"])
def test_each_field_of_a_page_takes_anything(ada: Client, page: str) -> None:
    url = {
        "login": "/login/",
        "password": "/password/",
        "connect": f"/connect/{McpUser.objects.get().pk}/",
        "consent": f"/oauth/authorize?{urlencode(ASKED)}",
        "connections": "/oauth/connections/",
    }[page]
    names = {name for form in forms_of(ask(ada, "GET", url)) for name in form.fields}
    names |= {"connection", "decision", "key", "action", "next"}
    for action in ("make-key", "revoke") if page == "connect" else ("allow",):
        for junk in ("x", HUGE, "x\0y"):
            for name in names:
                ask(ada, "POST", url, {"action": action, "decision": action, name: [junk, junk]})
    for junk in JUNK:
        ask(ada, "POST", url, dict.fromkeys(names, junk))


def test_each_parameter_of_a_request_takes_anything(ada: Client) -> None:
    for junk in JUNK:
        for name in ASKED:
            ask(ada, "GET", f"/oauth/authorize?{urlencode({**ASKED, name: junk})}")
        for path in ("/connect/?name=", "/login/?next=", "/connect/", "/oauth/", "/.well-known/"):
            ask(ada, "GET", f"{path}{quote(junk, safe='')}")


def test_each_parameter_of_a_client_takes_anything(ada: Client) -> None:
    token = {"grant_type": "authorization_code", "code": "x", "code_verifier": "x"}
    token |= {"client_id": "desk", "redirect_uri": LOOPBACK, "refresh_token": "x", "scope": "x"}
    for junk in JUNK:
        for grant in ("authorization_code", "refresh_token"):
            for name in (*token, "client_secret", "resource", "token", "token_type_hint"):
                sent = {**token, "grant_type": grant, "token": "x", name: junk}
                ask(ada, "POST", "/oauth/token", sent)
                ask(ada, "POST", "/oauth/revoke", sent)


MEMBERS = ("redirect_uris", "client_name", "grant_types", "token_endpoint_auth_method", "x")
VALUES: list[Any] = [
    *JUNK,
    5,
    1e300,
    True,
    None,
    {},
    [],
    [None],
    [[]],
    {"a": {}},
    "\ud800",
    ["\ud800"],
]


def test_each_member_of_a_registration_takes_anything(ada: Client) -> None:
    for member in MEMBERS:
        for value in VALUES:
            body = json.dumps({"redirect_uris": [LOOPBACK], member: value})
            answer = ada.post("/oauth/register", body, content_type="application/json")
            assert answer.status_code in (201, 400), body
            assert "application/json" == answer["Content-Type"]
