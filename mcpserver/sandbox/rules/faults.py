"""Defines faults that the sandbox can produce instead of an answer."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from fnmatch import fnmatchcase
from functools import cache

from starlette.types import Receive, Scope, Send

from mcpserver.sandbox.errors import ApiError, Forbidden, Invalid, NotFound, Unauthenticated

DRIP_SECONDS = 0.05
MIB = 2**20
TOO_MANY_MIB = 17
UNPACKED_MIB = 64

Address = tuple[str, int]
Value = str | Callable[[float], str]
"""The value of a header; may depend on the time (Unix seconds)."""
Headers = Mapping[str, Value]
NO_HEADERS: Headers = {}


@dataclass(frozen=True)
class Exchange:
    """One request that meets a fault."""

    receive: Receive
    send: Send
    connection: asyncio.Transport | None
    """None in process, where no connection can break."""

    async def write(self, chunk: bytes) -> None:
        """Send a part of the body."""
        await self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self) -> None:
        """End the body."""
        await self.send({"type": "http.response.body"})

    async def read(self) -> None:
        """Read the whole request: closing with some of it unread would reset the connection."""
        while (await self.receive()).get("more_body"):
            pass

    async def gone(self, seconds: float | None = None) -> bool:
        """Wait until the caller disconnects; False when it has not after `seconds`."""
        try:
            async with asyncio.timeout(seconds):
                while (await self.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return False
        return True

    @property
    def wire(self) -> asyncio.Transport:
        """The connection itself. Raises RuntimeError if the sandbox runs in process."""
        if self.connection is None:
            raise RuntimeError("This fault needs a connection: use the command infinity_sandbox.")
        return self.connection


# --- How an answer ends ---------------------------------------------------------------------------


async def finish(exchange: Exchange) -> None:
    """End the answer."""
    await exchange.finish()


async def stall(exchange: Exchange) -> None:
    """Send nothing more, and keep the connection open."""
    await exchange.gone()


async def drip(exchange: Exchange) -> None:
    """Send a blank every DRIP_SECONDS."""
    while not await exchange.gone(DRIP_SECONDS):
        await exchange.write(b" ")


async def flood(exchange: Exchange) -> None:
    """Send more than a client should read."""
    for _ in range(TOO_MANY_MIB):
        await exchange.write(b"x" * MIB)
    await exchange.write(b'"}')
    await exchange.finish()


async def flood_packed(exchange: Exchange) -> None:
    """Send little, which becomes too large when unpacked."""
    await exchange.write(_packed())
    await exchange.finish()


async def close(exchange: Exchange) -> None:
    """Close the connection."""
    exchange.wire.close()
    await exchange.gone()


async def reset(exchange: Exchange) -> None:
    """Reset the connection."""
    own = exchange.wire.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.wire.abort()
    await exchange.gone()


async def talk_smtp(exchange: Exchange) -> None:
    """Answer as a mail server."""
    exchange.wire.write(b"220 mail.example.org ESMTP\r\n\r\n")
    await close(exchange)


@cache
def _packed() -> bytes:
    """Valid JSON, small in transit and large when unpacked."""
    return gzip.compress(b'{"name": "' + b"x" * UNPACKED_MIB * MIB + b'"}', compresslevel=1)


# --- What is answered -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """An answer that goes wrong."""

    status: int
    """0: the connection fails before a status."""
    body: bytes = b""
    headers: Headers = field(default_factory=dict)
    ending: Callable[[Exchange], Awaitable[None]] = finish

    async def play(self, exchange: Exchange, now: float) -> None:
        """Read the request, answer it unless `status` is 0, and end as the fault does."""
        await exchange.read()
        if self.status:
            raw = [(name.encode(), value.encode()) for name, value in self._headers_at(now)]
            await exchange.send(
                {"type": "http.response.start", "status": self.status, "headers": raw}
            )
            await exchange.write(self.body)
        await self.ending(exchange)

    def _headers_at(self, now: float) -> Iterator[tuple[str, str]]:
        for name, value in {"Content-Type": "application/json", **self.headers}.items():
            yield name.lower(), value if isinstance(value, str) else value(now)


def refusal(error: ApiError, headers: Headers = NO_HEADERS) -> Fault:
    """An error in Infinity's own words."""
    return Fault(error.status, json.dumps(error.body()).encode(), headers)


def web_page(status: int, headers: Headers = NO_HEADERS) -> Fault:
    """An answer from something in front of Infinity, such as a proxy."""
    body = b"<!DOCTYPE html><html><body><h1>Whoops</h1>10.0.3.7: SQLSTATE[08006]</body></html>"
    return Fault(status, body, {"Content-Type": "text/html; charset=UTF-8", **headers})


def redirect(status: int, location: str = "/api/v2/profile") -> Fault:
    """A redirect."""
    return web_page(status, {"Location": location})


def date(seconds: int) -> Value:
    """A header value: an HTTP date so many seconds from now."""
    return lambda now: formatdate(now + seconds, usegmt=True)


def unix_time(seconds: int) -> Value:
    """A header value: Unix time so many seconds from now."""
    return lambda now: str(int(now + seconds))


BEGUN = b'{"id": 4242, "object": "user", "na'
DECLARED = {"Content-Length": "1000"}
TOO_MANY = ApiError(429, "Too Many Attempts.")
MISSING_NAME = Invalid({"name": ["The name field is required."], "values.0.data": ["Too long."]})
TRACE = b'{"message": "SQLSTATE[08006]", "exception": "PDOException", "trace": [{"line": 71}]}'

