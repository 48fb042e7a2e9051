"""Turns the functions of tool modules into functions with the parameters that agents see."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial
from inspect import Parameter
from typing import Any, get_type_hints

from mcp_types import CallToolResult
from pydantic import MISSING

from mcpserver.content import notices
from mcpserver.content.conversion import converting
from mcpserver.content.rendering import render
from mcpserver.context import current_call
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import JsonObject
from mcpserver.tools._params import Paging, ResponseFormat

ToolFunction = Callable[..., Awaitable[JsonObject]]

_DAMAGED = "Left out, being damaged in Infinity's answer: records or values, {} in all."
_RESPONSE_FORMAT = Parameter(
    "response_format", Parameter.KEYWORD_ONLY, annotation=ResponseFormat, default="markdown"
)


def to_tool_signature(function: ToolFunction) -> Callable[..., Awaitable[CallToolResult]]:
    """`function` with the fields of `paging: Paging` as parameters, with `response_format`, and
    without `api: InfinityApi`, which is injected into each call."""
    written = list(inspect.signature(function, eval_str=True).parameters.values())
    takes_paging = any(each.annotation is Paging for each in written)
    takes_api = any(each.annotation is InfinityApi for each in written)
    parameters = [each for each in written if each.annotation not in (Paging, InfinityApi)]
    if takes_paging:
        parameters += _paging_parameters()

    @functools.wraps(function)
    async def tool(*, response_format: str, **arguments: Any) -> CallToolResult:
        if takes_paging:
            page = {field.name: arguments.pop(field.name) for field in fields(Paging)}
            arguments["paging"] = Paging(**page)
        if takes_api:
            arguments["api"] = current_call().client
        data = await function(**arguments)
        if takes_api and (damaged := arguments["api"].damaged):
            notices.add(_DAMAGED.format(damaged))
        backwards = takes_paging and arguments["paging"].before is not MISSING
        shown = partial(render, data, response_format, notice=notices.taken(), backwards=backwards)
        return await converting(lambda texts: shown(texts=texts))

    parameters.append(_RESPONSE_FORMAT)
    tool.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [each.replace(kind=Parameter.KEYWORD_ONLY) for each in parameters]
    )
    tool.__annotations__ = {each.name: each.annotation for each in parameters}
    return tool


@functools.cache
def _paging_parameters() -> list[Parameter]:
    hints = get_type_hints(Paging, include_extras=True)
    return [
        Parameter(
            field.name, Parameter.KEYWORD_ONLY, annotation=hints[field.name], default=field.default
        )
        for field in fields(Paging)
    ]
