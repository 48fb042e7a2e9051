"""A server behind a proxy that it trusts, and with fewer tools for OAuth callers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle

import httpx2
import pytest

from accounts.models import McpUser, User
from tests.oauthbridge.conftest import variables
from tests.oauthbridge.server.test_refusals import DOCUMENTS
from tests.oauthbridge.support import LOOPBACK, Flow, client
from tests.support import (
    PATIENT,
    Server,
    environment,
    free_port,
    running,
    text_of,
    until_too_many,
)

ALLOWED = ["infinity_list_workspaces", "infinity_list_boards"]


@pytest.fixture(scope="module")
def proxied(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("proxied") / "server.log"
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    tools = ",".join(ALLOWED)
    oauth = variables(origin, TRUSTED_PROXIES="127.0.0.1", OAUTH_ALLOWED_TOOLS=tools)
    env = environment(PORT=str(port), **oauth)
    with running("mcp_serve", ready_url=f"{origin}/ready", log=log, env=env) as process:
        yield Server(port, log, process)


def test_allowed_tools_narrow_oauth_callers_and_no_key_holders(
    proxied: Server, alice: McpUser, ada: User
) -> None:
    key = alice.issue_key()[1]
    token = Flow(proxied, client()).tokens(ada)["access_token"]
    assert ALLOWED == proxied.tools(token)
    refused = proxied.call(token, "infinity_get_profile")
    assert refused.is_error
    assert "is not among the tools that alice may use" in text_of(refused)
    assert not proxied.call(token, "infinity_list_workspaces").is_error
    assert {*ALLOWED, "infinity_get_profile", "infinity_archive_item"} <= set(proxied.tools(key))
    assert not proxied.call(key, "infinity_get_profile").is_error


def guess_key(server: Server, address: str) -> httpx2.Response:
    return server.post("mcp_wrong", headers={"X-Forwarded-For": address})


def register(server: Server, address: str) -> httpx2.Response:
    """A public client, which costs no hash."""
    url, headers = f"{server.origin}/oauth/register", {"X-Forwarded-For": address}
    client = {"redirect_uris": [LOOPBACK], "token_endpoint_auth_method": "none"}
    return httpx2.post(url, json=client, headers=headers, **PATIENT)


@pytest.mark.parametrize("attempt", [guess_key, register])
@pytest.mark.parametrize(
    ("same", "other"),
    [
        (["192.0.2.1"], "198.51.100.1"),
        ([f"2001:db8:0:1::{n}" for n in range(1, 41)], "2001:db8:0:2::1"),  # of one customer
    ],
    ids=["IPv4", "IPv6"],
)
@pytest.mark.django_db(transaction=True)
def test_a_trusted_proxy_says_whom_to_count(
    proxied: Server,
    attempt: Callable[[Server, str], httpx2.Response],
    same: list[str],
    other: str,
) -> None:
    addresses = cycle(same)
    assert 429 != attempt(proxied, next(addresses)).status_code
    until_too_many(lambda: attempt(proxied, next(addresses)))
    assert 429 != attempt(proxied, other).status_code


@pytest.mark.django_db
def test_not_even_a_trusted_proxy_changes_what_is_published(proxied: Server) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    for path in DOCUMENTS:
        url = f"{proxied.origin}{path}"
        plain = httpx2.get(url, **PATIENT)
        assert plain.text == httpx2.get(url, headers=headers, **PATIENT).text
        assert f'"{proxied.origin}' in plain.text
    refused = proxied.post(headers=headers)
    assert f'resource_metadata="{proxied.origin}/' in refused.headers["www-authenticate"]
