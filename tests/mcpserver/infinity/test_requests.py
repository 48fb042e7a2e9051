"""What arrives at Infinity."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest

from mcpserver.infinity import InfinityClient, NetworkTransport, errors
from mcpserver.infinity.client import Query
from mcpserver.sandbox import ADA_TOKEN
from tests.mcpserver.infinity.upstream import (
    METHODS,
    RawRequest,
    always,
    connected,
    raw_server,
    run,
    send,
)


def listed(path: str, query: Query | None = None, **ids: str | int) -> RawRequest:
    """The request that lists `path`."""

    async def call() -> RawRequest:
        async with raw_server(always({"data": []})) as server, connected(server.url) as api:
            await api.list(path, query, **ids)
        return server.requests[0]

    return run(call())


def query_of(request: RawRequest) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(request.target).query, keep_blank_values=True, strict_parsing=True)


def test_empty_parameters_are_dropped() -> None:
    query: Query = {"after": None, "before": "", "expand": [], "limit": 100}
    assert "/api/v2/items?limit=100" == listed("items", query).target


def test_no_parameters_leave_no_question_mark() -> None:
    assert "/api/v2/items" == listed("items", {"after": None}).target


def test_a_list_is_a_repeated_parameter() -> None:
    request = listed("items", {"expand": ["values.attribute", "folder"], "limit": 5})
    expected = [("expand[]", "values.attribute"), ("expand[]", "folder"), ("limit", "5")]
    assert expected == query_of(request)


@pytest.mark.parametrize("cursor", ["Tmg3+/8=", "YQ==", "a b&c=d#e?f%2B", "ü,2026-01-02 03:04:05"])
def test_a_cursor_arrives_unchanged(cursor: str) -> None:
    assert [("after", cursor)] == query_of(listed("items", {"after": cursor}))


@pytest.mark.parametrize(
    ("board", "target"),
    [
        ("Hq7wTz3KfPa", "Hq7wTz3KfPa"),
        (42, "42"),
        ("a b", "a%20b"),
        ("é&=+;:@", "%C3%A9%26%3D%2B%3B%3A%40"),
        ("..a", "..a"),
    ],
)
def test_an_id_arrives_as_one_segment(board: str | int, target: str) -> None:
    request = listed("boards/{board}/items", board=board)
    assert f"/api/v2/boards/{target}/items" == request.target


@pytest.mark.parametrize("method", METHODS)
def test_a_request_says_who_asks_and_for_what(method: str) -> None:
    async def call() -> RawRequest:
        async with raw_server(always({"id": 1})) as server, connected(server.url) as api:
            await send(api, method)
        return server.requests[0]

    request = run(call())
    assert (method, "/api/v2/profile") == (request.method, request.target)
    expected = {
        "authorization": f"Bearer {ADA_TOKEN}",
        "x-api-version": "2026-04-20.morava",
        "accept": "application/json",
        "user-agent": "infinity-mcp",
    }
    assert expected == {name: request.headers[name] for name in expected}
    has_body = method in ("POST", "PUT")
    assert ({"name": "Buy paper"} if has_body else None) == (
        orjson.loads(request.body) if request.body else None
    )
    assert ("application/json" if has_body else None) == request.headers.get("content-type")


@pytest.mark.parametrize("name", ["", "Köln 🙂", 'quo"te\\ \u2028', "x" * 100_000])
def test_a_body_arrives_unchanged(name: str) -> None:
    body: dict[str, Any] = {"name": name, "values": [{"data": None}, {"data": [1.5, True]}]}

    async def call() -> RawRequest:
        async with raw_server(always({"id": 1})) as server, connected(server.url) as api:
            await api.post("items", body)
        return server.requests[0]

    assert body == orjson.loads(run(call()).body)


@pytest.mark.parametrize(
    "host", ["1.2.3.400", "010.1.1.1", "[v1.a]", "xn--a", "xn--zzzzzz-.invalid", "a" * 70_000]
)
@pytest.mark.parametrize("method", METHODS)
def test_an_address_that_cannot_be_is_told_and_nothing_is_sent(host: str, method: str) -> None:
    async def call() -> None:
        async with connected(f"https://{host}/api/v2") as api:
            await send(api, method)

    with pytest.raises(errors.Unreachable, match="Nothing was sent"):
        run(call())


def test_a_version_with_other_letters_is_sent_as_utf_8() -> None:
    async def call() -> RawRequest:
        async with raw_server(always({"id": 1})) as server:
            transport = NetworkTransport()
            api = InfinityClient(transport, base_url=server.url, api_version="ä", token="x")
            await api.get("profile")
            await transport.aclose()
        return server.requests[0]

    assert "ä" == run(call()).headers["x-api-version"].encode("latin-1").decode()
