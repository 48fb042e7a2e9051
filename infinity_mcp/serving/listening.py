"""Binds the server's sockets, and explains why a port or host cannot be used."""

from __future__ import annotations

import errno
import logging
import os
import socket
from contextlib import ExitStack
from typing import Any

from django.core.management.base import CommandError

logger = logging.getLogger("uvicorn.error")

LAST_PORT = 65535
FIRST_FREE_PORT = 1024  # lower ones are reserved for root
WAITING_CLIENTS = 2048  # as in uvicorn
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
UNKNOWN = (socket.gaierror, UnicodeError)  # hosts
DENIED = (errno.EACCES, errno.EPERM)


def listen(host: str, port: int, names: tuple[str, str] = ("HOST", "PORT")) -> list[socket.socket]:
    """Sockets at every address of `host` that this machine has. Raises CommandError, which says
    what to do about the settings `names`.

    They already listen: several programs may bind to a port as long as none listens there.
    """
    try:
        with ExitStack() as opened:
            listening = _sockets(host, port, opened)
            opened.pop_all()
            return listening
    except UNKNOWN as error:
        raise CommandError(f"Cannot listen on {host!r}: {_no_place(names[0])}") from error
    except (OSError, OverflowError) as error:
        raise CommandError(
            f"Cannot listen on {in_url(host)}:{port} ({_reason(error)}):"
            f" {_remedy(error, port, *names)}"
        ) from error


def announce(listening: list[socket.socket]) -> None:
    """Log the URLs at which the server listens."""
    places = (each.getsockname() for each in listening)
    urls = [f"http://{in_url(place[0])}:{place[1]}" for place in places]
    logger.info("Infinity MCP is running on %s (press Ctrl+C to stop it)", " and ".join(urls))


def in_url(host: str) -> str:
    """The host as in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host


def _sockets(host: str, port: int, opened: ExitStack) -> list[socket.socket]:
    listening = []
    absent: OSError | None = None
    for family, place in _places(host, port):
        try:
            each = socket.create_server(place, family=family, backlog=WAITING_CLIENTS)
        except OSError as error:
            if error.errno not in ABSENT:
                raise
            absent = error  # such as the ::1 of localhost, without IPv6
        else:
            listening.append(opened.enter_context(each))
    if absent and not listening:
        raise absent
    return listening


def _places(host: str, port: int) -> list[tuple[int, Any]]:
    if not 0 <= port <= LAST_PORT:
        raise OverflowError
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((family, place) for family, _, _, _, place in found))


def _reason(error: OSError | OverflowError) -> str:
    if isinstance(error, OverflowError):
        return "no such port"
    return os.strerror(error.errno or 0)  # without the address, which Python adds


def _no_place(host_name: str) -> str:
    example = "such as 127.0.0.1, ::1 or localhost, without scheme, brackets or port"
    return f"set {host_name} to an address or a name of this machine, {example}."


def _remedy(error: OSError | OverflowError, port: int, host_name: str, port_name: str) -> str:
    if isinstance(error, OverflowError):
        return f"set {port_name} to one from 1 to {LAST_PORT}."
    if error.errno == errno.EADDRINUSE:
        return f"is it running already? Otherwise set another {port_name}."
    if error.errno in DENIED and port < FIRST_FREE_PORT:
        return f"set {port_name} to {FIRST_FREE_PORT} or more; others are for root."
    if error.errno in ABSENT:
        what = "127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses"
        return f"set {host_name} to one that this machine has, {what}."
    return f"set another {host_name} or {port_name}."
