"""Clients of Infinity for tests, and two upstreams that can be told to fail.

FaultyInfinity is the sandbox with its faults, over real HTTP. RawServer speaks bytes, for what no
decent server would do, and shows exactly what arrived.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx2
import orjson

from mcpserver.infinity import InfinityClient, InfinityError, JsonObject, NetworkTransport
from mcpserver.sandbox import ADA_TOKEN
from tests.support import Infinity

T = TypeVar("T")

METHODS = ("GET", "POST", "PUT", "DELETE")
WRITES = METHODS[1:]


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop that jumps over waits, so that deadlines count them and nobody sits them out."""

    def __init__(self) -> None:
        self.skips: list[float] = []
        super().__init__()

    def time(self) -> float:
        return super().time() + sum(self.skips)

    async def skip(self, seconds: float) -> None:
        self.skips.append(seconds)


def run(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(main)


@asynccontextmanager
async def connected(
    base_url: str, *, connect_seconds: float = 5, read_seconds: float = 5, **options: Any
) -> AsyncIterator[InfinityClient]:
    """A client with connections of its own; `options` are InfinityClient's."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SkippingLoop)
    options = {"token": ADA_TOKEN, "sleep": loop.skip, **options}
    transport = NetworkTransport(connect_seconds=connect_seconds, read_seconds=read_seconds)
    try:
        yield InfinityClient(
            transport, base_url=base_url, api_version="2026-04-20.morava", **options
        )
    finally:
        await transport.aclose()


async def send(api: InfinityClient, method: str, path: str = "profile") -> JsonObject:
    match method:
        case "GET":
            return await api.get(path)
        case "POST":
            return await api.post(path, {"name": "Buy paper"})
        case "PUT":
            return await api.put(path, {"name": "Buy paper"})
        case _:
            return await api.delete(path)


@dataclass(frozen=True)
class Outcome:
    answer: JsonObject | None
    error: InfinityError | None
    seconds: float
    delays: list[float]
    """Seconds waited before the second, third and fourth attempt."""


def outcome(base_url: str, method: str, **options: Any) -> Outcome:
    """What comes of one call, the waits included; `options` as for `connected`."""

    async def call() -> Outcome:
        answer = error = None
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SkippingLoop)
        async with connected(base_url, **options) as api:
            start = loop.time()
            try:
                answer = await send(api, method)
            except InfinityError as raised:
                error = raised
            return Outcome(answer, error, loop.time() - start, loop.skips)

    return run(call())


@dataclass(frozen=True)
class FaultyInfinity:
    """A running sandbox whose faults can be switched on."""

    infinity: Infinity
    http: httpx2.Client

    @property
    def url(self) -> str:
        return self.infinity.url

    def control(self, path: str, content: Any = None) -> httpx2.Response:
        return self.http.post(f"{self.infinity.control}/{path}", json=content)

    def reset(self) -> None:
        self.control("reset").raise_for_status()

    def fail(self, fault: str | None, **which: Any) -> None:
        """See Faults.choose."""
        self.control("fault", {"fault": fault, **which}).raise_for_status()

    def requests(self) -> list[dict[str, Any]]:
        """`{method, path, query, status, token}` of each since the last reset."""
        answer = self.http.get(f"{self.infinity.control}/requests").raise_for_status()
        return list(answer.json()["recent"])

    def hits(self) -> list[str]:
        """The methods of those requests."""
        return [request["method"] for request in self.requests()]


@dataclass(frozen=True)
class RawRequest:
    method: str
    target: str
    headers: dict[str, str]
    """By lower-case name."""
    body: bytes


@dataclass
class RawServer:
    respond: Callable[[list[RawRequest]], bytes | None]
    """The bytes to answer the last request with; b"" hangs up, None waits for the caller to."""
    url: str = ""
    connections: list[asyncio.Task[None]] = field(default_factory=list)
    requests: list[RawRequest] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the caller has hung up."""

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (answer := await self._answer(reader)) != b"":
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.left.set()
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        self.requests.append(await _read_request(reader))
        self.asked.set()
        answer = self.respond(self.requests)
        if answer is None:
            await reader.readexactly(1)
        return answer or b""


async def _read_request(reader: asyncio.StreamReader) -> RawRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return RawRequest(method, target, headers, body)


@asynccontextmanager
async def raw_server(
    respond: Callable[[list[RawRequest]], bytes | None],
    *,
    port: int = 0,
    kind: type[RawServer] = RawServer,
) -> AsyncIterator[RawServer]:
    raw = kind(respond)
    listener = await asyncio.start_server(raw.accept, "127.0.0.1", port)
    raw.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/api/v2"
    async with listener:
        yield raw
    await asyncio.gather(*raw.connections)


def http(content: Any = None, status: int = 200, **headers: str) -> bytes:
    """An HTTP answer; `content` as JSON, or as it is when it is bytes."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{re.sub('_', '-', name)}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def always(*content: Any, **options: Any) -> Callable[[list[RawRequest]], bytes]:
    """Answers with each content in turn, and with the last one from then on; see `http`."""

    def respond(requests: list[RawRequest]) -> bytes:
        return http(content[min(len(requests), len(content)) - 1], **options)

    return respond
