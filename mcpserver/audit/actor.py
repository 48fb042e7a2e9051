"""Finds out who causes an event, from the request or the command under way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_command: ContextVar[str] = ContextVar("command", default="")


class Actor(NamedTuple):
    """Who caused an event, and from which address; empty where that is unknown."""

    actor: str = ""
    address: str = ""


def current_actor() -> Actor:
    """The signed-in person, or the command; empty for the server itself."""
    request = _request.get()
    if request is None:
        return Actor(_command.get())
    user = getattr(request, "user", None)
    return Actor(user.get_username() if user else "", str(request.META.get("REMOTE_ADDR", "")))


def set_command(name: str) -> None:
    """Note that this process runs `manage.py <name>`."""
    _command.set(f"manage.py {name}")


class ActorMiddleware(MiddlewareMixin):
    """Notes the request under way."""

    def process_request(self, request: HttpRequest) -> None:
        """Note the request, so that events name its person and address."""
        _request.set(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Forget the request."""
        _request.set(None)
        return response
