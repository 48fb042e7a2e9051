"""Connections that wait too long for a client, or of which there are too many."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPResponse

import pytest
import uvicorn

from infinity_mcp.serving.connections import Connections
from infinity_mcp.serving.uvicorn_protocol import MAX_HEADER_BYTES, MAX_HEADERS, HttpProtocol
from tests.support import PATIENCE_SECONDS, eventually

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
OTHER = b"GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"
HALF = b"GET /health HTTP/1.1\r\nHost: "
FORM = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nname="
LARGE = 8 * 1024 * 1024
MOST, RESERVE = 16, 2
MAX_OF_ADDRESS = MOST // 4


class Hasty(HttpProtocol):
    header_seconds = body_seconds = unread_seconds = 0.5
    look_seconds = 0.05


class Application:
    """Answers /health at once, a form when it is there, and others when they may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.under_way = 0
        self.received: list[bytes] = []  # the bodies

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        if scope["type"] != "http":
            return
        body = b"x" * (LARGE if scope["path"] == "/large" else 2)
        more, received = scope["method"] == "POST", b""
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            received, more = received + message["body"], message["more_body"]
        self.received.append(received)
        if scope["path"] == "/other":
            self.under_way += 1
            await asyncio.to_thread(self.may_answer.wait, PATIENCE_SECONDS)
        length = str(len(body)).encode()
        start = {"type": "http.response.start", "status": 200}
        await send({**start, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})


class Serving:
    def __init__(self, server: uvicorn.Server, application: Application) -> None:
        self._server, self.application = server, application

    @property
    def port(self) -> int:
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def open_connections(self) -> int:
        return len(self._server.server_state.connections)

    def connect(self, address: str = "127.0.0.1") -> socket.socket:
        there = ("127.0.0.1", self.port)
        return socket.create_connection(there, PATIENCE_SECONDS, (address, 0))

    def ask(self, request: bytes, address: str = "127.0.0.1") -> bytes:
        with self.connect(address) as connection:
            connection.sendall(request)
            return connection.recv(65536)


