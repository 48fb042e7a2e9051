"""Implements the ASGI application of /mcp: authenticates, checks and routes requests.

The order is fixed: OPTIONS, the credential, Host and Origin, the method, the body. So a client
without a valid credential learns nothing but that (docs/security.md).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host
from mcp_types import INTERNAL_ERROR
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from accounts.caller import Caller
from infinity_mcp.core.events import EventKind
from mcpserver.audit.event_counter import EventKey
from mcpserver.audit.log import MISSING_SCOPE, AuditLog
from mcpserver.context import CallContext, set_call
from mcpserver.gateway.clients import CallsInProgress, Upstream
from mcpserver.http.authentication import Authenticator, bearer_credential
from mcpserver.http.body import (
    checked,
    id_in,
    read_body,
    read_message,
    skip_body,
    with_known_version,
)
from mcpserver.http.challenges import challenge, remedy, step_up_challenge
from mcpserver.http.errors import Refusal
from mcpserver.http.limits import CallLimits
from mcpserver.http.loop_monitor import monitored
from mcpserver.http.tool_headers import TOOL_HEADERS, narrowed
from mcpserver.protocol.fast_path import Way, answer_directly, choose_route
from mcpserver.protocol.sdk_transport import SdkTransport
from mcpserver.protocol.server import InfinityServer

REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Accept",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Mcp-Method",
    "Mcp-Name",
    *TOOL_HEADERS,
)
# After a body that took longer, the caller is authenticated again: its key may have been revoked.
# A revoked key has to stop within a second, and what was cached of it may already be that old.
REAUTHENTICATE_AFTER_SECONDS = 0.1
# Refused when repeated: of two, a proxy and this server might each take another.
SINGLE_HEADERS = ("host", "origin", "content-type", "content-length", "mcp-protocol-version")
RESPONSE_HEADERS = ("WWW-Authenticate", "Retry-After", "X-Request-Id")


class McpApp:
    """Answers every request to /mcp. `running()` spans its lifetime."""

    def __init__(self) -> None:
        self._authenticator = Authenticator()
        self._upstream = Upstream()
        self._log = AuditLog()
        self._limits = CallLimits(self._upstream.budget, self._log)
        self._server = InfinityServer(self._upstream, self._log)
        self._calls = CallsInProgress()
        self._sdk = SdkTransport(self._server)
        self._guarded = ServerErrorMiddleware(self._handle, handler=_failed)
        self._cors = CORSMiddleware(
            self._guarded,
            allow_methods=["POST", "GET", "DELETE"],  # the last two are answered 405
            allow_headers=REQUEST_HEADERS,
            allow_origin_regex="|".join(map(_origin_pattern, settings.MCP_ALLOWED_ORIGINS))
            or "(?!)",
            expose_headers=RESPONSE_HEADERS,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Opens all that calls need, and closes it on exit."""
        async with (
            self._log.running(),  # entered first, so that it still writes the last calls' rows
            aclosing(self._authenticator),
            self._upstream.opened(),
            self._sdk.running(),
            monitored(),
        ):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to /mcp; those from browsers pass CORS first."""
        # Most agents send no Origin, and need no CORS.
        from_browser = any(name == b"origin" for name, _ in scope["headers"])
        handle = self._cors if from_browser else self._guarded
        await handle(scope, receive, _with_no_store(send))

    def forgetting_callers(self, send: Send) -> Send:
        """Wrap `send` to forget all cached callers before an answer that may follow a change of
        rights: such a change takes effect with the next request."""

        async def forget_first(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._authenticator.forget()
            await send(message)

        return forget_first

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            if request.method == "OPTIONS":
                headers = {"Allow": "POST, OPTIONS", **self._cors.preflight_headers}
                await Response(status_code=204, headers=headers)(scope, receive, send)
                return
            try:
                _refuse_repeated(request.headers, ("authorization",))
                caller = await self._admit(request)
            except Refusal:
                await skip_body(request)
                raise
            with self._limits.slot(caller):
                await self._serve(request, caller, send)
        except Refusal as refusal:
            await refusal.response(scope, receive, send)

    async def _serve(self, request: Request, caller: Caller, send: Send) -> None:
        body, caller = await self._read(request, caller)
        sent = read_message(request, body)
        try:
            message = checked(sent)
            request = Request(with_known_version(request.scope, message), request.receive)
            if caller.credential == "oauth":
                self._ask_for_scope(caller, message)
        except Refusal as refusal:
            refusal.id = id_in(sent)
            raise
        if message.get("method") == "notifications/cancelled":
            self._calls.cancel(caller, (message.get("params") or {}).get("requestId"))
        route = choose_route(self._server, request, message)
        if route.request:
            body = b""
        elif message is not sent:
            body = json.dumps(message).encode()
        with self._calls.listed(caller, message.get("id")) as call:
            del sent, message  # they may be large, and the call may be long
            if route.request:
                await answer_directly(self._server, request, route, send, call)
            else:
                as_events = route.way is Way.SDK_EVENTS
                await self._sdk.answer(request, body, send, call, as_events=as_events)

    async def _read(self, request: Request, caller: Caller) -> tuple[bytes, Caller]:
        """The body, and its caller as authenticated once it has arrived. Raises Refusal."""
        began = time.monotonic()
        body = await read_body(request)
        if time.monotonic() - began >= REAUTHENTICATE_AFTER_SECONDS:
            caller = narrowed(await self._authenticate(request), request.headers)
            set_call(CallContext(caller))
        return body, caller

    async def _admit(self, request: Request) -> Caller:
        """Authenticate, check headers, method and limits, then narrow. Raises Refusal."""
        caller = await self._authenticate(request)
        self._check_origin(request, caller)
        if request.method != "POST":
            raise Refusal(405, "Only POST is answered here.", allow="POST, OPTIONS")
        await self._limits.count_request(caller)
        self._limits.require_slot(caller)
        caller = narrowed(caller, request.headers)
        set_call(CallContext(caller))
        return caller

    async def _authenticate(self, request: Request) -> Caller:
        """The caller of the request's credential. Raises Refusal."""
        credential = bearer_credential(request.headers)
        try:
            check = self._authenticator
            caller = await check.authenticate(credential) if credential else None
            is_wrong = credential is not None and not caller and await check.is_guess(credential)
        except DatabaseError:  # logged by the authenticator, once: strangers can cause many of them
            raise Refusal(
                503, "The server cannot check credentials at the moment.", retry_after="5"
            ) from None
        if caller is None:
            await self._count_refusal(request, credential, is_wrong=is_wrong)
            raise Refusal(401, remedy(credential), www_authenticate=challenge(credential))
        return caller

    async def _count_refusal(
        self, request: Request, credential: str | None, *, is_wrong: bool
    ) -> None:
        """Count a 401. Raises Refusal when too many wrong keys came from the address."""
        address = _address_of(request)
        why = "Unknown, expired or revoked" if credential else "None was sent"
        self._log.count(EventKey(EventKind.CREDENTIAL_REFUSED, detail=why, address=address))
        if is_wrong:
            await self._limits.count_wrong_key(address)

    def _ask_for_scope(self, caller: Caller, message: dict[str, Any]) -> None:
        """Raises Refusal for a call that one more scope would allow, so that clients ask for it."""
        params = message.get("params")
        if message.get("method") != "tools/call" or not isinstance(params, dict):
            return
        tool = self._server.tool_in(params)
        if tool is None or tool.scope in caller.policy.scopes:
            return
        if caller.policy.tools is not None and tool.name not in caller.policy.tools:
            return  # no scope would allow it: the call gets a tool error, as with a key
        if caller.ceiling is None or tool.scope not in caller.ceiling.scopes:
            return  # consent cannot grant a scope that the MCP user does not have
        self._log.refuse(tool.call_by(caller, params.get("arguments")), MISSING_SCOPE)
        raise Refusal(
            403,
            f"{tool.name} needs the scope {tool.scope}.",
            www_authenticate=step_up_challenge(caller, tool.scope),
        )

    def _check_origin(self, request: Request, caller: Caller) -> None:
        try:
            self._check_headers(request.headers)
        except Refusal as refusal:
            subject, address = f"MCP user {caller.user}", _address_of(request)
            self._log.count(EventKey(EventKind.ACCESS_REFUSED, subject, str(refusal), address))
            raise

    def _check_headers(self, headers: Headers) -> None:
        _refuse_repeated(headers, SINGLE_HEADERS)
        if not _is_served(headers.get("host", ""), tuple(settings.ALLOWED_HOSTS)):
            raise Refusal(421, "This host name is not served here; see ALLOWED_HOSTS.")
        origin = headers.get("origin")
        if origin is not None and not self._cors.is_allowed_origin(origin):
            raise Refusal(403, "This origin may not call /mcp; see MCP_ALLOWED_ORIGINS.")


def _refuse_repeated(headers: Headers, once: tuple[str, ...]) -> None:
    names = [name for name in headers.keys() if name in once]  # noqa: SIM118 - repeats count
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise Refusal(400, f"Send one header of each: {', '.join(sorted(repeated))}.")


async def _failed(request: Request, error: Exception) -> Response:
    """The answer to an unforeseen error, which uvicorn logs."""
    text = "The server failed. The operator finds why in its log under the request id."
    return Refusal(500, text, code=INTERNAL_ERROR).response


@lru_cache(maxsize=64)
def _is_served(address: str, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this server. Cached: it took 0.1 of the 1.4 million instructions
    of a small call."""
    host, _ = split_domain_port(address)
    return bool(host) and validate_host(host, allowed)


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _origin_pattern(origin: str) -> str:
    return re.escape(origin).replace(r":\*", r"(:\d+)?")


def _with_no_store(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] += [
                (b"cache-control", b"no-store"),
                (b"vary", b"Authorization, Origin"),
            ]
        await send(message)

    return marked
