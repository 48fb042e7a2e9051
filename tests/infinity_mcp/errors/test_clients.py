"""Answers to clients at a wrong address, and to people whose form is refused."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from django.test import Client
from pytest_django import Settings

from infinity_mcp.errors import handlers
from tests.support import PATIENT, Server

WRONG_PATHS = [
    "/",
    "/sse",
    "/messages",
    "/messages/?session_id=x",
    "/MCP",
    "/Mcp/",
    "/mcp/sse",
    "/mcp/v1",
    "/mcp//",
    "//mcp",
    "/register",
    "/authorize",
    "/token",
    "/oauth/token",
    "/api",
    "/api/v2/workspaces",
    "/v1/mcp",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/x",
    "/connect/",
    "/admin/",
    "/admin/accounts/mcpuser/",
]
PING = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def assert_told(answer: httpx2.Response, server: Server) -> dict[str, Any]:
    assert 400 <= answer.status_code < 500
    assert "application/json" == answer.headers["content-type"]
    told: dict[str, Any] = answer.json()
    assert server.url == told["mcp_url"] and f"MCP is at {server.url}" in told["error_description"]
    assert answer.headers["x-request-id"] == told["request_id"]
    assert told["error"] and len(answer.content) < 1000 and "form" not in answer.text
    return told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", WRONG_PATHS)
def test_a_client_at_a_wrong_address_is_told_where_mcp_is(server: Server, path: str) -> None:
    with httpx2.Client(base_url=server.origin, **PATIENT) as client:
        assert_told(client.post(path, json=PING), server)
        assert_told(client.post(path, json=PING, headers={"Host": "evil.example"}), server)
        for kind in ("application/json", "text/event-stream", "application/json, */*"):
            assert_told(client.get(path, headers={"Accept": kind}), server)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/sse", "/MCP", "/mcp/v1", "/nowhere"])
def test_so_is_who_takes_anything_where_there_is_no_page(server: Server, path: str) -> None:
    """As curl does; a browser says that it takes HTML."""
    assert_told(httpx2.get(f"{server.origin}{path}", **PATIENT), server)
    page = httpx2.get(f"{server.origin}{path}", headers=BROWSER, **PATIENT)
    assert (404, True) == (page.status_code, "<h1>" in page.text)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/", "/token", "/register", "/sse", "/nowhere"])
def test_a_form_of_a_client_is_answered_in_json_too(server: Server, path: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    assert_told(httpx2.post(f"{server.origin}{path}", data=form, **PATIENT), server)


@pytest.mark.django_db(transaction=True)
def test_a_client_is_told_what_is_wrong_with_its_address(server: Server) -> None:
    def told(path: str, **headers: str) -> str:
        answer = httpx2.post(f"{server.origin}{path}", json=PING, headers=headers, **PATIENT)
        return str(assert_told(answer, server)["error_description"])

    assert "(SSE) is not served" in told("/sse")
    assert "OAuth is off here: send a key" in told("/register")
    assert "does not take POST" in told("/")
    assert "not for clients" in told("/login/")
    assert "ALLOWED_HOSTS" in told("/sse", Host="evil.example")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("path", ["/", "/sse", "/token", "/nowhere"])
def test_a_browser_gets_a_page(server: Server, path: str) -> None:
    for method in ("GET", "POST"):
        url = f"{server.origin}{path}"
        answer = httpx2.request(method, url, headers=BROWSER, follow_redirects=True, **PATIENT)
        assert "application/json" not in answer.headers.get("content-type", "")


def refused(browser: Client | None = None, **headers: str) -> str:
    """What a person reads whose sign-in form is refused."""
    browser = browser or Client(enforce_csrf_checks=True)
    answer = browser.post("/login/", {"username": "ada"}, headers={**BROWSER, **headers})
    assert 403 == answer.status_code
    return answer.content.decode().replace("&#x27;", "'")


def test_a_form_without_an_origin_is_told_so(db: None) -> None:
    assert handlers.NO_ORIGIN in refused(Origin="null")


@pytest.mark.parametrize(
    "origin", ["https://testserver", "http://other.example", "http://testserver:1"]
)
def test_a_form_from_elsewhere_names_the_settings(db: None, origin: str) -> None:
    page = refused(Origin=origin)
    assert "OAUTH_PUBLIC_URL" in page and "TRUSTED_PROXIES" in page
    assert "testserver" not in page and "other.example" not in page


def test_a_form_without_its_cookie_names_cookies_and_https(db: None, settings: Settings) -> None:
    page = refused()
    assert "Allow cookies" in page and "https://" not in page
    settings.CSRF_COOKIE_SECURE = True
    page = refused()
    assert "X-Forwarded-Proto" in page and "TRUSTED_PROXIES" in page


def test_an_old_form_is_told_to_be_old(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get("/login/")
    assert handlers.OLD_FORM in refused(browser)


@pytest.mark.django_db(transaction=True)
def test_an_unknown_host_names_the_setting_and_no_host(server: Server) -> None:
    for host in ("evil.example", "evil.example:1", "x" * 300, "a_b", "..", ""):
        headers = {**BROWSER, "Host": host}
        answer = httpx2.get(f"{server.origin}/login/", headers=headers, **PATIENT)
        assert 400 == answer.status_code and "ALLOWED_HOSTS" in answer.text
        assert not {"evil.example", "localhost", "127.0.0.1"} & set(answer.text.split())
