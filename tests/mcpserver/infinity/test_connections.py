"""Connections that are kept, broken or given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from mcpserver.infinity import InfinityError, errors
from mcpserver.sandbox import ADA_TOKEN
from tests.mcpserver.infinity.upstream import (
    METHODS,
    WRITES,
    RawRequest,
    RawServer,
    always,
    connected,
    http,
    raw_server,
    run,
    send,
)

Respond = Callable[[list[RawRequest]], bytes | None]


def answers(*turns: bytes | None) -> Respond:
    """Each turn once, in order."""
    left = list(turns)
    return lambda requests: left.pop(0)


def methods(server: RawServer) -> list[str]:
    return [request.method for request in server.requests]


async def two_calls(server: RawServer, method: str) -> InfinityError | None:
    """A read that leaves a connection open, then `method`; the error of the latter."""
    async with connected(server.url) as api:
        await send(api, "GET")
        try:
            assert {"id": 1} == await send(api, method)
        except InfinityError as error:
            return error
    return None


@pytest.mark.parametrize(("method", "connections"), [("GET", 1), *((each, 2) for each in WRITES)])
def test_connection_is_used_again_by_reads_and_never_by_a_write(
    method: str, connections: int
) -> None:
    async def call() -> RawServer:
        async with raw_server(always({"id": 1})) as server:
            assert await two_calls(server, method) is None
        return server

    server = run(call())
    assert (connections, ["GET", method]) == (len(server.connections), methods(server))


class HangingUp(RawServer):
    """Closes each connection 2 to 20 ms after its answer, with what was sent meanwhile."""

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            writer.write(await self._answer(reader))
            await asyncio.sleep(0.002 + 0.018 * (len(self.requests) % 10) / 10)
        writer.close()


def test_outcome_of_every_write_is_known_where_idle_connections_are_closed_at_once() -> None:
    """Of 225 writes, 8 were not made, and said that they might have been."""

    async def call() -> RawServer:
        async with (
            raw_server(always({"id": 1}), kind=HangingUp) as server,
            connected(server.url) as api,
        ):
            for number in range(75):
                await send(api, "GET")
                for method in WRITES:
                    await asyncio.sleep(0.001 * (number % 20))
                    assert {"id": 1} == await send(api, method)
        return server

    made = [method for method in methods(run(call())) if method != "GET"]
    assert [*WRITES] * 75 == made


@pytest.mark.parametrize("method", WRITES)
def test_a_write_on_a_connection_that_closes_is_not_repeated(method: str) -> None:
    async def call() -> tuple[InfinityError | None, RawServer]:
        async with raw_server(answers(http({"id": 1}), b"", http({"id": 1}))) as server:
            return await two_calls(server, method), server

    error, server = run(call())
    assert isinstance(error, errors.ConnectionLost)
    assert "The change may or may not have been made" in str(error)
    assert ["GET", method] == methods(server)


def test_a_read_on_a_connection_that_closes_is_repeated_on_another() -> None:
    async def call() -> tuple[InfinityError | None, RawServer]:
        async with raw_server(answers(http({"id": 1}), b"", http({"id": 1}))) as server:
            return await two_calls(server, "GET"), server

    error, server = run(call())
    assert error is None
    assert (2, ["GET"] * 3) == (len(server.connections), methods(server))


@pytest.mark.parametrize("method", METHODS)
def test_a_connection_closed_while_idle_is_replaced(method: str) -> None:
    async def call() -> RawServer:
        closing = http({"id": 1}, Connection="close")
        async with raw_server(answers(closing, http({"id": 1}))) as server:
            assert await two_calls(server, method) is None
        return server

    server = run(call())
    assert (2, ["GET", method]) == (len(server.connections), methods(server))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "begun", [None, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["unanswered", "begun"]
)
def test_a_cancelled_call_hangs_up(method: str, begun: bytes | None) -> None:
    async def call() -> bool:
        async with raw_server(answers(begun, None)) as server, connected(server.url) as api:
            task = asyncio.create_task(send(api, method))
            await server.asked.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            async with asyncio.timeout(5):
                return await server.left.wait()

    assert run(call())


def test_a_call_over_its_deadline_hangs_up() -> None:
    async def call() -> bool:
        async with raw_server(answers(None)) as server, connected(server.url, seconds=0.2) as api:
            with pytest.raises(errors.Overdue):
                await send(api, "POST")
            async with asyncio.timeout(5):
                return await server.left.wait()

    assert run(call())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", METHODS)
def test_a_redirect_is_not_followed_to_another_host(method: str, status: int) -> None:
    async def call() -> tuple[RawServer, RawServer]:
        async with raw_server(always({"id": 1})) as other:
            away = always({}, status=status, Location=f"{other.url}/profile")
            async with raw_server(away) as server, connected(server.url) as api:
                with pytest.raises(errors.BadAnswer, match=f"redirect \\({status}\\)"):
                    await send(api, method)
        return server, other

    server, other = run(call())
    assert ([method], []) == (methods(server), other.connections)


def test_a_cookie_is_not_sent_back() -> None:
    async def call() -> RawServer:
        async with raw_server(always({"id": 1}, Set_Cookie="session=alice")) as server:
            assert await two_calls(server, "GET") is None
        return server

    assert [False, False] == ["cookie" in request.headers for request in run(call()).requests]


@pytest.mark.parametrize("token", [ADA_TOKEN, "t" * 1200])
@pytest.mark.parametrize(
    "fault",
    [
        {"message": "The token {} may not do this."},
        {"message": "Invalid.", "errors": {"token": ["{} is not valid."]}},
        {"message": "Invalid.", "errors": {"{}": ["is not valid."]}},
        {"error": "{} is not valid."},
    ],
)
def test_a_token_that_infinity_repeats_is_not_shown(token: str, fault: dict[str, object]) -> None:
    def filled(value: object) -> object:
        if isinstance(value, dict):
            return {filled(key): filled(entry) for key, entry in value.items()}
        if isinstance(value, list):
            return [filled(entry) for entry in value]
        return str(value).replace("{}", token)

    async def call() -> str:
        async with raw_server(always(filled(fault), status=422)) as server:
            async with connected(server.url, token=token) as api:
                with pytest.raises(errors.Invalid) as raised:
                    await send(api, "POST")
            assert f"Bearer {token}" == server.requests[0].headers["authorization"]
        return str(raised.value)

    text = run(call())
    assert "[token]" in text
    assert token[:10] not in text
