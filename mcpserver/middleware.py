"""What the SDK need not do again and again, as middleware of its server.

The SDK copies and checks each result twice on its way out. Here it does so with what differs from
call to call, and a test holds the answers to those that it gives without this.
"""

from __future__ import annotations

from contextvars import ContextVar
from functools import cached_property
from typing import Any

import orjson
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.runner import modern_error_data
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ErrorData, PaginatedRequestParams, methods

from accounts.policy import Policy
from mcpserver.auth import current_caller
from mcpserver.infinity import JsonObject
from mcpserver.refusal import bounded, error_data

MOST_LISTINGS = 16  # one takes about 0.5 MiB

_aside: ContextVar[list[JsonObject] | None] = ContextVar("aside", default=None)


class KeptTools(list[JsonObject]):
    """The tools of a kept listing. The SDK copies what is around them, and not these."""

    @cached_property
    def json(self) -> orjson.Fragment:
        """Written once: to write them for each answer took 30 of its 147 us."""
        return orjson.Fragment(orjson.dumps(self))


class KeptListings:
    """Answers `tools/list` with what the SDK made of it for the same rights and revision.

    Takes 0.2 ms instead of 2.8.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, Policy], HandlerResult] = {}

    async def __call__(
        self, ctx: ServerRequestContext[Any, Any], call_next: CallNext
    ) -> HandlerResult:
        if ctx.method != "tools/list":
            return await call_next(ctx)
        key = (ctx.protocol_version, current_caller().policy)
        if key not in self._kept:
            result = await call_next(ctx)
            if len(self._kept) >= MOST_LISTINGS:
                del self._kept[next(iter(self._kept))]  # asked for least recently
            if isinstance(result, dict):
                result["tools"] = KeptTools(result["tools"])
            self._kept[key] = result
        else:
            _check_listing(ctx)
            self._kept[key] = self._kept.pop(key)  # now the last to be asked for
        return self._kept[key]


def _check_listing(ctx: ServerRequestContext[Any, Any]) -> None:
    """Raises what the SDK raises before it asks for the tools: both of its checks see what the
    other does not."""
    methods.validate_client_request(ctx.method, ctx.protocol_version, ctx.params)
    params = {} if ctx.params is None else ctx.params
    PaginatedRequestParams.model_validate(params, by_name=False)


async def with_data(ctx: ServerRequestContext[Any, Any], call_next: CallNext) -> HandlerResult:
    """Data from Infinity passes as it is: it was read from JSON, and may be large.

    Saves 1.0 of the 3.4 ms that a page of 100 items took.
    """
    if ctx.method != "tools/call":
        return await call_next(ctx)
    aside: list[JsonObject] = []
    token = _aside.set(aside)
    try:
        result = await call_next(ctx)
    finally:
        _aside.reset(token)
    if aside and isinstance(result, dict):
        result["structuredContent"] = aside.pop()
    return result


def told_error(error: Exception) -> ErrorData:
    """What a client is told of an exception: with the request id, and nothing of the unforeseen."""
    known = modern_error_data(error)  # logs what is unforeseen
    data = error_data(known.data)
    return ErrorData(code=known.code, message=bounded(known.message), data=data)


async def with_told_errors(
    ctx: ServerRequestContext[Any, Any], call_next: CallNext
) -> HandlerResult:
    """With a handshake the SDK would tell the client the text of an unforeseen exception."""
    try:
        return await call_next(ctx)
    except Exception as error:
        raise MCPError.from_error_data(told_error(error)) from error


def set_data_aside(result: CallToolResult) -> CallToolResult:
    """`result` without its structured content, when `with_data` will put it back."""
    aside = _aside.get()
    if aside is None or result.structured_content is None:
        return result
    aside.append(result.structured_content)
    return result.model_copy(update={"structured_content": None})
