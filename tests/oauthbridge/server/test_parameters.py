"""OAuth requests that are read leniently, and errors that go back to the client."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlencode

import pytest
from pytest_django import Settings

from accounts.models import User
from accounts.scopes import READ, SCOPES, WRITE
from oauthbridge.models import AccessToken, Connection
from oauthbridge.server.parameters import is_for_this_server
from tests.oauthbridge.support import Flow, client, http, parameters_of
from tests.support import Server

CLAUDE = "https://claude.ai/api/mcp/auth_callback"


def ask(flow: Flow, person: User | None, **more: Any) -> Any:
    """The answer to the authorization request with `more` parameters, lists given as repeated."""
    with http(cookies=flow.cookies(person)) as browser:
        return browser.get(f"{flow.url(**dict.fromkeys(more))}&{urlencode(more, True)}")


GRANTED = {
    f"{READ} offline_access": [READ],
    f"openid profile {WRITE} email {READ}": [READ, WRITE],
    f"{READ}  {WRITE}": [READ, WRITE],
    f"  {READ} ": [READ],
    f"{READ}\t{WRITE}\n": [READ, WRITE],
    f"{READ} {READ}": [READ],
    f"{READ} Infinity:Write": [READ],
    "": [*SCOPES],
    "   ": [*SCOPES],
}


def test_the_known_scopes_of_a_request_are_granted(flow: Flow, ada: User) -> None:
    for scope, granted in GRANTED.items():
        tokens = flow.tokens(ada, scope=scope, scopes=tuple(granted))
        assert granted == Connection.objects.latest("pk").scopes
        assert set(granted) == set(tokens["scope"].split())


def test_a_request_for_unknown_scopes_alone_is_refused(flow: Flow, ada: User) -> None:
    for scope in ("offline_access", "root", f"{READ},{WRITE}", f"x{READ}"):
        answer = parameters_of(ask(flow, ada, scope=scope).headers["location"])
        assert ("invalid_scope", flow.state) == (answer["error"], answer["state"])


@pytest.mark.parametrize(
    ("resource", "ours"),
    [
        ("https://mcp.example.org/mcp", True),
        ("HTTPS://mcp.example.org/mcp", True),
        ("https://MCP.Example.ORG/mcp", True),
        ("https://mcp.example.org:443/mcp", True),
        ("Https://MCP.example.org:443/mcp", True),
        ("https://mcp.example.org/MCP", False),
        ("https://mcp.example.org/mcp/", False),
        ("https://mcp.example.org:80/mcp", False),
        ("https://mcp.example.org:8443/mcp", False),
        ("http://mcp.example.org/mcp", False),
        ("https://mcp.example.org", False),
        ("https://mcp.example.org/mcp?a=b", False),
        ("https://mcp.example.org/mcp#a", False),
        ("https://mcp.example.org.evil.example/mcp", False),
        ("https://evil.example@mcp.example.org/mcp", False),
        ("https://mcp.example.org@evil.example/mcp", False),
        ("https:mcp.example.org/mcp", False),
        ("mcp.example.org/mcp", False),
        ("https://mcp.example.org/\nmcp", False),
        ("", False),
    ],
)
def test_a_resource_is_ours_whatever_the_case_of_its_host(
    resource: str, ours: bool, settings: Settings
) -> None:
    settings.MCP_URL = "https://mcp.example.org/mcp"
    assert ours == is_for_this_server([resource])
    assert not is_for_this_server([settings.MCP_URL, "https://evil.example/mcp"])
    assert is_for_this_server([]) and is_for_this_server([settings.MCP_URL, settings.MCP_URL])


def test_tokens_are_bound_to_one_spelling_of_this_server(flow: Flow, ada: User) -> None:
    for resource in (flow.server.url.replace("http:", "HTTP:"), ""):
        tokens = flow.exchange(flow.code(ada, resource=resource), resource=resource).json()
        assert 200 == flow.server.post(tokens["access_token"]).status_code
        again = flow.refresh(tokens["refresh_token"], resource=resource)
        assert 200 == again.status_code
    assert {(flow.server.url,)} == {tuple(each.resource) for each in AccessToken.objects.all()}


def test_another_resource_is_refused_at_both_endpoints(flow: Flow, ada: User) -> None:
    other = f"{flow.server.url}/"
    answer = parameters_of(ask(flow, ada, resource=other).headers["location"])
    assert ("invalid_target", flow.state) == (answer["error"], answer["state"])
    assert "invalid_target" == flow.exchange(flow.code(ada), resource=other).json()["error"]
    token = flow.tokens(ada)["refresh_token"]
    assert "invalid_target" == flow.refresh(token, resource=other).json()["error"]


IGNORED: list[dict[str, Any]] = [
    {"prompt": "consent"},
    {"prompt": "none"},
    {"prompt": "login select_account"},
    {"response_mode": "query"},
    {"max_age": "0"},
    {"audience": ["a", "b"]},
    {"nonce": "n", "claims": "{", "display": "page", "ui_locales": "de fr"},
    {"request": "x", "request_uri": "urn:x", "id_token_hint": "x", "login_hint": "ada"},
    {"user": "1", "scopes": "root", "client": "x", "token": "x"},
    {"state": ["", "a"]},
    {"scope": ["", READ]},
    {"resource": ""},
    {"state": ""},
]


def test_what_has_no_meaning_or_no_value_is_ignored(flow: Flow, ada: User) -> None:
    for more in IGNORED:
        page = ask(flow, ada, **more)
        assert 200 == page.status_code and 'value="allow"' in page.text, more


def test_the_client_is_told_which_parameter_it_repeated(flow: Flow, ada: User) -> None:
    for name in ("scope", "state", "response_type", "code_challenge", "code_challenge_method"):
        value = parameters_of(flow.url())[name]
        answer = parameters_of(ask(flow, ada, **{name: [value, value]}).headers["location"])
        assert ("invalid_request", flow.server.origin) == (answer["error"], answer["iss"])
        assert f"{name}: sent more than once." == answer["error_description"]
        assert (None if name == "state" else flow.state) == answer.get("state")


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_a_request_that_names_no_registered_address_leads_nowhere(
    flow: Flow, ada: User, name: str
) -> None:
    flow.application.redirect_uris += " http://127.0.0.1/other"  # or the only one would be meant
    flow.application.save()
    evil = "https://evil.example/"
    for values in ([], [""], [evil], [parameters_of(flow.url())[name], evil]):
        for person in (ada, None):
            page = ask(flow, person, **{name: values}, scope="root")
            assert (400, None) == (page.status_code, page.headers.get("location"))
            assert f'href="{evil}' not in page.text


WRONG = {"scope": "root", "response_type": "token", "code_challenge_method": "plain"}


@pytest.mark.parametrize("source", ["manual", "dcr"])
def test_an_app_that_listens_on_this_device_is_told_at_once(
    flow: Flow, ada: User, source: str
) -> None:
    flow.application.registration_source = source
    flow.application.save()
    for name, value in WRONG.items():
        for person in (ada, None):
            location = ask(flow, person, **{name: value}).headers["location"]
            told = parameters_of(location)
            assert location.startswith(f"{flow.redirect_uri}?error=")
            assert (flow.state, flow.server.origin) == (told["state"], told["iss"])
            assert told["error_description"]


def site(oauth: Server, source: str) -> Flow:
    return Flow(oauth, client(CLAUDE, registration_source=source), CLAUDE)


APPS = (
    "obsidian://evil/run?x=1",
    "vscode://vscode.git/clone?url=x",
    "jetbrains://idea/checkout/git?checkout.repo=x",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "com.example.app:/callback",
)


@pytest.mark.parametrize("source", ["manual", "dcr"])
def test_an_app_is_opened_by_a_click_only(oauth: Server, ada: User, source: str) -> None:
    for uri in APPS:
        flow = Flow(oauth, client(uri, registration_source=source), uri)
        for wrong in ({"response_type": "token"}, {"scope": "root"}, {"code_challenge": ""}):
            for person in (ada, None):
                page = ask(flow, person, **wrong)
                assert (400, None) == (page.status_code, page.headers.get("location"))
                [link] = re.findall(r'href="([^"/][^"]*)"', page.text)
                assert html.unescape(link).startswith(uri)
                told = parameters_of(html.unescape(link))
                assert (flow.state, oauth.origin) == (told["state"], told["iss"])
                assert (source == "dcr") == ("its name is not verified" in page.text)
        assert flow.decide(ada).headers["location"].startswith(uri)
        assert flow.decide(ada, decision="deny").headers["location"].startswith(uri)


def test_a_site_is_told_once_the_person_signed_in(oauth: Server, ada: User) -> None:
    flow = site(oauth, "manual")
    stranger = ask(flow, None, scope="root").headers["location"]
    assert stranger.startswith("/login/?next=/oauth/authorize")
    told = parameters_of(ask(flow, ada, scope="root").headers["location"])
    assert ("invalid_scope", flow.state) == (told["error"], told["state"])


def test_a_site_that_registered_itself_is_told_by_a_click(oauth: Server, ada: User) -> None:
    flow = site(oauth, "dcr")
    for person in (ada, None):
        page = ask(flow, person, scope="root")
        assert (400, None) == (page.status_code, page.headers.get("location"))
        [link] = re.findall(rf'href="({re.escape(CLAUDE)}[^"]*)"', page.text)
        told = parameters_of(html.unescape(link))
        assert ("invalid_scope", flow.state) == (told["error"], told["state"])
        assert flow.server.origin == told["iss"]


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "response_type", "state", "x"])
def test_an_empty_parameter_beside_it_hides_nothing(oauth: Server, ada: User, name: str) -> None:
    flow = site(oauth, "dcr")
    own = parameters_of(flow.url()).get(name, "")
    for values in ([own, ""], ["", own], ["", own, ""]):
        wrong = {"code_challenge": "", name: values}
        for person in (ada, None):
            page = ask(flow, person, **wrong)
            assert (400, None) == (page.status_code, page.headers.get("location"))
            [link] = re.findall(rf'href="({re.escape(CLAUDE)}[^"]*)"', page.text)
            assert flow.state == parameters_of(html.unescape(link))["state"]
        query = f"{flow.url(**{name: None})}&{urlencode({name: values}, True)}"
        with http() as browser:
            sign_in = {"next": query.removeprefix(oauth.origin)}
            page = browser.get(f"{oauth.origin}/login/", params=sign_in)
        assert "its name is not verified" in page.text
        assert "its name is not verified" in ask(flow, ada, **{name: values}).text


def test_an_address_that_is_not_registered_is_named_beside_an_empty_one(
    flow: Flow, ada: User
) -> None:
    evil = "https://evil.example/cb"
    page = ask(flow, ada, redirect_uri=[evil, ""])
    assert 400 == page.status_code and f"send you back to {evil}, which is not" in page.text


def test_an_empty_parameter_of_a_token_request_counts_as_left_out(flow: Flow, ada: User) -> None:
    sent = {
        "grant_type": "authorization_code",
        "client_id": flow.application.client_id,
        "code": flow.code(ada),
        "redirect_uri": flow.redirect_uri,
        "code_verifier": flow.verifier,
        "resource": flow.server.url,
    }
    body = {name: [value, ""] for name, value in sent.items()}
    with http() as browser:
        answer = browser.post(f"{flow.server.origin}/oauth/token", data=body)
        assert (200, "Bearer") == (answer.status_code, answer.json()["token_type"])
        ended = {**body, "token": ["", answer.json()["access_token"]]}
        assert 200 == browser.post(f"{flow.server.origin}/oauth/revoke", data=ended).status_code
    assert 401 == flow.server.post(answer.json()["access_token"]).status_code


def test_a_refresh_leaves_unknown_scopes_out_and_gives_no_more(flow: Flow, ada: User) -> None:
    token = flow.tokens(ada, scopes=(READ, WRITE))["refresh_token"]

    def refreshed(scope: str | None) -> set[str]:
        nonlocal token
        answer = flow.refresh(token, scope=scope).json()
        token = answer.get("refresh_token", token)
        return set(answer.get("scope", answer.get("error")).split())

    assert {READ} == refreshed(f"{READ} offline_access")
    assert {READ, WRITE} == refreshed(f"{READ}  {WRITE}")
    assert {READ, WRITE} == refreshed("")
    assert {"invalid_scope"} == refreshed("infinity:admin")
    assert {"invalid_scope"} == refreshed("offline_access")
    assert {READ, WRITE} == refreshed(None)


def test_an_address_that_is_too_long_is_told_its_limit(flow: Flow, ada: User) -> None:
    for name in ("state", "scope", "resource", "redirect_uri", "client_id", "x"):
        page = ask(flow, ada, **{name: "a" * 17_000})
        assert 414 == page.status_code and "16,000 characters" in page.text


def test_a_long_state_comes_back_whole(flow: Flow, ada: User) -> None:
    state = "s" * 8_000
    assert state == parameters_of(flow.decide(ada, state=state).headers["location"])["state"]
