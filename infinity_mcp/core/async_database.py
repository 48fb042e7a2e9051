"""Runs database work in threads, with connections checked before and after."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Generic, ParamSpec, TypeVar

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from infinity_mcp.core.outage import is_read_only
from infinity_mcp.core.sqlite import is_locked
from infinity_mcp.core.statement_timeout import CALL_SECONDS, statement_timeout

P = ParamSpec("P")
T = TypeVar("T")
Question = TypeVar("Question")
Answer = TypeVar("Answer")

# Connections are reopened after this time, so that a replaced database file is noticed.
CONNECTION_SECONDS = 60
MAX_TOGETHER = 32


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call `function`, which uses the database, in a thread of its own."""

    def call() -> T:
        close_old_connections()  # as Django's own handler does around a request
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    # Hold the thread only for this: calls may wait long for Infinity.
    async with ThreadSensitiveContext():
        return await sync_to_async(call)()


class DatabaseThread(Generic[Question, Answer]):
    """One thread with one connection that stays open, for frequent queries.

    Questions that come while it is busy wait, and are answered together. `answer_all` gets at most
    MAX_TOGETHER questions, and returns an answer for each in their order. It is called again if
    the connection was lost, and for each question alone if together they raise an error. Its
    writes may have succeeded the first time: perhaps only the answer to a COMMIT was lost.
    """

    def __init__(
        self, name: str, answer_all: Callable[[Sequence[Question]], Sequence[Answer]]
    ) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._answer_all = answer_all
        self._reopen_at = 0.0
        self._waiting: list[tuple[Question, asyncio.Future[Answer]]] = []
        self._turn: asyncio.Future[list[Answer | Exception]] | None = None
        self._is_closed = False

    async def ask(self, question: Question) -> Answer:
        """The answer. Raises the errors of `answer_all`, and django.db.Error after `aclose`."""
        if self._is_closed:
            raise InterfaceError("The server is stopping")
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, answer))
        if self._turn is None:
            self._begin()
        return await answer

    def _begin(self) -> None:
        waiting = [each for each in self._waiting if not each[1].cancelled()]
        asked, self._waiting = waiting[:MAX_TOGETHER], waiting[MAX_TOGETHER:]
        if not asked:
            return
        questions = [question for question, _ in asked]
        loop = asyncio.get_running_loop()
        self._turn = loop.run_in_executor(self._executor, self._answers, questions)
        self._turn.add_done_callback(partial(self._tell, [answer for _, answer in asked]))

    def _tell(
        self,
        waiting: list[asyncio.Future[Answer]],
        turn: asyncio.Future[list[Answer | Exception]],
    ) -> None:
        answers = turn.result()
        if _got_no_answer(answers[0]):  # so fail the waiting ones too, instead of one by one
            waiting += [future for _, future in self._waiting]
            answers += [answers[0]] * len(self._waiting)
            self._waiting = []
        for future, answer in zip(waiting, answers, strict=True):
            if future.cancelled():  # its client has left
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        self._turn = None
        self._begin()

    def _answers(self, questions: Sequence[Question]) -> list[Answer | Exception]:
        try:
            with statement_timeout(CALL_SECONDS):
                return list(self._ask_database(questions))
        except Exception as error:
            # An error of the database itself, which each question alone would get again.
            is_away = isinstance(error, OperationalError) or is_read_only(error)
            if is_away or len(questions) == 1:
                return [error] * len(questions)
            return [answer for each in questions for answer in self._answers([each])]

    def _ask_database(self, questions: Sequence[Question]) -> Sequence[Answer]:
        if time.monotonic() > self._reopen_at:
            connection.close()
            self._reopen_at = time.monotonic() + CONNECTION_SECONDS
        opened = connection.connection
        try:
            return self._answer_all(questions)
        except DatabaseError as error:
            is_lost = opened is not None and not _is_usable(opened)
            # A file that was moved away raises OperationalError, and is reopened.
            if is_lost or isinstance(error, OperationalError):
                connection.close()
            # An error of the question, or the database is unreachable or hangs.
            if not is_lost or _got_no_answer(error):
                raise
            # The database may have been restarted since the connection was opened: no outage.
            return self._answer_all(questions)

    async def aclose(self) -> None:
        """Answers the waiting questions, then closes the connection."""
        self._is_closed = True
        while self._turn:
            await asyncio.wait([self._turn])
        # Not `connection.close`, which would be resolved to this thread's connection.
        await asyncio.get_running_loop().run_in_executor(self._executor, lambda: connection.close())
        self._executor.shutdown()


def _got_no_answer(answer: object) -> bool:
    """Was the database reachable, but too slow (infinity_mcp.core.statement_timeout)?"""
    if not isinstance(answer, OperationalError):
        return False
    return isinstance(answer.__cause__, TimeoutError) or is_locked(answer.__cause__)


def _is_usable(opened: object) -> bool:
    """Whether the connection still works. Tested by a query, as psycopg has several errors for a
    lost connection, and Django's own `is_usable` is always true for SQLite."""
    if connection.connection is not opened:  # a transaction that failed has opened another
        return False
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True
