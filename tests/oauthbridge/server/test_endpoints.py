"""Answers of the OAuth endpoints to malformed requests."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from oauthbridge.models import Application
from tests.oauthbridge.support import client

SECRET = secrets.token_hex(32)
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
MEGABYTES_3 = 3 * 1024 * 1024
PATHS = ("/oauth/token", "/oauth/revoke", "/oauth/register")


@pytest.fixture(autouse=True)
def here(settings: Settings, db: None) -> None:
    """OAuth in this process."""
    cache.clear()
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}


@pytest.fixture
def desk() -> Application:
    """A client with a secret."""
    return client(client_id="desk", client_type="confidential", client_secret=SECRET)


def post(path: str, body: str, content_type: str = FORM, **headers: str) -> Any:
    browser = Client(raise_request_exception=False)
    return browser.generic("POST", path, body.encode(), content_type, headers=headers)


def assert_refused(answer: Any, error: str = "invalid_request", status: int = 400) -> None:
    assert status == answer.status_code
    assert ("application/json", "no-store") == (answer["Content-Type"], answer["Cache-Control"])
    assert error == answer.json()["error"] and answer.json()["error_description"]
    assert "*" == answer["Access-Control-Allow-Origin"]


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "text/html,application/json"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_an_address_for_programs_names_its_methods_in_json(accept: str | None, slash: str) -> None:
    documents = (
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
    )
    asked = [(method, path) for path in PATHS for method in ("GET", "PUT", "DELETE")]
    asked += [(method, path) for path in documents for method in ("POST", "PUT", "DELETE")]
    for method, path in asked:
        headers = {"Accept": accept} if accept else {}
        answer: Any = Client().generic(method, f"{path}{slash}", headers=headers)
        assert_refused(answer, "method_not_allowed", 405)
        told = answer.json()["error_description"]
        assert f"This address takes {answer['Allow']}. It does not take {method}." in told


@pytest.mark.parametrize("accept", [None, "*/*", "application/x-www-form-urlencoded"])
def test_a_program_that_posts_to_a_page_is_answered_in_json(accept: str | None) -> None:
    headers = {"Accept": accept} if accept else {}
    browser = Client(enforce_csrf_checks=True)
    for path in ("/oauth/authorize", "/oauth/authorize/", "/login/", "/connect/"):
        answer: Any = browser.post(path, {"response_type": "code"}, headers=headers)
        assert 400 <= answer.status_code < 500
        assert "application/json" == answer["Content-Type"], path
        assert "MCP is at" in answer.json()["error_description"]
    page = browser.post("/oauth/authorize", {}, headers={"Accept": "text/html"})
    assert (403, "text/html") == (page.status_code, page["Content-Type"].partition(";")[0])


@pytest.mark.parametrize("query", ["x=%zz", "%", "x=%4", "client_id=%f"])
def test_a_damaged_address_is_told_to_be_damaged(query: str) -> None:
    page = Client(raise_request_exception=False).get(f"/oauth/authorize?{query}")
    assert 400 == page.status_code
    assert "This address is damaged." in page.content.decode()
    for path in PATHS:
        assert_refused(post(f"{path}?{query}", "grant_type=refresh_token&token=x"))


@pytest.mark.parametrize(
    ("path", "body", "error", "status"),
    [
        ("/oauth/token", "grant_type=password", "unsupported_grant_type", 400),
        ("/oauth/token", "grant_type=refresh_token&client_id=x", "invalid_request", 400),
        ("/oauth/token", "grant_type=authorization_code&code=x", "invalid_client", 401),
        ("/oauth/token?x=1", "grant_type=authorization_code&code=x", "invalid_request", 400),
        ("/oauth/revoke?x=1", "token=x", "invalid_request", 400),
        ("/oauth/revoke", "token=x", "invalid_client", 401),
        ("/oauth/register", "{}", "invalid_redirect_uri", 400),
    ],
)
def test_every_refusal_is_json_and_not_kept(path: str, body: str, error: str, status: int) -> None:
    assert_refused(post(path, body), error, status)


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_is_too_large_is_refused(path: str) -> None:
    assert_refused(post(path, "x=" + "y" * MEGABYTES_3), status=413)


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("&".join(f"x{n}=y" for n in range(1001)), FORM),
        ("token=x", MULTIPART),
        ("token=x", f"{MULTIPART}; boundary=\xff"),
    ],
    ids=["fields", "no boundary", "boundary"],
)
def test_a_form_that_cannot_be_read_is_refused(path: str, body: str, content_type: str) -> None:
    assert_refused(post(path, body, content_type))


@pytest.mark.parametrize("charset", ["hex", "utf-7", "latin-1", "none-such"])
def test_forms_are_utf8_whatever_they_claim(desk: Application, charset: str) -> None:
    body = f"grant_type=authorization_code&code=x&client_id=desk&client_secret={SECRET}"
    assert_refused(post("/oauth/token", body, f"{FORM}; charset={charset}"), "invalid_grant")
    part = '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nada\r\n--b--\r\n'
    page = post("/login/", part, f"{MULTIPART}; boundary=b; charset={charset}")
    assert 400 == page.status_code and b'value="ada"' in page.content


@pytest.mark.parametrize("name", ["grant_type", "code", "client_id", "code_verifier"])
def test_a_repeated_parameter_is_refused(desk: Application, name: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "client_id": "desk"}
    body = "&".join(f"{each}={value}" for each, value in {name: "x", **form}.items())
    body += f"&client_secret={SECRET}&{name}={form.get(name, 'x')}"
    assert_refused(post("/oauth/token", body))
    assert_refused(post("/oauth/revoke", body + "&token=x&token=y"))


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_scheme_of_a_header_is_known_in_any_case(desk: Application, scheme: str) -> None:
    def exchange(secret: str) -> Any:
        credentials = base64.b64encode(f"desk:{secret}".encode()).decode()
        body = "grant_type=authorization_code&code=x"
        return post("/oauth/token", body, Authorization=f"{scheme} {credentials}")

    assert_refused(exchange(SECRET), "invalid_grant")
    wrong = exchange("wrong")
    assert_refused(wrong, "invalid_client", 401)
    assert 'Basic realm="Infinity MCP"' == wrong["WWW-Authenticate"]


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD"])
def test_people_are_authorized_by_get_and_post_only(method: str) -> None:
    answer = Client(enforce_csrf_checks=True).generic(method, "/oauth/authorize")
    assert (405, "GET, POST") == (answer.status_code, answer["Allow"])
