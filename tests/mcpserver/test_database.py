"""The thread that is asked often: whom it answers, and what it makes of errors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from threading import Event

import pytest
from django.db import Error as DatabaseError
from django.db import IntegrityError, OperationalError, connection

from mcpserver.database import MOST_TOGETHER, DatabaseThread

pytestmark = pytest.mark.django_db(transaction=True)

Question = Callable[[], object]
Thread = DatabaseThread[Question, object]


def select_one() -> object:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


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


def test_a_connection_that_was_lost_is_opened_again() -> None:
    def lose() -> object:
        connection.ensure_connection()
        connection.connection.close()
        return "lost"

    async def use(thread: Thread) -> None:
        assert ["lost"] == await answers(thread, lose)
        assert [1] == await answers(thread, select_one)

    with_thread(use)


def test_many_are_answered_some_at_a_time() -> None:
    async def use(thread: Thread) -> None:
        assert [1] * 100 == await answers(thread, *[select_one] * 100)

    turns = with_thread(use)
    assert (100, MOST_TOGETHER) == (sum(turns), max(turns))


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