@contextmanager
def serving(protocol: type[HttpProtocol], proxies: Sequence[str] = ()) -> Iterator[Serving]:
    application = Application()
    config = uvicorn.Config(
        application,
        port=0,
        http=protocol,
        lifespan="off",
        log_config=None,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        eventually(lambda: server.started)
        yield Serving(server, application)
    finally:
        application.may_answer.set()
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


@pytest.fixture
def hasty() -> Iterator[Serving]:
    with serving(Hasty) as running:
        yield running


def roomy(most: int) -> type[HttpProtocol]:
    class Limited(HttpProtocol):
        places = Connections(most, RESERVE)

    return Limited


def rest(connection: socket.socket) -> bytes:
    """What still comes until the server closes the connection."""
    return b"".join(iter(lambda: connection.recv(65536), b""))


def status(connection: socket.socket) -> int:
    """Of the next answer, which is read."""
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


@pytest.mark.parametrize("before", [b"", HEALTH], ids=["new", "kept"])
@pytest.mark.parametrize("sent", [HALF, b"G", b"\r\n", FORM])
def test_connection_whose_request_does_not_arrive_is_ended_with_408(
    hasty: Serving, before: bytes, sent: bytes
) -> None:
    with hasty.connect() as connection:
        if before:
            connection.sendall(before)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        connection.sendall(sent)
        assert b"HTTP/1.1 408 Request Timeout" in rest(connection)
    eventually(lambda: hasty.open_connections() == 0)


def test_connection_that_is_never_used_is_closed(hasty: Serving) -> None:
    with hasty.connect() as connection:
        assert b"" == rest(connection)


def test_connection_whose_client_reads_nothing_is_ended(hasty: Serving) -> None:
    with hasty.connect() as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        eventually(lambda: hasty.open_connections() == 1)
        eventually(lambda: hasty.open_connections() == 0)


def test_call_that_takes_longer_than_any_header_may_is_answered(hasty: Serving) -> None:
    with hasty.connect() as connection, hasty.connect() as other:
        connection.sendall(OTHER)
        assert b"" == rest(other)  # its time is over, and so is that for the header of the first
        hasty.application.may_answer.set()
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def test_flood_of_half_headers_costs_no_one_a_place() -> None:
    with serving(roomy(MOST)) as server, ExitStack() as stack:
        for number in range(4 * MOST):
            address = f"127.0.0.{2 + number % 8}"
            stack.enter_context(server.connect(address)).sendall(HALF)
            if number % MOST == 0:
                assert server.ask(HEALTH, "127.0.1.1").startswith(b"HTTP/1.1 200")
        assert server.ask(FORM[:-5].replace(b"100", b"0"), "127.0.1.1").startswith(b"HTTP/1.1 200")
        eventually(lambda: server.open_connections() <= MOST)


def test_address_with_too_many_connections_loses_its_own() -> None:
    with serving(roomy(MOST)) as server, ExitStack() as stack:
        other = stack.enter_context(server.connect("127.0.0.9"))
        first = stack.enter_context(server.connect())
        for _ in range(MAX_OF_ADDRESS):
            stack.enter_context(server.connect()).sendall(HALF)
        assert b"" == rest(first)
        other.sendall(HEALTH)
        assert other.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.1.1"], ids=["same", "another"])
def test_health_is_answered_while_all_other_places_are_busy(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    with serving(roomy(MOST)) as server, ExitStack() as stack:
        calls = []
        for number in range(MOST):
            call = stack.enter_context(server.connect(f"127.0.0.{1 + number % 4}"))
            call.sendall(OTHER)
            calls.append(call)
        eventually(lambda: server.application.under_way == MOST)
        silent = [stack.enter_context(server.connect(address)) for _ in range(3 * RESERVE)]
        for _ in range(3):
            assert server.ask(HEALTH, address).startswith(b"HTTP/1.1 200")
        refused = server.ask(OTHER, address)
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in refused
        assert b"" == rest(silent[0])
        server.application.may_answer.set()
        assert all(call.recv(65536).startswith(b"HTTP/1.1 200") for call in calls)
    assert 1 == caplog.text.count("the most that are allowed")


def test_proxy_that_is_trusted_has_more_connections_than_an_address_may() -> None:
    with serving(roomy(MOST), ["127.0.0.0/8"]) as server, ExitStack() as stack:
        for _ in range(MAX_OF_ADDRESS + 2):
            stack.enter_context(server.connect()).sendall(OTHER)
        eventually(lambda: server.application.under_way == MAX_OF_ADDRESS + 2)


def request(*headers: bytes, path: bytes = b"/health") -> bytes:
    return b"\r\n".join((b"GET %s HTTP/1.1" % path, b"Host: localhost", *headers, b"", b""))


ROOM = MAX_HEADER_BYTES - 200
TRAILERS = b"POST /health HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
TOO_LARGE = {
    "many": request(*[b"a:"] * MAX_HEADERS),
    "very many": request(*[b"a:"] * 50_000),
    "long": request(b"Accept: " + b"," * MAX_HEADER_BYTES),
    "very long": request(b"Accept: " + b"," * 500_000),
    "long together": request(*[b"Cookie: " + b"x" * 1_000] * 66),
    "name": request(b"x" * MAX_HEADER_BYTES + b": y"),
    "address": request(path=b"/" + b"x" * MAX_HEADER_BYTES),
    "endless": b"GET / HTTP/1.1\r\nHost: " + b"x" * 1_000_000,
    "no request": b"\r\n" * MAX_HEADER_BYTES,
    "trailers": TRAILERS + b"a:\r\n" * MAX_HEADERS + b"\r\n",
    "long trailer": TRAILERS + b"a: " + b"x" * MAX_HEADER_BYTES + b"\r\n\r\n",
    "other protocol": request(b"Connection: Upgrade", b"Upgrade: h2c", *[b"a:"] * MAX_HEADERS),
}


@pytest.mark.parametrize("pieces", [1, 7], ids=["at once", "in pieces"])
@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_headers_over_their_most_are_not_read(sent: bytes, pieces: int) -> None:
    with serving(HttpProtocol) as server, server.connect() as connection:
        size = len(sent) // pieces + 1
        answer = b""
        with suppress(OSError):  # closed while more of it was under way
            for start in range(0, len(sent), size):
                connection.sendall(sent[start : start + size])
            answer = rest(connection)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 431")
        assert [] == [body for body in server.application.received if body]
        assert server.ask(HEALTH).startswith(b"HTTP/1.1 200")


def test_one_header_too_many_is_told_the_most() -> None:
    with serving(HttpProtocol) as server:
        answer = server.ask(TOO_LARGE["many"])
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b"Too many headers: at most 200, and 64 KiB.")


@pytest.mark.parametrize(
    "sent",
    [
        request(*[b"a:"] * (MAX_HEADERS - 1)),
        request(b"Cookie: " + b"x" * ROOM),
        request(path=b"/" + b"x" * ROOM),
        request(b"Content-Length: 500000") + b"x" * 500_000,
        TRAILERS + b"a:\r\n" * (MAX_HEADERS - 2) + b"\r\n",
    ],
    ids=["many", "long", "address", "body", "trailers"],
)
def test_headers_at_their_most_are_read_again_and_again(sent: bytes) -> None:
    with serving(HttpProtocol) as server, server.connect() as connection:
        for _ in range(3):
            connection.sendall(sent)
            assert 200 == status(connection)


@pytest.mark.parametrize("size", [1, 7, 10_000])
@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0"])
def test_request_that_offers_another_protocol_is_answered_in_this_one(
    protocol: bytes, size: int
) -> None:
    headers = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: %s\r\nHTTP2-Settings: AAMA\r\n"
    offer = FORM.replace(b"Content-Length", headers % protocol + b"Content-Length")
    sent = offer.replace(b"100", b"9") + b"dora"
    with serving(HttpProtocol) as server, server.connect() as connection:
        for _ in range(2):
            for start in range(0, len(sent), size):
                connection.sendall(sent[start : start + size])
            assert 200 == status(connection)
        assert [b"name=dora"] * 2 == server.application.received
        connection.sendall(sent * 3)
        eventually(lambda: len(server.application.received) == 5)
        assert {b"name=dora"} == set(server.application.received)
