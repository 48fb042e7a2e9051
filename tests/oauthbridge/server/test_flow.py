"""From the challenge to a tool call: every client, and the ways in that are none."""

from __future__ import annotations

import base64

import httpx2
import pytest

from accounts.models import McpUser, User
from accounts.scopes import READ, SCOPES, WRITE
from oauthbridge.models import Application, Connection, Grant
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import CLIENT_SECRET, MakePerson
from tests.oauthbridge.support import CHATGPT, Flow, client, parameters_of
from tests.support import Server

CURSOR = "cursor://anysphere.cursor-mcp/oauth/callback"
CURSOR_ALL = f"{CURSOR} https://www.cursor.com/agents/mcp/oauth/callback http://localhost/callback"
INSPECTOR = "http://127.0.0.1:6276/oauth/callback"


@pytest.mark.parametrize(
    "uri",
    [
        CHATGPT,
        "https://chatgpt.com/connector_platform_oauth_redirect",
        "https://claude.ai/api/mcp/auth_callback",
    ],
)
def test_the_client_of_the_environment_completes_a_flow(
    oauth: Server, chatgpt: Application, ada: User, uri: str
) -> None:
    flow = Flow(oauth, chatgpt, uri, CLIENT_SECRET)
    answer = flow.decide(ada)
    assert answer.headers["location"].startswith(f"{uri}?")
    tokens = flow.exchange(parameters_of(answer.headers["location"])["code"]).json()
    assert "infinity_create_item" in oauth.tools(tokens["access_token"])


@pytest.mark.parametrize(
    ("registered", "used"),
    [
        ("https://claude.ai/api/mcp/auth_callback", "https://claude.ai/api/mcp/auth_callback"),
        ("https://claude.com/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"),
        ("http://localhost/callback", "http://localhost:51234/callback"),
        ("http://localhost:3000/callback", "http://localhost:51234/callback"),
        ("http://127.0.0.1/callback", "http://127.0.0.1:51234/callback"),
        ("http://[::1]:1/callback", "http://[::1]:51234/callback"),
        ("https://vscode.dev/redirect http://127.0.0.1/", "https://vscode.dev/redirect"),
        ("https://vscode.dev/redirect http://127.0.0.1/", "http://127.0.0.1:33418/"),
        (CURSOR_ALL, CURSOR),
        (INSPECTOR, INSPECTOR),
    ],
)
def test_a_registered_client_completes_a_flow(
    oauth: Server, ada: User, registered: str, used: str
) -> None:
    flow = Flow(oauth, client(registered), used)
    answer = flow.decide(ada)
    assert answer.headers["location"].startswith(f"{used}?")
    tokens = flow.exchange(parameters_of(answer.headers["location"])["code"]).json()
    profile = oauth.data(tokens["access_token"], "infinity_get_profile")
    assert "ada@example.org" == profile["email"]


TRICKS = [
    "https://chatgpt.com.evil.example/connector/oauth/x",
    "https://chatgpt.com@evil.example/connector/oauth/x",
    "https://evil.example/@chatgpt.com",
    "https://user:word@chatgpt.com/connector/oauth/x",
    "https://chatgpt.com:8443/connector/oauth/x",
    "https://chatgpt.com/connector/oauth/x#fragment",
    "https://chatgpt.com/connector/oauth/x#",
    "https://chatgpt.com/connector/oauth/x?next=https://evil.example",
    "https://chatgpt.com/connector/oauth/x?",
    "https://chatgpt.com\\@evil.example/",
    "https://chatgpt.com/\\evil",
    "http://chatgpt.com/connector/oauth/x",
    "HTTPS://chatgpt.com/connector/oauth/x",
    "https://CHATGPT.com/connector/oauth/x",
    "https://chatgpt.com",
    "//chatgpt.com/connector/oauth/x",
    "https:chatgpt.com/connector/oauth/x",
    "javascript:alert(1)",
    "javascript://chatgpt.com/%0aalert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "https://chatgpt.com/\r\nSet-Cookie: a=b",
    "https://evil.example/connector/oauth/x",
    "",
]


