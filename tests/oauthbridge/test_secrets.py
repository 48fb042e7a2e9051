"""Codes, tokens and client secrets are stored only as digests, and never logged."""

from __future__ import annotations

import httpx2

from accounts.models import McpUser, User
from oauthbridge.models import AccessToken, Grant
from tests.oauthbridge.conftest import CLIENT_SECRET, PASSWORD
from tests.oauthbridge.support import Flow, hidden_token, http
from tests.support import database_dump


def test_neither_database_nor_log_holds_a_usable_secret(
    chatgpt_flow: Flow, ada: User, alice: McpUser
) -> None:
    flow = chatgpt_flow
    registration = httpx2.post(
        f"{flow.server.origin}/oauth/register",
        json={"redirect_uris": ["http://127.0.0.1/"], "client_name": "Canary"},
    ).json()
    tokens = flow.tokens(ada)
    refreshed = flow.refresh(tokens["refresh_token"]).json()
    unused = flow.code(ada)
    replayed = flow.code(ada)
    for _ in range(2):
        flow.exchange(replayed)
    flow.exchange(unused, code_verifier="wrong-verifier-canary" * 3)
    flow.exchange(unused, client_secret="wrong-secret-canary")
    flow.server.post("wrong-token-canary")
    flow.server.call(
        refreshed["access_token"], "infinity_get_board", workspace_id="1", board_id="Hq7wTz3KfPa"
    )
    with http() as browser:
        page = browser.get(f"{flow.server.origin}/login/").text
        for password in ("wrong-password-canary", PASSWORD):
            form = {"csrfmiddlewaretoken": hidden_token(page), "username": "ada"}
            browser.post(f"{flow.server.origin}/login/", data={**form, "password": password})
        cookie = browser.cookies["sessionid"]
        assert 200 == browser.get(f"{flow.server.origin}/oauth/connections/").status_code

    secrets = [
        *(pair[kind] for pair in (tokens, refreshed) for kind in ("access_token", "refresh_token")),
        registration["client_secret"],
        unused,
        replayed,
        flow.verifier,
        CLIENT_SECRET,
        PASSWORD,
        cookie,
        *(f"wrong-{what}-canary" for what in ("verifier", "secret", "token", "password")),
    ]
    database = database_dump()
    assert "Canary" in database and Grant.objects.exists() and AccessToken.objects.exists()
    for place in (database, flow.server.log.read_text()):
        assert [] == [secret for secret in secrets if secret in place]


def test_what_is_stored_opens_nothing(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    tokens = flow.tokens(ada)
    stored = [
        *Grant.objects.values_list("code", flat=True),
        *AccessToken.objects.values_list("token_checksum", flat=True),
    ]
    for text in stored:
        assert 401 == flow.server.post(text).status_code
        assert 400 == flow.exchange(str(text)).status_code
        assert 400 == flow.refresh(text).status_code
    assert 200 == flow.server.post(tokens["access_token"]).status_code
    assert 200 == flow.exchange(code).status_code
