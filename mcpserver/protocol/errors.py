"""Limits the length of error texts, and adds the request id to errors."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Send

from infinity_mcp.core.request_id import current_request_id

CANCELLED = -32800  # from the Language Server Protocol; JSON-RPC and MCP define no code for it
REQUEST_ID = "infinity-mcp/request_id"
MAX_ERROR_CHARACTERS = 4_000  # read by a model


def bounded(text: str) -> str:
    """An error text, cut to MAX_ERROR_CHARACTERS."""
    if len(text) <= MAX_ERROR_CHARACTERS:
        return text
    end = " … (cut)"
    return text[: MAX_ERROR_CHARACTERS - len(end)] + end


def error_meta() -> dict[str, str]:
    """The `_meta` of a tool's error: the request id, for people who look for the cause."""
    return {REQUEST_ID: current_request_id()}


def error_data(data: Any = None) -> dict[str, Any]:
    """The `data` of a JSON-RPC error, with the request id added."""
    known = data if isinstance(data, dict) else {"about": data} if data else {}
    return {**known, "request_id": current_request_id()}


def cancelled_answer(id: Any) -> Response:
    """The answer to a call that its caller cancelled."""
    text = "The caller cancelled this call; nothing was changed."
    error = {"code": CANCELLED, "message": text, "data": error_data()}
    return JSONResponse({"jsonrpc": "2.0", "id": id, "error": error})


def with_request_id(send: Send) -> Send:
    """Wrap `send` to add the request id to the SDK's own refusals, and limit their text."""
    held: list[Message] = []

    async def explained(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] >= 400:
            held.append(message)
            return
        if held:
            message = {**message, "body": _explained(message.get("body", b""))}
            start = held.pop()
            MutableHeaders(scope=start)["Content-Length"] = str(len(message["body"]))
            await send(start)
        await send(message)

    return explained


def _explained(body: bytes) -> bytes:
    try:
        answer = orjson.loads(body)
        error = answer["error"]
        error["message"] = bounded(error["message"])
        error["data"] = error_data(error.get("data"))
    except (orjson.JSONDecodeError, KeyError, TypeError):  # not a JSON-RPC error
        return body
    return orjson.dumps(answer)
