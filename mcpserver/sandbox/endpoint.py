"""Handles one path of the API: method, token, version, rate limit, then the operation."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.people import TOKENS
from mcpserver.sandbox.errors import ApiError, NoSuchRoute, Unauthenticated, WrongMethod
from mcpserver.sandbox.operations import LEGACY, VERSIONS, Operation
from mcpserver.sandbox.state import Sandbox

REMOVED = "Removed in selected version"


class Endpoint:
    """An ASGI app for all the operations of one path."""

    def __init__(self, sandbox: Sandbox, operations: Iterable[Operation]) -> None:
        self._sandbox = sandbox
        self._operations = {operation.method: operation for operation in operations}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request with its operation, or with an error of the API."""
        response = await self._respond(Request(scope, receive))
        await response(scope, receive, send)

    async def _respond(self, request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            operation = self._operation(request)
            token = bearer_token(request)
            if token not in TOKENS:
                raise Unauthenticated
            version = self._version(request)
            headers = self._sandbox.limiter.take(token)
            self._refuse_other_versions(operation, version, request)
            user = self._sandbox.store.users.rows[TOKENS[token]]
            call = Call(self._sandbox, request, user, version, operation.expandable)
            response = await operation.handler(call)
        except ApiError as error:
            response = error.response()
        response.headers.update(headers)
        return response

    def _operation(self, request: Request) -> Operation:
        method = "GET" if request.method == "HEAD" else request.method
        if method not in self._operations:
            supported = [name for known in self._operations for name in _with_head(known)]
            raise WrongMethod(request.method, request.url.path, supported)
        return self._operations[method]

    def _version(self, request: Request) -> str:
        version = request.headers.get("X-API-Version")
        if version in VERSIONS:
            return version
        if version is None and self._sandbox.options.missing_version == "legacy":
            return LEGACY
        raise Unauthenticated

    def _refuse_other_versions(self, operation: Operation, version: str, request: Request) -> None:
        if version > operation.until:
            raise ApiError(self._sandbox.options.removed_status, REMOVED)
        if version < operation.since:
            raise NoSuchRoute(request.url.path)


def bearer_token(request: Request) -> str:
    """The token of the Authorization header, or ""."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _with_head(method: str) -> tuple[str, ...]:
    return ("GET", "HEAD") if method == "GET" else (method,)
