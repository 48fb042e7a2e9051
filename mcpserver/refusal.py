"""A request to /mcp that goes no further."""

from __future__ import annotations

from mcp_types import INVALID_REQUEST
from starlette.responses import JSONResponse, Response

from infinity_mcp.request_id import current_request_id


class Refusal(Exception):
    """Carries the whole answer: an error in JSON-RPC's form, as MCP clients expect it."""

    def __init__(
        self, status: int, message: str, *, code: int = INVALID_REQUEST, **headers: str
    ) -> None:
        super().__init__(message)
        told = {"code": code, "message": message, "data": {"request_id": current_request_id()}}
        error = {"jsonrpc": "2.0", "id": None, "error": told}
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.response: Response = JSONResponse(error, status_code=status, headers=named)
