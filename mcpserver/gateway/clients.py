"""Opens the Infinity client of each call, on transports that all calls share.

The transports note when a call sends a change; until then its caller can cancel it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

import anyio
import httpx
from anyio.lowlevel import checkpoint_if_cancelled
from django.conf import settings

from accounts.caller import Caller
from credentials.access import InfinityAccess
from credentials.validators import SANDBOX_URL
from mcpserver.gateway.pacing import Pacing, configured_budget, configured_rate
from mcpserver.infinity import (
    Circuit,
    InfinityClient,
    NetworkTransport,
)


class Upstream:
    """What the calls of this process share: connections, the sandbox, budgets, circuits."""

    def __init__(self) -> None:
        self.budget = configured_budget()
        rate = configured_rate(settings.INFINITY_REQUESTS_PER_MINUTE)
        self._pacing = Pacing(self.budget, rate)
        self._circuits: defaultdict[tuple[str, str], Circuit] = defaultdict(Circuit)

    @cached_property
    def _network(self) -> httpx.AsyncBaseTransport:
        return NetworkTransport()

    @cached_property
    def _sandbox(self) -> httpx.AsyncBaseTransport:
        from mcpserver.sandbox import create_app  # most servers never need it

        return httpx.ASGITransport(create_app())

    def client(self, profile: InfinityAccess, user: str) -> InfinityClient:
        """A client for one call. Raises CredentialError when the token cannot be opened."""
        in_process = profile.api_base_url == SANDBOX_URL
        return InfinityClient(
            WriteTrackingTransport(self._sandbox if in_process else self._network),
            base_url="http://sandbox/api/v2" if in_process else profile.api_base_url,
            api_version=profile.api_version,
            token=profile.open_token(),
            pacer=self._pacing.pacer(profile.id, user),
            circuit=self._circuits[profile.id, profile.api_base_url],
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Upstream]:
        """Closes all connections on exit. They are opened on first use."""
        try:
            yield self
        finally:
            for name in ("_network", "_sandbox"):
                if name in vars(self):
                    await vars(self).pop(name).aclose()
            await self.budget.close()


# A parameter of a tool that agents neither see nor fill: mcpserver.tools._signature gives it the
# client of the call. The SDK's resolvers would do it for 0.1 million instructions more a call.
InfinityApi = Annotated[InfinityClient, "of the call"]


# --- Cancelling -----------------------------------------------------------------------------------


@dataclass(eq=False)
class CallInProgress:
    """A call under way. Cancelling `leaving` stops it; `is_writing` once it sends a change."""

    leaving: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    id: Any = None
    is_writing: bool = False
    is_cancelled: bool = False


_call: ContextVar[CallInProgress | None] = ContextVar("call_in_progress", default=None)


class CallsInProgress:
    """The calls under way in this process, by credential and request id."""

    def __init__(self) -> None:
        self._calls: defaultdict[Any, list[CallInProgress]] = defaultdict(list)

    @contextmanager
    def listed(self, caller: Caller, id: Any) -> Iterator[CallInProgress]:
        """Adds a call while the block runs."""
        call, key = CallInProgress(id=id), _key(caller, id)
        self._calls[key].append(call)
        token = _call.set(call)
        try:
            yield call
        finally:
            _call.reset(token)
            self._calls[key].remove(call)
            if not self._calls[key]:
                del self._calls[key]

    def cancel(self, caller: Caller, id: Any) -> None:
        """Cancel a call, unless it has sent a change or agents that share a key use its id too."""
        found = self._calls.get(_key(caller, id), []) if type(id) in (str, int) else []
        if len(found) == 1 and not found[0].is_writing:
            found[0].is_cancelled = True
            found[0].leaving.cancel()


def _key(caller: Caller, id: Any) -> tuple[str, Any, type, Any]:
    return caller.credential, caller.credential_id, type(id), id


class WriteTrackingTransport(httpx.AsyncBaseTransport):
    """Notes when the call in progress sends a change, which makes it too late to cancel."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request; a cancelled call ends here before it sends a change."""
        call = _call.get()
        if call and request.method != "GET":
            await checkpoint_if_cancelled()  # the last moment at which it can be cancelled
            call.is_writing = True
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()
