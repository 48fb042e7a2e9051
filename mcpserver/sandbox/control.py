"""Implements operations for tests on the sandbox itself, which Infinity does not have."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse

from mcpserver.sandbox.state import Sandbox


async def show_requests(request: Request) -> JSONResponse:
    """Return the logged requests.

    {"total": n, "by_token": {token: n}, "recent": [{method, path, query, status, token, at}]}
    """
    log = _sandbox(request).requests
    return JSONResponse(
        {
            "total": log.total,
            "by_token": dict(log.by_token),
            "recent": [asdict(entry) for entry in log.recent],
        }
    )


async def reset(request: Request) -> JSONResponse:
    """Restore the seed."""
    _sandbox(request).reset()
    return JSONResponse({"message": "The sandbox was reset."})


async def choose_fault(request: Request) -> JSONResponse:
    """Switch a fault on or off.

    {"fault": name of FAULTS | null, "times": n | null, "method": pattern, "path": pattern}
    """
    try:
        _sandbox(request).faults.choose(**await request.json())
    except (TypeError, ValueError) as error:
        return JSONResponse({"message": str(error)}, 400)
    return JSONResponse({"message": "The fault was set."})


def _sandbox(request: Request) -> Sandbox:
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox
