"""Who is behind what happens: the request or the command under way."""

from __future__ import annotations

from contextvars import ContextVar
from typing import NamedTuple

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

_request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
_command: ContextVar[str] = ContextVar("command", default="")


class Origin(NamedTuple):
    actor: str = ""
    address: str = ""


def current_origin() -> Origin:
    """The person who is signed in, or the command; nobody where it is the server itself."""
    request = _request.get()
    if request is None:
        return Origin(_command.get())
    user = getattr(request, "user", None)
    return Origin(user.get_username() if user else "", str(request.META.get("REMOTE_ADDR", "")))


def set_command(name: str) -> None:
    """From now on `manage.py <name>` is at work here."""
    _command.set(f"manage.py {name}")


class OriginMiddleware(MiddlewareMixin):
    def process_request(self, request: HttpRequest) -> None:
        _request.set(request)

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        _request.set(None)
        return response
