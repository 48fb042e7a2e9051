"""Clients that register themselves (docs/oauth.md)."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from oauthbridge.checks import _wrong_schemes
from oauthbridge.models import Application
from oauthbridge.server import registration

CALLBACK = "http://127.0.0.1:33418/"


@pytest.fixture(autouse=True)
def registration_is_on(settings: Settings, db: None) -> None:
    cache.clear()
    Application.objects.all().delete()
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}


def register(data: Any, **headers: Any) -> Any:
    return Client().post("/oauth/register", data, content_type="application/json", **headers)


def test_a_public_client_registers() -> None:
    answer = register(
        {
            "client_name": "Visual Studio Code",
            "redirect_uris": [CALLBACK, "https://vscode.dev/redirect"],
            "grant_types": [
                "authorization_code",
                "refresh_token",
                "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "application_type": "native",
        }
    )
    assert 201 == answer.status_code
    registered = answer.json()
    assert ["authorization_code", "refresh_token"] == registered["grant_types"]
    assert "client_secret" not in registered and "registration_access_token" not in registered
    stored = Application.objects.get(client_id=registered["client_id"])
    assert ("public", "dcr") == (stored.client_type, stored.registration_source)
    assert stored.redirect_uri_allowed("http://127.0.0.1:5/")


@pytest.mark.parametrize("method", [None, "client_secret_basic", "client_secret_post"])
def test_a_confidential_client_gets_its_secret_once(method: str | None) -> None:
    data = {"redirect_uris": [CALLBACK]}
    answer = register(data | ({"token_endpoint_auth_method": method} if method else {})).json()
    assert (method or "client_secret_basic") == answer["token_endpoint_auth_method"]
    stored = Application.objects.get().client_secret
    assert len(answer["client_secret"]) > 40 and answer["client_secret"] not in stored


def test_cursor_registers_three_addresses_at_once() -> None:
    uris = [
        "cursor://anysphere.cursor-mcp/oauth/callback",
        "https://www.cursor.com/agents/mcp/oauth/callback",
        "http://localhost:8787/callback",
    ]
    assert uris == register({"redirect_uris": uris}).json()["redirect_uris"]


@pytest.mark.parametrize(
    "uri",
    [
        CALLBACK,
        "http://[::1]:8080/callback",
        "https://claude.ai/api/mcp/auth_callback",
        "vscode://vscode.mcp/callback",
        "vscode-insiders://vscode.mcp/callback",
        "windsurf://codeium.windsurf/oauth",
        "claude://claude.ai/mcp-auth-callback/sdk",
        "obsidian://mcp/oauth/callback",
        "com.example.app:/oauth/callback",
        "com.example.app://oauth/callback",
    ],
)
def test_the_addresses_of_clients_are_accepted(uri: str) -> None:
    assert [uri] == register({"redirect_uris": [uri]}).json()["redirect_uris"]


@pytest.mark.parametrize("scheme", ["intent", "ms-settings", "search-ms", "slack", "x", "a+b.c"])
def test_a_scheme_that_is_not_known_is_refused_and_those_that_are_named(scheme: str) -> None:
    answer = register({"redirect_uris": [f"{scheme}://callback/"]}).json()
    assert f"the scheme {scheme}: is not accepted; use https" in answer["error_description"]
    assert "com.example.app" in answer["error_description"]
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:callback",
        ".app://callback",
        "app.://callback",
        "javascript:alert(1)",
        "javascript://127.0.0.1/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "vbscript:x",
        "http://example.org/callback",
        "http://127.0.0.1.evil.example/",
        "http://user@127.0.0.1/",
        "https://user:word@example.org/",
        "https://example.org/#fragment",
        "https://example.org/a b",
        "https://*.example.org/",
        "http://[::1]evil.example/",
        "http://[::1].evil.example/",
        "http://[::1]:80evil/",
        "http://127.0.0.1:/",
        "http://127.0.0.1:080/",
        "https://.../",
        "https://-/",
        "https://.example.org/",
        "https://example..org/",
        "https://[::1]evil.example/",
        "https://example.org:/",
        "https://example.org:0443/",
        "https://",
        "//example.org/",
        "example.org",
        "https://example.org:99999/",
        "https://example.org/" + "x" * 2000,
        "",
        "cursor:",
        "HTTPS://example.org/",
    ],
)
def test_a_bad_redirect_uri_is_refused(uri: str) -> None:
    answer = register({"redirect_uris": [CALLBACK, uri]})
    assert (400, "invalid_redirect_uri") == (answer.status_code, answer.json()["error"])
    assert not Application.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        "not json",
        "[]",
        "[" * 100_000,
        {},
        {"redirect_uris": []},
        {"redirect_uris": "http://127.0.0.1/"},
        {"redirect_uris": [1]},
        {"redirect_uris": [CALLBACK] * 11},
        {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "private_key_jwt"},
        {"redirect_uris": [CALLBACK], "token_endpoint_auth_method": ["none"]},
        {"redirect_uris": [CALLBACK], "grant_types": ["client_credentials"]},
        {"redirect_uris": [CALLBACK], "grant_types": "authorization_code"},
        {"redirect_uris": [CALLBACK], "response_types": ["token"]},
        {"redirect_uris": [CALLBACK], "client_name": {"a": "b"}},
    ],
    ids=lambda data: str(data)[:40],
)
def test_bad_metadata_is_refused(data: Any) -> None:
    answer = register(data)
    assert 400 == answer.status_code
    assert answer.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")
    assert not Application.objects.exists()


def test_a_scheme_of_an_app_is_allowed_by_the_operator(settings: Settings) -> None:
    settings.OAUTH_ALLOWED_REDIRECT_SCHEMES = ["slack", "my-app"]
    for uri in ("slack://callback", "my-app:/oauth/callback"):
        assert [uri] == register({"redirect_uris": [uri]}).json()["redirect_uris"]
        assert Application.objects.latest("pk").redirect_uri_allowed(uri)
    assert 400 == register({"redirect_uris": ["other://callback"]}).status_code


def test_a_scheme_that_harms_is_no_setting(settings: Settings) -> None:
    settings.OAUTH_ALLOWED_REDIRECT_SCHEMES = ["obsidian", "slack", "com.example.app"]
    assert [] == _wrong_schemes()
    wrong = ["javascript", "data", "file", "http", "https", "Slack", "slack:", "slack://", "1x", ""]
    settings.OAUTH_ALLOWED_REDIRECT_SCHEMES = wrong
    assert [f"OAUTH_ALLOWED_REDIRECT_SCHEMES: {each!r} cannot be one." for each in wrong] == [
        error.msg for error in _wrong_schemes()
    ]


OPTIONAL = ("client_name", "token_endpoint_auth_method", "grant_types", "response_types")
EMPTY: tuple[Any, ...] = (None, "", [])


def test_what_is_null_or_empty_counts_as_left_out() -> None:
    plain = register({"redirect_uris": [CALLBACK]}).json()
    unset = ("client_uri", "logo_uri", "scope", "contacts", "jwks", "software_id", "x")
    for value in EMPTY:
        data = {"redirect_uris": [CALLBACK], **dict.fromkeys((*OPTIONAL, *unset), value)}
        registered = register(data).json()
        for name in ("client_id", "client_id_issued_at", "client_secret"):
            registered[name] = plain[name]
        assert plain == registered


@pytest.mark.parametrize(
    ("member", "values", "told"),
    [
        ("redirect_uris", [*EMPTY], "Between 1 and 10 redirect_uris are needed."),
        ("redirect_uris", ["x", 5, {}, {"a": 1}, True], "redirect_uris is a list of strings."),
        ("redirect_uris", [[None], [5], [[CALLBACK]]], "redirect_uris is a list of strings."),
        ("redirect_uris", [[CALLBACK, "x:"]], "Number 2 of redirect_uris cannot be used: "),
        ("client_name", [5, {"a": 1}, ["a"], True], "client_name is a string."),
        ("grant_types", ["authorization_code", 5, {"a": 1}, [None]], "grant_types is a list of "),
        ("grant_types", [["implicit"], ["refresh_token"]], "grant_types must have "),
        ("response_types", ["code", 5, {"a": 1}, [5]], "response_types is a list of strings."),
        ("response_types", [["token"], ["none"]], "response_types must have code"),
        ("token_endpoint_auth_method", [5, ["none"], {"a": 1}, "x"], "token_endpoint_auth_method "),
    ],
)
def test_a_refusal_names_the_member_that_is_wrong(
    member: str, values: list[Any], told: str
) -> None:
    for value in values:
        answer = register({"redirect_uris": [CALLBACK], member: value})
        code = "redirect_uri" if member == "redirect_uris" else "client_metadata"
        assert (400, f"invalid_{code}") == (answer.status_code, answer.json()["error"])
        assert answer.json()["error_description"].startswith(told)
    assert not Application.objects.exists()


def test_extras_that_are_not_offered_are_left_out() -> None:
    data = {
        "redirect_uris": [CALLBACK],
        "grant_types": ["implicit", "authorization_code", "client_credentials"],
        "response_types": ["code", "token", "id_token"],
        "client_uri": 5,
        "contacts": {"a": "b"},
        "unknown": "\ud800",
    }
    registered = register(data).json()
    assert ["authorization_code", "refresh_token"] == registered["grant_types"]
    assert ["code"] == registered["response_types"]
    assert not {"client_uri", "contacts", "unknown"} & set(registered)


def test_a_name_is_one_short_line() -> None:
    name = "ChatGPT\r\nverified \u202etrap\0" + "x" * 500
    register({"redirect_uris": [CALLBACK], "client_name": name})
    stored = Application.objects.get().name
    assert stored.startswith("ChatGPTverified trap") and 100 == len(stored)


def test_an_address_may_register_so_many_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    assert 20 == registration.REGISTRATIONS_PER_HOUR
    monkeypatch.setattr(registration, "REGISTRATIONS_PER_HOUR", 3)
    data = {"redirect_uris": [CALLBACK]}
    for wrong in ({}, "not json", {"redirect_uris": ["x"]}, {**data, "client_name": 5}):
        assert 400 == register(wrong).status_code  # and does not count
    statuses = [register(data).status_code for _ in range(5)]
    assert [201] * 3 + [429] * 2 == statuses
    assert 201 == register(data, REMOTE_ADDR="192.0.2.7").status_code
    forged = register(data, headers={"X-Forwarded-For": "192.0.2.8"})
    assert (429, "3600") == (forged.status_code, forged["Retry-After"])


def test_without_the_setting_nobody_registers(settings: Settings) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": False}
    assert 404 == register({"redirect_uris": [CALLBACK]}).status_code
    metadata = Client().get("/.well-known/oauth-authorization-server").json()
    assert "registration_endpoint" not in metadata
