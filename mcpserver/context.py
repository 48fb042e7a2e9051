"""Holds the context of the call under way: its caller and its Infinity client."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from accounts.caller import Caller
from credentials.access import InfinityAccess
from mcpserver.infinity import InfinityClient


class Clients(Protocol):
    """Opens Infinity clients."""

    def client(self, profile: InfinityAccess, user: str) -> InfinityClient:
        """A client for one call. Raises CredentialError when the token cannot be opened."""


@dataclass(frozen=True)
class CallContext:
    """The caller of one call and the source of its client; without one until a tool is called."""

    caller: Caller
    clients: Clients | None = None
    ids: dict[str, str] = field(default_factory=dict)
    """Ids that were found for the arguments of the call, by parameter."""

    @cached_property
    def client(self) -> InfinityClient:
        """The call's client, opened on first use. Raises CredentialError as `Clients` does."""
        assert self.clients is not None
        return self.clients.client(self.caller.profile, self.caller.user)

    @property
    def requests(self) -> int:
        """How many requests the call has sent to Infinity so far."""
        return self.client.requests if "client" in vars(self) else 0


_context: ContextVar[CallContext] = ContextVar("call_context")


def current_call() -> CallContext:
    """The context of the call under way. Raises LookupError outside of a call."""
    return _context.get()


def current_caller() -> Caller:
    """The caller of the call under way. Raises LookupError outside of a call."""
    return _context.get().caller


def set_call(context: CallContext) -> None:
    """Set the context of the call that this task serves."""
    _context.set(context)