FAULTS: dict[str, Fault] = {
    # The connection
    "no_answer": Fault(0, ending=stall),
    "closed_before_answer": Fault(0, ending=close),
    "reset_before_answer": Fault(0, ending=reset),
    "invalid_http": Fault(0, ending=talk_smtp),
    "slow_drip": Fault(200, BEGUN, ending=drip),
    "stall_mid_body": Fault(200, BEGUN, ending=stall),
    "closed_mid_body": Fault(200, BEGUN, DECLARED, ending=close),
    "reset_mid_body": Fault(200, BEGUN, DECLARED, ending=reset),
    # Successful status, unusable body
    "truncated_json": Fault(200, BEGUN),
    "html_200": web_page(200),
    "empty_200": Fault(200),
    "too_large": Fault(200, b'{"name": "', ending=flood),
    "too_large_unpacked": Fault(200, headers={"Content-Encoding": "gzip"}, ending=flood_packed),
    "broken_gzip": Fault(200, BEGUN, {"Content-Encoding": "gzip"}),
    # Redirects
    "redirect_301": redirect(301),
    "redirect_302": redirect(302),
    "redirect_307": redirect(307),
    "redirect_308": redirect(308),
    "redirect_elsewhere": redirect(302, "https://elsewhere.invalid/api/v2/profile"),
    # Refusals
    "bad_request_400": refusal(ApiError(400, "The cursor is not valid.")),
    "unauthenticated_401": refusal(Unauthenticated()),
    "forbidden_403": refusal(Forbidden()),
    "not_found_404": refusal(NotFound("Item")),
    "conflict_409": refusal(ApiError(409, "The record has changed.")),
    "too_large_413": web_page(413),
    "invalid_422": refusal(MISSING_NAME),
    "removed_route": refusal(ApiError(404, "Removed in selected version")),
    "removed_route_text": Fault(
        410, b"Removed in selected version", {"Content-Type": "text/plain"}
    ),
    # The rate limit
    "rate_429_seconds": refusal(TOO_MANY, {"Retry-After": "3"}),
    "rate_429_date": refusal(TOO_MANY, {"Retry-After": date(3)}),
    "rate_429_past_date": refusal(TOO_MANY, {"Retry-After": date(-3600)}),
    "rate_429_garbage": refusal(TOO_MANY, {"Retry-After": "soon"}),
    "rate_429_absurd_date": refusal(
        TOO_MANY, {"Retry-After": "Mon, 01 Jan 2024 00:00:00 +99999999999999"}
    ),
    "rate_429_negative": refusal(TOO_MANY, {"Retry-After": "-5"}),
    "rate_429_huge": refusal(TOO_MANY, {"Retry-After": "9" * 30}),
    "rate_429_bare": refusal(TOO_MANY),
    "rate_429_reset_time": refusal(TOO_MANY, {"X-RateLimit-Reset": unix_time(3)}),
    # Trouble
    "error_500_json": Fault(500, TRACE),
    "error_500_html": web_page(500),
    "gateway_502": web_page(502),
    "unavailable_503": web_page(503),
    "unavailable_503_seconds": web_page(503, {"Retry-After": "3"}),
    "timeout_504": web_page(504),
}


# --- Which requests meet a fault ------------------------------------------------------------------


@dataclass
class Chosen:
    """The fault that is switched on, and the requests that meet it."""

    fault: Fault
    times: int | None
    method: str
    path: str

    def meets(self, method: str, path: str) -> bool:
        """Whether the fault applies to this request."""
        return fnmatchcase(method, self.method) and fnmatchcase(path, self.path)


class Faults:
    """The fault that is switched on, if any, and the connections that it can break."""

    def __init__(self) -> None:
        self._connections: dict[Address | None, asyncio.Transport] = {}
        self._chosen: Chosen | None = None

    def choose(
        self, fault: str | None, *, times: int | None = None, method: str = "*", path: str = "*"
    ) -> None:
        """Let the next `times` matching requests (None: all) meet this fault; None switches it off.

        `method` and `path` are patterns like "P*" and "*/comments". Raises ValueError.
        """
        if fault is not None and fault not in FAULTS:
            raise ValueError(f"no fault {fault!r}; valid: {', '.join(FAULTS)}")
        if times is not None and times < 1:
            raise ValueError("times must be at least 1")
        self._chosen = Chosen(FAULTS[fault], times, method, path) if fault else None

    def take(self, scope: Scope) -> Fault | None:
        """The fault that this request meets, if any; counts it."""
        chosen = self._chosen
        if chosen is None or not chosen.meets(scope["method"], scope["path"]):
            return None
        if chosen.times is not None:
            chosen.times -= 1
            if chosen.times == 0:
                self._chosen = None
        return chosen.fault

    def exchange(self, scope: Scope, receive: Receive, send: Send) -> Exchange:
        """The exchange of a request, with its connection where there is one."""
        return Exchange(receive, send, self._connections.get(scope.get("client")))

    def protocol(self) -> type[asyncio.Protocol]:
        """A class for uvicorn's `http` option that gives access to connections, unlike ASGI."""
        from uvicorn.protocols.http.auto import AutoHTTPProtocol  # not needed in process

        connections = self._connections

        class ConnectionTracking(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
            def connection_made(self, transport: asyncio.Transport) -> None:
                super().connection_made(transport)
                connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.client, None)
                super().connection_lost(exc)

        return ConnectionTracking
