"""Not part of Infinity: what a test over HTTP may ask of the sandbox itself."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse

from mcpserver.sandbox.state import Sandbox


async def show_requests(request: Request) -> JSONResponse:
    """{"total": n, "by_token": {token: n}, "recent": [{method, path, query, status, token, at}]}"""
    log = _sandbox(request).requests
    return JSONResponse(
        {
            "total": log.total,
            "by_token": dict(log.by_token),
            "recent": [asdict(entry) for entry in log.recent],
        }
    )


async def reset(request: Request) -> JSONResponse:
    _sandbox(request).reset()
    return JSONResponse({"message": "The sandbox is as new."})


async def choose_fault(request: Request) -> JSONResponse:
    """{"fault": name of FAULTS | null, "times": n | null, "method": pattern, "path": pattern}"""
    try:
        _sandbox(request).faults.choose(**await request.json())
    except (TypeError, ValueError) as error:
        return JSONResponse({"message": str(error)}, 400)
    return JSONResponse({"message": "So be it."})


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox
