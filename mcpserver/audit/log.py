"""Records calls of tools, refused ones included, in the database.

Calls that change nothing do not wait for the database: their rows are collected and written
together. The row of a call that changes something is committed before Infinity is asked, so that
there is a record of it even if the server stops in the middle.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext
from functools import partial
from types import TracebackType
from typing import Any

import anyio
from django.db import Error as DatabaseError
from django.db import transaction
from mcp.server.mcpserver.exceptions import ToolError, UnexpectedToolError

from accounts.caller import Caller
from credentials.errors import CredentialError
from credentials.management.base import explain_unusable_file
from infinity_mcp.core.async_database import DatabaseThread, in_thread
from infinity_mcp.core.request_id import current_request_id
from infinity_mcp.core.statement_timeout import CALL_SECONDS, statement_timeout
from mcpserver.audit import records
from mcpserver.audit.buffer import BoundedBuffer
from mcpserver.audit.call_log import log_call
from mcpserver.audit.event_counter import EventCounter, EventKey
from mcpserver.audit.metrics import count_refusal, note_connections
from mcpserver.audit.models import Event, Outcome, ToolCall
from mcpserver.audit.records import CallRow
from mcpserver.content.errors import WrongValue
from mcpserver.content.places import looks_like_id
from mcpserver.infinity import InfinityError
from mcpserver.infinity.errors import Refused

logger = logging.getLogger(__name__)

WRITE_SECONDS = 1.0
MAX_KEPT = 20_000  # rows of each kind while the database is away; further ones are lost
WRITTEN_TOGETHER = 500  # rows in one statement, whose time is limited (core.statement_timeout)

_LIKE_A_TOOL = re.compile(r"infinity_[a-z_]{1,60}")
# Values of ToolCall.error: for refusals, and for failures.
MISSING_SCOPE, TOOL_NOT_ALLOWED, UNKNOWN_TOOL = "missing_scope", "tool_not_allowed", "unknown_tool"
LEFT_OUT = "left_out_by_header"
WRONG_ARGUMENTS, CANCELLED, INTERNAL = "wrong_arguments", "cancelled", "internal"


class AuditLog:
    """Records the calls and refusals of this process. `running()` spans its lifetime."""

    def __init__(self) -> None:
        self._kept = BoundedBuffer[CallRow | Event](MAX_KEPT)
        self._ended = BoundedBuffer[CallRow](MAX_KEPT)  # calls whose row was written at their start
        self._events = EventCounter()
        self._database = DatabaseThread("audit-log", _save_all)
        self._is_behind = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Writes rows regularly while the block runs, and the last ones on exit."""
        stopping = anyio.Event()
        async with aclosing(self._database), anyio.create_task_group() as group:
            group.start_soon(self._write_regularly, stopping)
            try:
                yield
            finally:
                stopping.set()

    def count(self, key: EventKey) -> None:
        """Count an event that may happen very often, such as a refusal."""
        count_refusal(key.kind)
        self._events.add(key)

    def refuse(self, call: CallRow, why: str) -> None:
        """Record a call that the caller may not make. `why` is the value of ToolCall.error."""
        call.outcome, call.error, call.duration_ms = Outcome.REFUSED.value, why, 0
        log_call(call, is_known=why != UNKNOWN_TOOL)
        self._kept.add([call])

    def recorded(self, call: CallRow) -> AbstractAsyncContextManager[CallRow]:
        """Records the call that the block runs. Entering raises ToolError when the call changes
        something and its row cannot be written."""
        return _Recorded(self, call)

    async def begin(self, call: CallRow) -> None:
        """Commit the row of a call that changes something. Raises django.db.Error."""
        with anyio.CancelScope(shield=True):
            await self._database.ask(_Insert(call))

    async def end(self, call: CallRow) -> None:
        """Record how a call ended."""
        log_call(call)
        if not call.changes:
            self._kept.add([call])
            return
        try:
            with anyio.CancelScope(shield=True):
                await self._database.ask(partial(records.end, call))
        except DatabaseError as error:
            logger.warning("The end of a call could not be noted yet: %s", error)
            self._ended.add([call])

    async def _write_regularly(self, stopping: anyio.Event) -> None:
        is_last = False
        while not is_last:
            with anyio.move_on_after(WRITE_SECONDS):
                await stopping.wait()
            is_last = stopping.is_set()  # before writing: more rows may arrive during that
            self._kept.add(self._events.due(all=is_last))
            await self._write()
            lost = self._kept.take_lost() + self._ended.take_lost()
            _log_lost(lost, f"{MAX_KEPT} others wait for the database")
        _log_lost(len(self._kept.take()) + len(self._ended.take()), "the server ends")

    async def _write(self) -> None:
        kept, ended = self._kept.take(), self._ended.take()
        if not (kept or ended):
            return
        try:
            with statement_timeout(CALL_SECONDS):
                await in_thread(_write, kept, ended)
            self._note_written()
        except Exception as error:  # of any kind: the next attempt may work
            self._note_failure(error, len(kept) + len(ended))
            self._kept.put_back(kept)
            self._ended.put_back(ended)

    def _note_failure(self, error: Exception, waiting: int) -> None:
        """Log the first failure of an outage, and each that is not the database's."""
        foreseen = isinstance(error, DatabaseError)
        if not (foreseen and self._is_behind):
            text = "Rows of the audit log wait for the database (%d so far): %s"
            why = explain_unusable_file(error) or error
            logger.warning(text, waiting, why, exc_info=not foreseen)
        self._is_behind = True

    def _note_written(self) -> None:
        if self._is_behind:
            logger.warning("The audit log is written again")
        self._is_behind = False