@pytest.mark.parametrize("response_type", ["code", "token"])
@pytest.mark.parametrize("signed_in", [True, False])
def test_a_trick_with_the_redirect_uri_ends_on_an_error_page(
    chatgpt_flow: Flow, make_person: MakePerson, signed_in: bool, response_type: str
) -> None:
    person = make_person() if signed_in else None
    for uri in TRICKS:
        answer = chatgpt_flow.open(person, redirect_uri=uri, response_type=response_type)
        assert (400, None) == (answer.status_code, answer.headers.get("location")), uri
        assert "You were not sent back" in answer.text


def test_on_this_machine_only_the_port_is_free(flow: Flow, ada: User) -> None:
    for uri in (
        "http://127.0.0.1:49152/callback/more",
        "http://127.0.0.1:49152/",
        "http://127.0.0.1:49152/callback?x=1",
        "http://127.0.0.1:49152/callback?",
        "http://127.0.0.1:49152/callback#",
        "http://localhost:49152/callback",
        "http://127.0.0.2:49152/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:1@evil.example/callback",
        "http://127.0.0.1:999999/callback",
        "http://127.0.0.1:0/callback",
        "https://127.0.0.1:49152/callback",
    ):
        answer = flow.open(ada, redirect_uri=uri)
        assert (400, None) == (answer.status_code, answer.headers.get("location")), uri


def test_an_unknown_client_ends_on_an_error_page(flow: Flow, ada: User) -> None:
    answer = flow.open(ada, client_id="unknown")
    assert (400, None) == (answer.status_code, answer.headers.get("location"))


def test_the_answer_carries_state_and_issuer(flow: Flow, ada: User) -> None:
    answer = parameters_of(flow.decide(ada).headers["location"])
    assert {"code", "state", "iss"} == answer.keys()
    assert (flow.state, flow.server.origin) == (answer["state"], answer["iss"])


def test_denying_tells_the_client_so(flow: Flow, ada: User) -> None:
    answer = parameters_of(flow.decide(ada, decision="deny").headers["location"])
    assert ("access_denied", flow.state) == (answer["error"], answer["state"])
    assert flow.server.origin == answer["iss"]
    assert not Connection.objects.exists() and not Grant.objects.exists()


def test_a_token_acts_as_the_chosen_user_with_the_chosen_scopes(
    flow: Flow, make_user: MakeUser, make_person: MakePerson, alice: McpUser
) -> None:
    bob, _ = make_user("bob", "read-write")
    grace = make_person("grace", alice, bob)
    tokens = flow.tokens(grace, "bob", (READ,))
    assert READ == tokens["scope"]
    tools = flow.server.tools(tokens["access_token"])
    assert "infinity_list_boards" in tools and "infinity_create_item" not in tools
    connection = Connection.objects.get()
    assert (grace, bob, [READ]) == (connection.person, connection.mcp_user, connection.scopes)


def test_no_consent_gives_more_than_the_user_has(
    flow: Flow, make_user: MakeUser, make_person: MakePerson
) -> None:
    reader, _ = make_user("reader", "read-only")
    tokens = flow.tokens(make_person("grace", reader), "reader", SCOPES)
    assert READ == tokens["scope"]
    assert "infinity_create_item" not in flow.server.tools(tokens["access_token"])


def test_no_consent_gives_more_than_was_asked_for(flow: Flow, ada: User) -> None:
    answer = flow.decide(ada, scopes=(READ, WRITE), scope=READ)
    assert 400 == answer.status_code
    assert READ == flow.tokens(ada, scopes=(READ,), scope=READ)["scope"]


def test_a_person_cannot_choose_a_user_of_others(
    flow: Flow, make_person: MakePerson, alice: McpUser
) -> None:
    stranger = make_person("stranger")
    page = flow.open(stranger)
    assert "no MCP user that you may let" in page.text
    assert 400 == flow.decide(stranger, "alice").status_code


def test_a_superuser_may_authorise_as_anyone(
    flow: Flow, make_person: MakePerson, alice: McpUser
) -> None:
    root = make_person("root", is_superuser=True)
    assert 200 == flow.server.post(flow.tokens(root)["access_token"]).status_code


@pytest.mark.parametrize("basic", [True, False])
def test_a_confidential_client_shows_its_secret_either_way(
    chatgpt_flow: Flow, ada: User, basic: bool
) -> None:
    code = chatgpt_flow.code(ada)
    if not basic:
        assert 200 == chatgpt_flow.exchange(code).status_code
        return
    pair = f"{chatgpt_flow.application.client_id}:{CLIENT_SECRET}"
    answer = httpx2.post(
        f"{chatgpt_flow.server.origin}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CHATGPT,
            "code_verifier": chatgpt_flow.verifier,
        },
        headers={"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"},
    )
    assert 200 == answer.status_code, answer.text
    assert "no-store" in answer.headers["cache-control"]


@pytest.mark.parametrize("secret", [None, "", "wrong-but-long-enough"])
def test_a_confidential_client_without_its_secret_gets_nothing(
    chatgpt_flow: Flow, ada: User, secret: str | None
) -> None:
    answer = chatgpt_flow.exchange(chatgpt_flow.code(ada), client_secret=secret)
    assert (401, "invalid_client") == (answer.status_code, answer.json()["error"])


def test_a_code_of_another_client_is_worth_nothing(flow: Flow, ada: User) -> None:
    answer = flow.exchange(flow.code(ada), client_id=client().client_id)
    assert (400, "invalid_grant") == (answer.status_code, answer.json()["error"])


def test_a_call_beyond_the_scopes_names_all_that_are_needed(flow: Flow, ada: User) -> None:
    token = flow.tokens(ada, scopes=(READ,))["access_token"]
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "infinity_create_item", "arguments": {}},
    }
    answer = flow.server.post(token, json=call)
    challenge = answer.headers["www-authenticate"]
    assert 403 == answer.status_code
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{READ} {WRITE}"' in challenge
    assert f"{flow.server.origin}/.well-known/oauth-protected-resource/mcp" in challenge


def test_no_scope_is_asked_for_that_the_user_does_not_have(
    flow: Flow, ada: User, alice: McpUser
) -> None:
    token = flow.tokens(ada, scopes=(READ,))["access_token"]
    alice.scopes = [READ]
    alice.save()
    refused = flow.server.call(
        token,
        "infinity_create_item",
        workspace_id="1",
        board_id="Hq7wTz3KfPa",
        folder_id="m4XcVb9RtQe",
    )
    assert refused.is_error


def test_a_key_keeps_working_beside_tokens(oauth: Server, make_user: MakeUser) -> None:
    _, key = make_user("bob", "read-only")
    assert 200 == oauth.post(key).status_code
    refused = oauth.call(
        key,
        "infinity_create_item",
        workspace_id="1",
        board_id="Hq7wTz3KfPa",
        folder_id="m4XcVb9RtQe",
    )
    assert refused.is_error  # a tool error, as before: there is nothing to step up to


def test_codex_begins_with_a_bare_get(oauth: Server) -> None:
    answer = httpx2.get(oauth.url, headers={"MCP-Protocol-Version": "2024-11-05"})
    metadata = f"{oauth.origin}/.well-known/oauth-protected-resource/mcp"
    assert 401 == answer.status_code
    assert (
        f'Bearer resource_metadata="{metadata}", scope="{" ".join(SCOPES)}"'
        == answer.headers["www-authenticate"]
    )


def test_a_bad_token_is_told_so_with_the_way_to_a_better_one(oauth: Server) -> None:
    challenge = oauth.post("unknown").headers["www-authenticate"]
    assert challenge.startswith('Bearer error="invalid_token"')
    assert "resource_metadata=" in challenge
