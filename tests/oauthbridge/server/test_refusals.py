"""Requests, codes and tokens that the OAuth endpoints refuse."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx2
import pytest
from django.utils import timezone

from accounts.models import User
from oauthbridge.models import AccessToken, Grant
from tests.oauthbridge.support import Flow, hidden_token, http, parameters_of, session_of
from tests.support import Server

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_a_replayed_code_revokes_what_it_gave(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    tokens = flow.exchange(code).json()
    assert 200 == flow.server.post(tokens["access_token"]).status_code
    assert "invalid_grant" == flow.exchange(code).json()["error"]
    assert 401 == flow.server.post(tokens["access_token"]).status_code
    assert "invalid_grant" == flow.refresh(tokens["refresh_token"]).json()["error"]


def test_an_expired_code_is_refused(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    Grant.objects.update(expires=timezone.now())
    assert "invalid_grant" == flow.exchange(code).json()["error"]


def test_a_code_lives_five_minutes(flow: Flow, ada: User) -> None:
    flow.code(ada)
    left = Grant.objects.get().expires - timezone.now()
    assert timedelta(minutes=4) < left <= timedelta(minutes=5)


@pytest.mark.parametrize(
    "change",
    [
        {"code_verifier": "a" * 64},
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code": "unknown"},
        {"code": "nul\0byte"},
        {"code": None},
        {"redirect_uri": "http://127.0.0.1:49153/callback"},
        {"redirect_uri": None},
        {"resource": "https://other.example/mcp"},
        {"client_id": "unknown"},
    ],
    ids=str,
)
def test_a_wrong_exchange_gives_no_token(
    flow: Flow, ada: User, change: dict[str, str | None]
) -> None:
    answer = flow.exchange(**{"code": flow.code(ada), **change})  # type: ignore[arg-type]
    assert 400 <= answer.status_code < 500
    assert "access_token" not in answer.text and "error" in answer.json()
    assert not AccessToken.objects.exists()


def test_a_failed_exchange_does_not_use_up_the_code(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    assert "invalid_target" == flow.exchange(code, resource="https://x.example").json()["error"]
    assert 200 == flow.exchange(code).status_code


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "id_token token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"response_type": None}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"scope": "root"}, "invalid_scope"),
    ],
    ids=str,
)
def test_a_wrong_request_is_refused_to_the_client(
    flow: Flow, ada: User, change: dict[str, str | None], error: str
) -> None:
    answer = parameters_of(flow.open(ada, **change).headers["location"])
    assert (error, flow.state) == (answer["error"], answer.get("state"))
    assert len(answer["error_description"]) > 15
    assert flow.server.origin == answer["iss"]


def test_the_form_of_consent_changes_nothing_that_the_client_asked(flow: Flow, ada: User) -> None:
    """Fields of the body do not take the place of the address's parameters."""
    other = {
        "scope": "infinity:read",
        "state": "forged",
        "redirect_uri": "https://evil.example/",
        "resource": "https://other.example/mcp",
        "client_id": "unknown",
        "response_type": "token",
        "code_challenge": CHALLENGE,
    }
    with http(cookies=flow.cookies(ada)) as browser:
        token = hidden_token(browser.get(flow.url()).text)
        form = {"csrfmiddlewaretoken": token, "mcp_user": "alice", "decision": "allow"}
        answer = browser.post(flow.url(), data={**form, "scopes": ["infinity:write"], **other})
    location = answer.headers["location"]
    assert location.startswith(f"{flow.redirect_uri}?")
    assert flow.state == parameters_of(location)["state"]
    tokens = flow.exchange(parameters_of(location)["code"]).json()
    assert "infinity:write" == tokens["scope"]


def test_several_resources_are_refused_unless_all_are_ours(flow: Flow, ada: User) -> None:
    url = f"{flow.url()}&resource=https://other.example/mcp"
    answer = httpx2.get(url, cookies={"sessionid": session_of(ada)})
    assert "invalid_target" == parameters_of(answer.headers["location"])["error"]


