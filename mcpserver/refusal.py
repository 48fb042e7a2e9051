"""A request to /mcp that goes no further."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response


class Refusal(Exception):
    """Carries the whole answer: an error in JSON-RPC's form, as MCP clients expect it."""

    def __init__(self, status: int, message: str, *, code: int = -32600, **headers: str) -> None:
        super().__init__(message)
        error = {"jsonrpc": "2.0", "id": None, "error": {"code": code, "message": message}}
        named = {name.replace("_", "-").title(): value for name, value in headers.items()}
        self.response: Response = JSONResponse(error, status_code=status, headers=named)
