"""DatabaseThread: its answers to waiting questions, and its handling of errors."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing, closing
from threading import Event
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)
from django.db import Error as DatabaseError

from infinity_mcp.asgi import lifespan, site
from infinity_mcp.core import shutdown
from infinity_mcp.core.async_database import MAX_TOGETHER, DatabaseThread, in_thread

pytestmark = pytest.mark.django_db(transaction=True)

Question = Callable[[], object]
Thread = DatabaseThread[Question, object]


def select_one() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


def atomic_select() -> object:
    with transaction.atomic():
        return select_one()


def fail(error: Exception) -> Question:
    def asked() -> object:
        raise error

    return asked


def with_thread(use: Callable[[Thread], Awaitable[None]]) -> list[int]:
    """How many questions were asked at each turn while `use` went on."""
    turns: list[int] = []

    def answer_all(questions: Sequence[Question]) -> list[object]:
        turns.append(len(questions))
        return [question() for question in questions]

    async def run() -> None:
        async with aclosing(Thread("test", answer_all)) as thread:
            await use(thread)

    asyncio.run(run())
    return turns


async def answers(thread: Thread, *questions: Question) -> list[object]:
    return await asyncio.gather(*map(thread.ask, questions), return_exceptions=True)


def test_what_cannot_be_answered_harms_nothing_that_was_asked_with_it() -> None:
    wrong, refused = ValueError("wrong"), IntegrityError("refused")

    async def use(thread: Thread) -> None:
        asked = [select_one, fail(wrong), select_one, fail(refused), select_one]
        assert [1, wrong, 1, refused, 1] == await answers(thread, *asked)

    with_thread(use)


def test_a_database_that_is_busy_is_not_asked_again_for_each() -> None:
    async def use(thread: Thread) -> None:
        assert [1] == await answers(thread, select_one)
        busy = OperationalError("locked")
        assert busy in await answers(thread, select_one, fail(busy), select_one)
        assert [1] == await answers(thread, select_one)

    assert [1, 1, 2, 1] == with_thread(use)


def locked() -> sqlite3.Error:
    """What SQLite says to who gets no turn."""
    shared = "file:locked?mode=memory&cache=shared"
    with (
        closing(sqlite3.connect(shared, uri=True, isolation_level=None)) as holder,
        closing(sqlite3.connect(shared, uri=True, timeout=0)) as other,
    ):
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as raised:
            other.execute("BEGIN IMMEDIATE")
    return raised.value


@pytest.mark.parametrize("cause", [TimeoutError(), locked()], ids=["postgresql", "sqlite"])
def test_a_database_that_hangs_is_waited_for_once_by_all(cause: Exception) -> None:
    stuck = OperationalError("no answer")
    stuck.__cause__ = cause

    async def use(thread: Thread) -> None:
        asked = [fail(stuck), *[select_one] * (MAX_TOGETHER + 1)]
        assert [stuck] * len(asked) == await answers(thread, *asked)
        assert [1] == await answers(thread, select_one)

    assert [1, 1] == with_thread(use)


def test_a_connection_that_was_lost_is_opened_again() -> None:
    def lose() -> object:
        connection.ensure_connection()
        connection.connection.close()
        return "lost"

    async def use(thread: Thread) -> None:
        assert ["lost"] == await answers(thread, lose)
        assert [1] == await answers(thread, select_one)

    with_thread(use)


@pytest.mark.parametrize("kind", [IntegrityError, DataError, ProgrammingError, InterfaceError])
def test_what_a_healthy_database_refuses_is_asked_once_and_keeps_the_connection(
    kind: type[DatabaseError],
) -> None:
    async def use(thread: Thread) -> None:
        def opened() -> object:
            connection.ensure_connection()
            return connection.connection

        [before] = await answers(thread, opened)
        refused = kind("refused")
        assert [refused] == await answers(thread, fail(refused))
        assert [before] == await answers(thread, opened)

    assert [1, 1, 1] == with_thread(use)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server to end it")
@pytest.mark.parametrize("together", [select_one, atomic_select], ids=["alone", "transaction"])
def test_a_connection_that_the_server_ended_is_opened_again(together: Question) -> None:
    def backend() -> object:
        connection.ensure_connection()
        return connection.connection.info.backend_pid

    def end(pid: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])

    async def use(thread: Thread) -> None:
        [pid] = await answers(thread, backend)
        await in_thread(end, pid)
        assert [1] == await answers(thread, together)

    with_thread(use)


def test_many_are_answered_some_at_a_time() -> None:
    async def use(thread: Thread) -> None:
        assert [1] * 100 == await answers(thread, *[select_one] * 100)

    turns = with_thread(use)
    assert (100, MAX_TOGETHER) == (sum(turns), max(turns))


def test_whose_client_left_is_not_asked_for() -> None:
    held = Event()

    async def use(thread: Thread) -> None:
        first = asyncio.create_task(thread.ask(lambda: held.wait(10)))
        gone = asyncio.create_task(thread.ask(fail(ValueError("was asked"))))
        await asyncio.sleep(0)
        gone.cancel()
        held.set()
        assert await first

    assert [1] == with_thread(use)


def test_what_was_asked_before_the_end_is_answered_and_nothing_after_it() -> None:
    held = Event()

    async def use() -> None:
        thread = Thread("test", lambda questions: [question() for question in questions])
        asked = [asyncio.create_task(thread.ask(lambda: held.wait(10))) for _ in range(50)]
        await asyncio.sleep(0)
        closing = asyncio.create_task(thread.aclose())
        await asyncio.sleep(0)
        held.set()
        await closing
        assert [True] * 50 == await asyncio.gather(*asked)
        with pytest.raises(DatabaseError):
            await thread.ask(select_one)

    asyncio.run(asyncio.wait_for(use(), 20))


def test_a_server_keeps_no_connection_of_its_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutdown, "_has_ended", False)  # this process has other tests to run

    async def is_kept() -> bool:
        async with lifespan(site):
            return await sync_to_async(lambda: connection.connection is not None)()

    assert not asyncio.run(is_kept())
