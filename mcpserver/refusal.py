"""Refusals of requests to /mcp, and the bound on every error text that goes out."""

from __future__ import annotations

from typing import Any

import orjson
from mcp_types import INVALID_REQUEST
from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Send

from infinity_mcp.request_id import current_request_id

REQUEST_ID = "infinity-mcp/request_id"
MOST_ERROR_CHARACTERS = 4_000  # tools.md, Results


def bounded(text: str) -> str:
    """An error text, cut where it is longer than anyone would read."""
    if len(text) <= MOST_ERROR_CHARACTERS:
        return text
    end = " … (cut)"
    return text[: MOST_ERROR_CHARACTERS - len(end)] + end


def error_meta() -> dict[str, str]:
    """The `_meta` of a tool's error: for people who look for the cause, not for the model."""
    return {REQUEST_ID: current_request_id()}


def error_data(data: Any = None) -> dict[str, Any]:
    """The `data` of a JSON-RPC error: the request id, beside what else there is to say."""
    known = data if isinstance(data, dict) else {"about": data} if data else {}
    return {**known, "request_id": current_request_id()}


class Refusal(Exception):
    """Carries the whole answer: an error in JSON-RPC's form, as MCP clients expect it."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: int = INVALID_REQUEST,
        data: dict[str, Any] | None = None,
        **headers: str,
    ) -> None:
        super().__init__(message)
        self.id: str | int | None = None  # of the message, once it is known
        self._status = status
        self._error = {"code": code, "message": bounded(message), "data": error_data(data)}
        self._headers = {name.replace("_", "-").title(): value for name, value in headers.items()}

    @property
    def response(self) -> Response:
        error = {"jsonrpc": "2.0", "id": self.id, "error": self._error}
        return JSONResponse(error, status_code=self._status, headers=self._headers)


def with_request_id(send: Send) -> Send:
    """`send` that puts the request id into the SDK's own refusals, and bounds their text."""
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
    except (orjson.JSONDecodeError, KeyError, TypeError):  # no error in JSON-RPC's form
        return body
    return orjson.dumps(answer)
