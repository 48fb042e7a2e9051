"""Defines the exception that refuses a request to /mcp with a JSON-RPC error."""

from __future__ import annotations

from typing import Any

from mcp_types import INVALID_REQUEST
from starlette.responses import JSONResponse, Response

from mcpserver.protocol.errors import bounded, error_data


class Refusal(Exception):
    """Carries the whole answer, with the JSON-RPC error that MCP clients expect."""

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
        """The JSON-RPC error that the client gets."""
        error = {"jsonrpc": "2.0", "id": self.id, "error": self._error}
        return JSONResponse(error, status_code=self._status, headers=self._headers)