@pytest.mark.parametrize("resource", [None, "own"])
def test_every_token_is_bound_to_this_server(flow: Flow, ada: User, resource: str | None) -> None:
    named = flow.server.url if resource else None
    tokens = flow.exchange(flow.code(ada, resource=named), resource=named).json()
    assert [flow.server.url] == AccessToken.objects.get().resource
    assert 200 == flow.server.post(tokens["access_token"]).status_code


@pytest.mark.parametrize(
    "resource", [[], ["https://other.example/mcp"], ["{own}/"], ["{own}", "https://x.example"]]
)
def test_a_token_for_elsewhere_or_nothing_is_refused(
    flow: Flow, ada: User, resource: list[str]
) -> None:
    token = flow.tokens(ada)["access_token"]
    stored = [each.format(own=flow.server.url) for each in resource]
    AccessToken.objects.update(resource=stored)
    assert 401 == flow.server.post(token).status_code


def test_other_grants_are_not_known(flow: Flow) -> None:
    device = "urn:ietf:params:oauth:grant-type:device_code"
    for grant_type in ("password", "client_credentials", "implicit", device, "", None):
        answer = flow.exchange("x", grant_type=grant_type, username="ada", password="x")
        assert (400, "unsupported_grant_type") == (answer.status_code, answer.json()["error"])


def test_consent_cannot_be_framed_and_lets_the_redirect_through(flow: Flow, ada: User) -> None:
    headers = flow.open(ada).headers
    policy = headers["content-security-policy"]
    assert "DENY" == headers["x-frame-options"]
    assert "frame-ancestors 'none'" in policy and "default-src 'none'" in policy
    assert "form-action" not in policy  # Chromium would hold it against the client's redirects
    assert ("no-store", "same-origin") == (headers["cache-control"], headers["referrer-policy"])


@pytest.mark.parametrize("forged", [None, "x" * 64])
def test_consent_without_its_csrf_token_is_refused(
    flow: Flow, ada: User, forged: str | None
) -> None:
    with http(cookies={"sessionid": session_of(ada)}) as browser:
        browser.get(flow.url())
        form = {"mcp_user": "alice", "scopes": "infinity:read", "decision": "allow"}
        form |= {"csrfmiddlewaretoken": forged} if forged else {}
        answer = browser.post(flow.url(), data=form)
    assert 403 == answer.status_code
    assert not Grant.objects.exists()


@pytest.mark.parametrize("origin", ["null", "https://evil.example"])
def test_consent_from_another_origin_is_refused(flow: Flow, ada: User, origin: str) -> None:
    with http(cookies={"sessionid": session_of(ada)}) as browser:
        token = hidden_token(browser.get(flow.url()).text)
        form = {"csrfmiddlewaretoken": token, "decision": "deny"}
        assert 403 == browser.post(flow.url(), data=form, headers={"Origin": origin}).status_code


@pytest.mark.parametrize("change", [{}, {"approval_prompt": "auto"}, {"prompt": "none"}])
def test_consent_is_asked_for_every_time(flow: Flow, ada: User, change: dict[str, str]) -> None:
    flow.tokens(ada)
    flow.application.skip_authorization = True
    flow.application.save()
    page = flow.open(ada, **change)
    assert 200 == page.status_code and 'value="allow"' in page.text


def test_consent_is_for_those_who_signed_in(flow: Flow, ada: User) -> None:
    answer = flow.open(None)
    assert 302 == answer.status_code
    assert answer.headers["location"].startswith("/login/?next=/oauth/authorize")


def test_nothing_published_follows_the_request(oauth: Server) -> None:
    forged = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "X-Original-URL": "https://evil.example/",
    }
    for path in DOCUMENTS:
        plain = httpx2.get(f"{oauth.origin}{path}")
        other = httpx2.get(f"{oauth.origin}{path}", headers=forged)
        assert (200, plain.text) == (other.status_code, other.text)
        named = re.findall(r"https?://[^/\"]+", plain.text)
        assert {oauth.origin} == set(named)
        hosted = httpx2.get(f"{oauth.origin}{path}", headers={"Host": "evil.example"})
        assert 400 == hosted.status_code and "evil" not in hosted.text
    # Another host that is served, but is not the public one.
    local = {"Host": f"localhost:{oauth.port}"}
    assert plain.text == httpx2.get(f"{oauth.origin}{path}", headers=local).text


