"""The client works on any transport of httpx, as httpx describes them."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from mcpserver.infinity import InfinityClient, errors
from mcpserver.infinity.client import Query
from mcpserver.sandbox import ADA_TOKEN, create_app
from tests.mcpserver.infinity.upstream import METHODS, run, send


def client(transport: httpx.AsyncBaseTransport, base_url: str = "http://sandbox") -> InfinityClient:
    return InfinityClient(
        transport, base_url=f"{base_url}/api/v2", api_version="2026-04-20.morava", token=ADA_TOKEN
    )


def answered(make: Any, method: str = "GET") -> tuple[Any, httpx.Request]:
    """What the client returns for the answer that `make` returns, and the request it was for."""
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        made: httpx.Response = make()
        return made

    async def call() -> Any:
        return await send(client(httpx.MockTransport(answer), "http://[::1]:8080"), method)

    return run(call()), requests[0]


@pytest.mark.parametrize("method", METHODS)
def test_every_request_names_its_host_once(method: str) -> None:
    _, request = answered(lambda: httpx.Response(200, json={"id": 1}), method)
    assert ["[::1]:8080"] == request.headers.get_list("host")


@pytest.mark.parametrize("method", METHODS)
def test_a_request_has_the_length_of_its_body(method: str) -> None:
    _, request = answered(lambda: httpx.Response(200, json={"id": 1}), method)
    length = str(len(request.content)) if method in ("POST", "PUT") else None
    assert length == request.headers.get("content-length")


class Parts(httpx.AsyncByteStream):
    """A body that comes in parts and must be closed."""

    def __init__(self, *parts: bytes) -> None:
        self._parts, self.is_closed = parts, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize("body", [b'{"id": 1}', b"[", b"", b"x" * 17 * 2**20])
def test_an_answer_that_streams_is_closed(body: bytes) -> None:
    parts = Parts(body[:3], body[3:])
    try:
        answer, _ = answered(lambda: httpx.Response(200, stream=parts))
        assert {"id": 1} == answer
    except errors.BadAnswer:
        assert body != b'{"id": 1}'
    assert parts.is_closed


PACKED = gzip.compress(b'{"id": 1}')


@pytest.mark.parametrize(
    "body", [{"content": PACKED}, {"stream": Parts(PACKED[:5], PACKED[5:])}], ids=["whole", "parts"]
)
def test_a_compressed_answer_is_read(body: dict[str, Any]) -> None:
    headers = {"content-encoding": "gzip"}
    assert {"id": 1} == answered(lambda: httpx.Response(200, headers=headers, **body))[0]


def test_an_answer_that_is_not_compressed_as_it_says_is_bad() -> None:
    def broken() -> httpx.Response:
        headers = {"content-encoding": "gzip"}
        return httpx.Response(200, headers=headers, stream=Parts(b"not gzip"))

    with pytest.raises(errors.BadAnswer):
        answered(broken)


def test_links_of_the_sandbox_in_this_process_are_urls() -> None:
    async def links() -> list[str]:
        api = client(httpx.ASGITransport(create_app()))
        query: Query = {"limit": 100, "expand": ["values.attribute"]}
        path = "workspaces/{ws}/boards/{board}/items"
        items = (await api.list(path, query, ws=31337, board="HfoV6K4YfM8"))["data"]
        values = [value["data"] for item in items for value in item["values"]]
        files = [each for data in values if isinstance(data, list) for each in data]
        return [file["link"] for file in files if isinstance(file, dict) and "link" in file]

    found = run(links())
    assert found
    assert {("http", "sandbox", None)} == {
        (url.scheme, url.hostname, url.port) for url in map(urlsplit, found)
    }


@pytest.mark.parametrize("length", [400, 66_000])
def test_a_query_is_sent_or_called_too_long(length: int) -> None:
    async def call() -> Any:
        transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": []}))
        return await client(transport).list("items", {"after": "x" * length})

    if length < 65_000:
        assert [] == run(call())["data"]
    else:
        with pytest.raises(errors.Unsendable, match="too long"):
            run(call())
