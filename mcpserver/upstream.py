"""What connects a caller's profile with Infinity: the shared transports and the injected client."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import cached_property
from typing import Annotated

from django.conf import settings

from credentials.access import InfinityAccess
from credentials.validators import SANDBOX_URL
from mcpserver.auth import current_caller
from mcpserver.cancelling import NotingWrites
from mcpserver.infinity import (
    Circuit,
    InfinityClient,
    InProcessTransport,
    NetworkTransport,
    Transport,
)
from mcpserver.pacing import Pacing, configured_budget, configured_rate

_upstream: ContextVar[Upstream] = ContextVar("upstream")


class Upstream:
    """What the calls of this process share: connections, the sandbox, budgets, circuits."""

    def __init__(self) -> None:
        self.budget = configured_budget()
        rate = configured_rate(settings.INFINITY_REQUESTS_PER_MINUTE)
        self._pacing = Pacing(self.budget, rate, settings.INFINITY_MAX_WAIT_SECONDS)
        self._circuits: defaultdict[tuple[str, str], Circuit] = defaultdict(Circuit)

    @cached_property
    def _network(self) -> Transport:
        return NetworkTransport()

    @cached_property
    def _sandbox(self) -> Transport:
        from mcpserver.sandbox import create_app  # most servers never need it

        return InProcessTransport(create_app())

    def client(self, profile: InfinityAccess, user: str) -> InfinityClient:
        """A client for one call. Raises CredentialError when the profile's token cannot be."""
        in_process = profile.api_base_url == SANDBOX_URL
        return InfinityClient(
            NotingWrites(self._sandbox if in_process else self._network),
            base_url="http://sandbox/api/v2" if in_process else profile.api_base_url,
            api_version=profile.api_version,
            token=profile.open_token(),
            pacer=self._pacing.pacer(profile.id, user),
            circuit=self._circuits[profile.id, profile.api_base_url],
        )

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Upstream]:
        """Made on first use; closed, with every connection, on the way out."""
        try:
            yield self
        finally:
            for name in ("_network", "_sandbox"):
                if name in vars(self):
                    await vars(self).pop(name).close()
            await self.budget.close()


def set_upstream(upstream: Upstream) -> None:
    """What the call under way is to use."""
    _upstream.set(upstream)


def open_client() -> InfinityClient:
    """For the call under way. Raises CredentialError when the profile's token cannot be opened."""
    caller = current_caller()
    return _upstream.get().client(caller.profile, caller.user)


# A parameter of a tool that agents neither see nor fill (mcpserver.signatures). The SDK's own
# resolvers may ask the client questions; what that takes is 0.1 million instructions a call.
InfinityApi = Annotated[InfinityClient, open_client]
