"""Stops a call when its caller cancels it, as long as it has sent no change to Infinity."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import anyio
from starlette.responses import JSONResponse, Response

from accounts.caller import Caller
from mcpserver.infinity import Transport
from mcpserver.infinity.transport import Answer, Request
from mcpserver.refusal import error_data

CANCELLED = -32800  # as the Language Server Protocol has it; JSON-RPC and MCP have no number


@dataclass(eq=False)
class CallInProgress:
    leaving: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    id: Any = None
    is_writing: bool = False
    is_cancelled: bool = False

    def cancelled_answer(self) -> Response:
        text = "The caller cancelled this call; nothing was changed."
        error = {"code": CANCELLED, "message": text, "data": error_data()}
        return JSONResponse({"jsonrpc": "2.0", "id": self.id, "error": error})


_call: ContextVar[CallInProgress | None] = ContextVar("call_in_progress", default=None)


class CallsInProgress:
    """Those of this process, by who made them and under which id."""

    def __init__(self) -> None:
        self._calls: defaultdict[Any, list[CallInProgress]] = defaultdict(list)

    @contextmanager
    def listed(self, caller: Caller, id: Any) -> Iterator[CallInProgress]:
        call, key = CallInProgress(id=id), _key(caller, id)
        self._calls[key].append(call)
        token = _call.set(call)
        try:
            yield call
        finally:
            _call.reset(token)
            self._calls[key].remove(call)
            if not self._calls[key]:
                del self._calls[key]

    def cancel(self, caller: Caller, id: Any) -> None:
        """Unless it has begun to write, or agents that share a key use the same id at once."""
        found = self._calls.get(_key(caller, id), []) if type(id) in (str, int) else []
        if len(found) == 1 and not found[0].is_writing:
            found[0].is_cancelled = True
            found[0].leaving.cancel()


def _key(caller: Caller, id: Any) -> tuple[str, Any, type, Any]:
    return caller.credential, caller.credential_id, type(id), id


class NotingWrites:
    """A transport that notes when the call in progress sends a change: then it is too late."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Answer:
        call = _call.get()
        if call and request.method != "GET":
            call.is_writing = True
        return await self._transport.send(request)

    async def close(self) -> None:
        await self._transport.close()