class _Recorded(AbstractAsyncContextManager[CallRow]):
    def __init__(self, log: AuditLog, call: CallRow) -> None:
        self._log, self._call, self._began = log, call, 0.0

    async def __aenter__(self) -> CallRow:
        if self._call.changes:
            try:
                await self._log.begin(self._call)
            except DatabaseError as error:
                logger.error("A call could not be noted, so it was not made: %s", error)
                raise ToolError(
                    "Nothing was done: the server cannot write its audit log at the moment, and "
                    "without that it changes nothing. Try again in a minute. The operator finds "
                    f"the reason in the log under the request id {current_request_id()}."
                ) from error
        self._began = time.perf_counter()
        return self._call

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        call = self._call
        call.duration_ms = round((time.perf_counter() - self._began) * 1000)
        call.outcome, call.error = Outcome.OK.value, ""
        if error:
            cause = error.__cause__ or error
            call.outcome, call.error = Outcome.FAILED.value, kind_of(cause)
            call.upstream_status = cause.status if isinstance(cause, Refused) else None
        await self._log.end(call)


def tool_call(
    caller: Caller, tool: str, *, changes: bool, arguments: Any, id_names: Iterable[str]
) -> CallRow:
    """A new row, not stored yet. Of the arguments it keeps only ids that look like Infinity's. Pass
    the name of an unknown tool through `as_tool`."""
    given = arguments if isinstance(arguments, dict) else {}
    return CallRow(
        user=caller.user,
        user_id=caller.user_id,
        credential=caller.credential,
        credential_id=caller.credential_id,
        profile=caller.profile.id,
        tool=tool,
        targets={name: as_id(given[name]) for name in id_names if given.get(name) is not None},
        changes=changes,
        request_id=current_request_id(),
    )


def as_tool(name: str) -> str:
    """`name` if it looks like a tool's, else `?`: a client may have sent a secret by mistake."""
    return name if _LIKE_A_TOOL.fullmatch(name) else "?"


def as_id(value: object) -> str:
    """`value` if it looks like an Infinity id, else `?`: it may be a name, or a secret that was
    sent by mistake."""
    if isinstance(value, int) and value.bit_length() > 64:
        return "?"  # Python does not print integers of more than 4,300 digits
    text = str(value) if type(value) in (str, int) else ""
    return text if looks_like_id(text) else "?"


def kind_of(error: BaseException) -> str:
    """A word for why something did not work, one of `ERROR_KINDS`."""
    match error:
        case InfinityError() | CredentialError():
            return _named(type(error))
        case asyncio.CancelledError():
            return CANCELLED
        case UnexpectedToolError():
            return INTERNAL
        case WrongValue() | ToolError():
            return WRONG_ARGUMENTS
        case _:
            return INTERNAL


def _named(error: type[BaseException]) -> str:
    """`not_found` for NotFound, and so on."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", error.__name__).lower()


def _names_below(error: type[BaseException]) -> list[str]:
    below = error.__subclasses__()
    return [*map(_named, below), *(name for each in below for name in _names_below(each))]


ERROR_KINDS = (
    *(MISSING_SCOPE, TOOL_NOT_ALLOWED, UNKNOWN_TOOL, LEFT_OUT),
    *(WRONG_ARGUMENTS, CANCELLED, INTERNAL),
    *sorted(_names_below(InfinityError)),
    *sorted(_names_below(CredentialError)),
)


def _save_all(saves: Sequence[Callable[[], None]]) -> list[None]:
    """Run the writes of calls that came at the same time in one transaction."""
    with transaction.atomic() if len(saves) > 1 else nullcontext():
        return [save() for save in saves]


def _log_lost(lost: int, why: str) -> None:
    if lost:
        text = (
            "Rows of the audit log are lost (%d): %s. See that the database can be written; calls"
            " have a line in this log, and changes among them stay unfinished in the audit log."
        )
        logger.error(text, lost, why)


class _Insert:
    """Stores the row of a call that begins. A repeated attempt stores no second row."""

    def __init__(self, call: CallRow) -> None:
        self._call, self._was_tried = call, False

    def __call__(self) -> None:
        call = self._call
        call.pk = self._stored() if self._was_tried else None
        self._was_tried = True
        if call.pk is None:
            records.insert(call)

    def _stored(self) -> int | None:
        """The primary key of the row, if an earlier attempt stored it and its answer was lost."""
        same = ToolCall.objects.filter(
            request_id=self._call.request_id, started_at=self._call.started_at
        )
        return same.values_list("pk", flat=True).first()


@transaction.atomic
def _write(kept: list[CallRow | Event], ended: list[CallRow]) -> None:
    calls = [row for row in kept if isinstance(row, CallRow)]
    for start in range(0, len(calls), WRITTEN_TOGETHER):
        records.insert_all(calls[start : start + WRITTEN_TOGETHER])
    events = [row for row in kept if isinstance(row, Event)]
    for event in events:
        event.pk = None  # set by an attempt that was rolled back
    Event.objects.bulk_create(events, WRITTEN_TOGETHER)
    for call in ended:
        records.end(call)
    note_connections()
