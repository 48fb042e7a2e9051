"""Servers that cannot be reached: nothing was sent, so a write may be tried again too."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest

from mcpserver.infinity import errors
from tests.mcpserver.infinity.upstream import (
    METHODS,
    FaultyInfinity,
    RawServer,
    always,
    connected,
    outcome,
    raw_server,
    run,
    send,
)
from tests.support import free_port


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that is listened on, whose queue is full and never served."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        yield address[1]
        for each in waiting:
            each.close()


def check(error: errors.InfinityError | None, reason: str) -> None:
    assert isinstance(error, errors.Unreachable)
    assert reason in str(error)
    assert "Nothing was sent. Try again later" in str(error)
    assert "may or may not" not in str(error)


@pytest.mark.parametrize("method", METHODS)
def test_a_refused_connection_is_tried_four_times(method: str) -> None:
    got = outcome(f"http://127.0.0.1:{free_port()}/api/v2", method)
    check(got.error, "(no connection)")
    assert 3 == len(got.delays)


@pytest.mark.parametrize("method", METHODS)
def test_an_unknown_host_is_tried_four_times(method: str) -> None:
    got = outcome("http://no-such-host.invalid/api/v2", method)
    check(got.error, "(its host name is not known)")
    assert 3 == len(got.delays)


@pytest.mark.parametrize("method", METHODS)
def test_a_server_without_tls_is_tried_four_times(faulty: FaultyInfinity, method: str) -> None:
    got = outcome(faulty.url.replace("http:", "https:"), method)
    check(got.error, "(no trusted TLS connection)")
    assert (3, []) == (len(got.delays), faulty.hits())


@pytest.mark.parametrize("method", METHODS)
def test_a_connection_that_is_never_taken_is_given_up(deaf_port: int, method: str) -> None:
    got = outcome(f"http://127.0.0.1:{deaf_port}/api/v2", method, connect_seconds=0.1)
    check(got.error, "could not be reached within 0.1 s")
    assert 3 == len(got.delays)


@pytest.mark.parametrize("method", METHODS)
def test_a_tls_handshake_that_is_never_answered_is_given_up(method: str) -> None:
    async def call() -> tuple[errors.InfinityError, RawServer]:
        async with raw_server(always({})) as server:
            url = server.url.replace("http:", "https:")
            async with connected(url, connect_seconds=0.1) as api:
                with pytest.raises(errors.InfinityError) as raised:
                    await send(api, method)
        return raised.value, server

    error, server = run(call())
    check(error, "could not be reached within 0.1 s")
    assert (4, []) == (len(server.connections), server.requests)


def test_connecting_ends_at_the_deadline(deaf_port: int) -> None:
    got = outcome(f"http://127.0.0.1:{deaf_port}/api/v2", "GET", seconds=0.3)
    assert isinstance(got.error, errors.Overdue)
    assert 0.3 <= got.seconds <= 0.8


@pytest.mark.parametrize("method", METHODS)
def test_a_server_that_comes_back_is_asked_once(method: str) -> None:
    port = free_port()

    async def call() -> RawServer:
        servers: list[RawServer] = []

        async def restart(seconds: float) -> None:
            servers.append(
                await stack.enter_async_context(raw_server(always({"id": 1}), port=port))
            )

        url = f"http://127.0.0.1:{port}/api/v2"
        async with AsyncExitStack() as stack, connected(url, sleep=restart) as api:
            assert {"id": 1} == await send(api, method)
        return servers[0]

    assert [method] == [request.method for request in run(call()).requests]
