"""Turns the functions of tool modules into functions with the parameters that agents see."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import fields
from inspect import Parameter
from typing import Any, get_type_hints

from mcp_types import CallToolResult

from mcpserver.content import notices
from mcpserver.content.board_cache import Lists
from mcpserver.content.conversion import converting
from mcpserver.content.places import call_with_ids, named_ids
from mcpserver.content.rendering.names import names_of
from mcpserver.content.rendering.results import Format, ToolResult, render
from mcpserver.context import current_call
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import Paging, ResponseFormat

ToolFunction = Callable[..., Awaitable[JsonObject]]

_DAMAGED = "Left out, being damaged in Infinity's answer: records or values, {} in all."
_RESPONSE_FORMAT = Parameter(
    "response_format", Parameter.KEYWORD_ONLY, annotation=ResponseFormat, default="markdown"
)


def to_tool_signature(
    function: ToolFunction, *, changes: bool
) -> Callable[..., Awaitable[CallToolResult]]:
    """`function` with the fields of `paging: Paging` as parameters, with `response_format`, and
    without `api: InfinityApi`, which is injected into each call."""
    written = list(inspect.signature(function, eval_str=True).parameters.values())
    takes_paging = any(each.annotation is Paging for each in written)
    takes_api = any(each.annotation is InfinityApi for each in written)
    parameters = [each for each in written if each.annotation not in (Paging, InfinityApi)]
    if takes_paging:
        parameters += _paging_parameters()
    kinds = named_ids(parameters)

    @functools.wraps(function)
    async def tool(*, response_format: Format, **arguments: Any) -> CallToolResult:
        paging = None
        if takes_paging:
            page = {field.name: arguments.pop(field.name) for field in fields(Paging)}
            arguments["paging"] = paging = Paging(**page)
        if takes_api:
            arguments["api"] = current_call().client
        data = await call_with_ids(function, arguments, kinds, changes=changes)
        arguments |= current_call().ids
        return await _result(data, response_format, arguments, paging)

    parameters.append(_RESPONSE_FORMAT)
    tool.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters]
    )
    tool.__annotations__ = {each.name: each.annotation for each in parameters}
    return tool


async def _result(
    data: JsonObject, format: Format, arguments: JsonObject, paging: Paging | None
) -> ToolResult:
    """The result for what a tool returned."""
    shown: JsonObject = {"offset": arguments.get("offset")}
    if paging:
        data, shown["cut"] = paging.shown(data)
        shown["direction"] = paging.window.direction
    api: InfinityApi | None = arguments.get("api")
    if format == "markdown":
        shown["reader"] = await names_of(data, _lists(api, arguments))
    if api and api.damaged:
        notices.add(_DAMAGED.format(api.damaged))
    shown["notice"] = notices.taken()
    return await converting(lambda texts: render(data, format, texts=texts, **shown), data)


def _lists(api: InfinityApi | None, arguments: JsonObject) -> Lists | None:
    """Where names are found, for a tool whose arguments say the workspace."""
    if api is None or "workspace_id" not in arguments:
        return None
    return Lists(api, arguments["workspace_id"], arguments.get("board_id", ""))


@functools.cache
def _paging_parameters() -> list[Parameter]:
    hints = get_type_hints(Paging, include_extras=True)
    return [
        Parameter(
            field.name, Parameter.KEYWORD_ONLY, annotation=hints[field.name], default=field.default
        )
        for field in fields(Paging)
    ]
