"""Who is let in to /mcp: credentials, origins, hosts and browsers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support import Server, running_server

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}

SCOPES = 'scope="infinity:read infinity:write infinity:admin"'


def test_a_request_without_credentials_is_challenged(server: Server) -> None:
    answer = server.post()
    assert (401, f"Bearer {SCOPES}") == (answer.status_code, answer.headers["www-authenticate"])


def test_an_unknown_key_is_told_that_it_is_invalid(server: Server) -> None:
    answer = server.post("mcp_unknown")
    assert 401 == answer.status_code
    assert answer.headers["www-authenticate"].startswith('Bearer error="invalid_token"')


@pytest.mark.parametrize(
    "authorization", ["Basic {}", "{}", "Bearer", "Token {}", "Bearer {} extra"]
)
def test_only_the_bearer_scheme_lets_in(server: Server, key: str, authorization: str) -> None:
    answer = server.post(headers={"Authorization": authorization.format(key)})
    assert 401 == answer.status_code


@pytest.mark.parametrize("authorization", ["Bearer Bearer {}", 'Bearer "{}"', "Bearer <{}>"])
def test_what_stands_around_a_key_is_told(server: Server, key: str, authorization: str) -> None:
    answer = server.post(headers={"Authorization": authorization.format(key)})
    assert 401 == answer.status_code
    assert "send the key alone, without quotes" in answer.text and key not in answer.text


def test_the_bearer_scheme_is_case_insensitive(server: Server, key: str) -> None:
    assert 200 == server.post(headers={"Authorization": f"bEARER {key}"}).status_code


def test_a_key_in_the_query_string_is_refused(server: Server, key: str) -> None:
    answer = httpx2.post(f"{server.url}?access_token={key}", json=PING)
    assert 401 == answer.status_code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD"])
def test_the_credential_is_looked_at_before_the_method(
    server: Server, key: str, method: str
) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    assert 401 == httpx2.request(method, server.url).status_code
    answer = httpx2.request(method, server.url, headers=headers)
    assert (405, "POST, OPTIONS") == (answer.status_code, answer.headers["allow"])


@pytest.mark.parametrize(
    "request_",
    [
        {"content": b"{" * 5_000_000},
        {"content": b"not json"},
        {"json": [PING]},
        {"headers": {"MCP-Protocol-Version": "1999-01-01"}},
        {"headers": {"Accept": "image/png"}},
    ],
)
def test_the_credential_is_looked_at_before_the_rest(
    server: Server, request_: dict[str, Any]
) -> None:
    assert 401 == server.post(**request_).status_code


def test_options_answers_anyone_with_what_may_be_sent(server: Server) -> None:
    answer = httpx2.options(
        server.url,
        headers={"Origin": "http://localhost:6274", "Access-Control-Request-Method": "POST"},
    )
    allowed = {name.strip() for name in answer.headers["access-control-allow-headers"].split(",")}
    assert "http://localhost:6274" == answer.headers["access-control-allow-origin"]
    assert {
        "Authorization",
        "Content-Type",
        "Accept",
        "MCP-Protocol-Version",
        "Mcp-Session-Id",
        "Mcp-Method",
        "Mcp-Name",
    } <= allowed


def test_plain_options_needs_no_credential(server: Server) -> None:
    answer = httpx2.options(server.url)
    assert 204 == answer.status_code
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_browsers_may_read_the_challenge(server: Server) -> None:
    answer = server.post(headers={"Origin": "http://localhost:6274"})
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "https://evil.example",
        "http://localhost.evil.example",
        "http://localhost:1.evil.example",
        "",
    ],
)
def test_a_foreign_origin_is_refused(server: Server, key: str, origin: str) -> None:
    assert 403 == server.post(key, headers={"Origin": origin}).status_code


@pytest.mark.parametrize(
    "origin", ["http://localhost:6274", "http://127.0.0.1", "http://127.0.0.1:80"]
)
def test_an_allowed_origin_is_served(server: Server, key: str, origin: str) -> None:
    answer = server.post(key, headers={"Origin": origin})
    assert (200, origin) == (answer.status_code, answer.headers["access-control-allow-origin"])


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_an_unknown_host_is_refused(server: Server, key: str, host: str) -> None:
    assert 421 == server.post(key, headers={"Host": host}).status_code


def test_every_host_and_origin_of_a_list_with_spaces_is_served(key: str, tmp_path: Path) -> None:
    lists = {
        "ALLOWED_HOSTS": "127.0.0.1, mcp.example.org ,mcp.example.com",
        "MCP_ALLOWED_ORIGINS": "https://one.example, https://two.example ",
    }
    with running_server(tmp_path, **lists) as server:
        answers = [
            server.post(key, headers={"Host": host, "Origin": origin}).status_code
            for host in ("mcp.example.org", "mcp.example.com")
            for origin in ("https://one.example", "https://two.example")
        ]
    assert [200] * 4 == answers


def test_the_challenge_does_not_change_with_the_host(server: Server) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "x"}
    plain, other = server.post(), server.post(headers=forged)
    assert plain.headers["www-authenticate"] == other.headers["www-authenticate"]
    assert "evil" not in other.text