DOCUMENTS = (
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-authorization-server/mcp",
    "/.well-known/oauth-protected-resource",
    "/.well-known/oauth-protected-resource/mcp",
)


def test_discovery_says_what_is_so(oauth: Server) -> None:
    server, same, resource, also = (
        httpx2.get(f"{oauth.origin}{path}").json() for path in DOCUMENTS
    )
    assert (server, resource) == (same, also)
    assert oauth.origin == server["issuer"]
    assert f"{oauth.origin}/oauth/authorize" == server["authorization_endpoint"]
    assert f"{oauth.origin}/oauth/token" == server["token_endpoint"]
    assert f"{oauth.origin}/oauth/revoke" == server["revocation_endpoint"]
    assert f"{oauth.origin}/oauth/register" == server["registration_endpoint"]
    assert ["S256"] == server["code_challenge_methods_supported"]
    assert ["code"] == server["response_types_supported"]
    assert ["authorization_code", "refresh_token"] == server["grant_types_supported"]
    assert {"client_secret_post", "client_secret_basic", "none"} == set(
        server["token_endpoint_auth_methods_supported"]
    )
    assert server["authorization_response_iss_parameter_supported"] is True
    assert server["client_id_metadata_document_supported"] is False
    assert (oauth.url, [oauth.origin]) == (resource["resource"], resource["authorization_servers"])


@pytest.mark.parametrize("path", [*DOCUMENTS, "/oauth/token", "/oauth/register", "/oauth/revoke"])
def test_clients_in_browsers_may_ask(oauth: Server, path: str) -> None:
    answer = httpx2.options(f"{oauth.origin}{path}", headers={"Origin": "https://page.example"})
    assert (204, "*") == (answer.status_code, answer.headers["access-control-allow-origin"])
    asked = httpx2.get(f"{oauth.origin}{path}", headers={"Origin": "https://page.example"})
    assert "*" == asked.headers["access-control-allow-origin"]


@pytest.mark.parametrize("path", ["authorize", "token", "revoke", "register"])
def test_both_spellings_answer_without_a_redirect(oauth: Server, path: str) -> None:
    for method in ("GET", "POST"):
        plain = httpx2.request(method, f"{oauth.origin}/oauth/{path}")
        slashed = httpx2.request(method, f"{oauth.origin}/oauth/{path}/")
        assert plain.status_code == slashed.status_code
        assert plain.status_code in (400, 401, 403, 405)


def test_with_oauth_off_nothing_of_it_answers(flow: Flow, ada: User, server: Server) -> None:
    token = flow.tokens(ada)["access_token"]
    paths = (*DOCUMENTS, "/oauth/authorize", "/oauth/token", "/oauth/connections/")
    for path in (*paths, "/oauth/register", "/oauth/revoke"):
        assert 404 == httpx2.get(f"{server.origin}{path}").status_code
        assert 404 == httpx2.post(f"{server.origin}{path}").status_code
    refused = server.post(token)
    assert 401 == refused.status_code
    assert "resource_metadata" not in refused.headers["www-authenticate"]


@pytest.mark.parametrize("challenge", ["", "a" * 42, "a" * 44, "a" * 42 + "=", "a" * 42 + "\n"])
def test_a_challenge_that_is_no_sha256_is_refused(flow: Flow, ada: User, challenge: str) -> None:
    answer = flow.open(ada, code_challenge=challenge)
    assert "error=invalid_request" in answer.headers["location"]


def test_parameters_of_openid_connect_are_dropped(flow: Flow, ada: User) -> None:
    flow.code(ada, nonce="n" * 300, claims="{not json")
    assert [("", "{}")] == list(Grant.objects.values_list("nonce", "claims"))
