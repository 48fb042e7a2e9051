"""The ASGI application behind /mcp: who asks, may this request be read at all, then the SDK.

The order is a promise (security.md 1-5): OPTIONS, the credential, Host and Origin, method, body.
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
from credentials.events import EventKind
from mcpserver.audit import MISSING_SCOPE, AuditLog
from mcpserver.auth import (
    Authenticator,
    bearer_credential,
    challenge,
    remedy,
    set_caller,
    step_up_challenge,
)
from mcpserver.cancelling import CallsInProgress
from mcpserver.envelope import checked, id_in, with_known_version
from mcpserver.exchange import exchange, plain_request, unless_gone
from mcpserver.limits import CallLimits
from mcpserver.loop_monitor import monitored
from mcpserver.messages import read_body, read_message, skip_body
from mcpserver.refusal import Refusal
from mcpserver.sdk_transport import SdkTransport
from mcpserver.server import InfinityServer, InfinityTool
from mcpserver.tally import Sort
from mcpserver.upstream import Upstream

REQUEST_HEADERS = (
    "Authorization",
    "Content-Type",
    "Accept",
    "MCP-Protocol-Version",
    "Mcp-Session-Id",
    "Mcp-Method",
    "Mcp-Name",
)
# A body that took longer may be of a caller whose key was revoked meanwhile. Less than a second:
# what was known of the caller when it began may have been as old (security.md 9).
BELIEVED_SECONDS = 0.1
# Of which a second one would be taken by one program and left by another.
ONCE = ("host", "origin", "content-type", "content-length", "mcp-protocol-version")
RESPONSE_HEADERS = ("WWW-Authenticate", "Retry-After", "X-Request-Id")


class McpApp:
    """Answers every request to /mcp. `running()` spans its lifetime."""

    def __init__(self) -> None:
        self._authenticator = Authenticator()
        self._upstream = Upstream()
        self._log = AuditLog()
        self._limits = CallLimits(self._upstream.budget, self._log)
        self._server = InfinityServer(self._upstream, self._log)
        self._tools = self._server.tools
        self._calls = CallsInProgress()
        self._sdk = SdkTransport(self._server)
        self._guarded = ServerErrorMiddleware(self._handle, handler=_failed)
        self._cors = CORSMiddleware(
            self._guarded,
            allow_methods=["POST", "GET", "DELETE"],  # the last two to be told 405
            allow_headers=REQUEST_HEADERS,
            allow_origin_regex="|".join(map(_origin_pattern, settings.MCP_ALLOWED_ORIGINS))
            or "(?!)",
            expose_headers=RESPONSE_HEADERS,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with (
            self._log.running(),  # first in, last out: it writes what the calls leave behind
            aclosing(self._authenticator),
            self._upstream.opened(),
            self._sdk.running(),
            monitored(),
        ):
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Most agents send no Origin, and nothing of CORS is theirs.
        from_browser = any(name == b"origin" for name, _ in scope["headers"])
        handle = self._cors if from_browser else self._guarded
        await handle(scope, receive, _marked(send))

    def forgetting_callers(self, send: Send) -> Send:
        """`send` of an answer that may follow a change of somebody's rights: from the moment that
        it is given, none of those that were known before count (security.md 9)."""

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
        wants_progress = self._shows_progress(request, message)
        asked = None if wants_progress else plain_request(request, message)
        if not asked and message is not sent:
            body = json.dumps(message).encode()
        with self._calls.listed(caller, message.get("id")) as call:
            del sent, message  # they may be large, and the call may be long
            if asked:
                del body
                answering = exchange(self._server, request, asked)
                response = await unless_gone(request.receive, answering, call)
                if call.is_cancelled and response is None:
                    response = call.cancelled_answer()
                if response:
                    await response(request.scope, request.receive, send)
            else:
                await self._sdk.answer(request, body, send, call, wants_progress=wants_progress)

    async def _read(self, request: Request, caller: Caller) -> tuple[bytes, Caller]:
        """The body, and who sent it by the time that it is there. Raises Refusal."""
        began = time.monotonic()
        body = await read_body(request)
        if time.monotonic() - began >= BELIEVED_SECONDS:
            caller = await self._authenticate(request)
            set_caller(caller)
        return body, caller

    def _shows_progress(self, request: Request, message: dict[str, Any]) -> bool:
        """Does it ask for progress, of a tool that has some to tell? Many clients always ask."""
        params = message.get("params")
        if not isinstance(params, dict) or not isinstance(params.get("_meta"), dict):
            return False
        if params["_meta"].get("progressToken") is None:
            return False
        tool = self._tool_in(params)
        is_told = "text/event-stream" in request.headers.get("accept", "")
        return is_told and tool is not None and tool.reports_progress

    def _tool_in(self, params: dict[str, Any]) -> InfinityTool | None:
        """The tool that the params of a call name, if there is such a one."""
        name = params.get("name")
        return self._tools.get(name) if isinstance(name, str) else None

    async def _admit(self, request: Request) -> Caller:
        """Authenticate, then check that the request may come this way. Raises Refusal."""
        caller = await self._authenticate(request)
        self._check_origin(request, caller)
        if request.method != "POST":
            raise Refusal(405, "Only POST is answered here.", allow="POST, OPTIONS")
        await self._limits.count_request(caller)
        self._limits.require_slot(caller)
        set_caller(caller)
        return caller

    async def _authenticate(self, request: Request) -> Caller:
        """Raises Refusal."""
        credential = bearer_credential(request.headers)
        try:
            check = self._authenticator
            caller = await check.authenticate(credential) if credential else None
            is_wrong = credential is not None and not caller and await check.is_guess(credential)
        except DatabaseError:  # told by the authenticator, once: anybody can cause a request
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
        """Raises Refusal when too many wrong keys came from there."""
        address = _address_of(request)
        why = "Unknown, expired or revoked" if credential else "None was sent"
        self._log.count(Sort(EventKind.CREDENTIAL_REFUSED, detail=why, address=address))
        if is_wrong:
            await self._limits.count_wrong_key(address)

    def _ask_for_scope(self, caller: Caller, message: dict[str, Any]) -> None:
        """Refuse a call that more scopes would allow, so that the client can ask for them."""
        params = message.get("params")
        if message.get("method") != "tools/call" or not isinstance(params, dict):
            return
        tool = self._tool_in(params)
        if tool is None or tool.scope in caller.policy.scopes:
            return
        if caller.policy.tools is not None and tool.name not in caller.policy.tools:
            return  # no scope would allow it: the answer is the tool error that key holders get
        if caller.ceiling is None or tool.scope not in caller.ceiling.scopes:
            return  # nor would it here: consent cannot give what the MCP user has not
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
            self._log.count(Sort(EventKind.ACCESS_REFUSED, subject, str(refusal), address))
            raise

    def _check_headers(self, headers: Headers) -> None:
        _refuse_repeated(headers, ONCE)
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
    """For what nobody foresaw; uvicorn logs it."""
    text = "The server failed. The operator finds why in its log under the request id."
    return Refusal(500, text, code=INTERNAL_ERROR).response


@lru_cache(maxsize=64)
def _is_served(address: str, allowed: tuple[str, ...]) -> bool:
    """Whether a Host header names this server. To look anew took 0.1 of 1.4 million instructions of
    a small call."""
    host, _ = split_domain_port(address)
    return bool(host) and validate_host(host, allowed)


def _address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def _origin_pattern(origin: str) -> str:
    return re.escape(origin).replace(r":\*", r"(:\d+)?")


def _marked(send: Send) -> Send:
    async def marked(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] += [
                (b"cache-control", b"no-store"),
                (b"vary", b"Authorization, Origin"),
            ]
        await send(message)

    return marked
