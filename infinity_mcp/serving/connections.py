"""Limits open connections, in all and per address.

When there are too many, the one that has waited longest without sending a request is closed. If all
are busy, a few more are accepted, which may ask only for /health.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address, ip_network
from typing import Any, Protocol

from prometheus_client import Counter

from infinity_mcp.serving.addresses import network_of

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 4096  # of a process
MAX_FILES = 4 * MAX_CONNECTIONS
RESERVE = 32
QUIET_SECONDS = 60.0  # after this time, reaching a limit counts as a new flood and is logged

App = Callable[[Any, Any, Any], Awaitable[None]]

_refused = Counter(
    "infinity_mcp_connections_refused",
    "Connections that were closed: too many of an address, too many in all, too slow.",
    ["why"],
)


class Held(Protocol):
    """A connection that a client holds open."""

    def abort(self) -> None:
        """Close at once."""


@dataclass
class _Group:
    """Connections with a limit. `silent` have sent no request yet, the oldest first."""

    why: str
    most: int
    open: int = 0
    silent: dict[Held, None] = field(default_factory=dict)


class Connections:
    """The connections of this process."""

    def __init__(self, most: int, reserve: int = RESERVE) -> None:
        self._most_of_address = max(1, most // 4)
        self._all = _Group("all", most)
        self._reserve = _Group("reserve", reserve)
        self._addresses: dict[str, _Group] = {}
        self._groups: dict[Held, list[_Group]] = {}
        self._limited_at = float("-inf")

    @classmethod
    def of_this_process(cls) -> Connections:
        """Limited to a quarter of the files that this process may open: calls open files too, for
        the database and for Infinity."""
        return cls(min(MAX_CONNECTIONS, raise_file_limit() // 4))

    def admit(self, connection: Held, address: str | None) -> bool:
        """Whether it may ask for anything, not only for /health. Without `address` only the total
        is limited, as a proxy's clients share its address. Aborts one if there are too many."""
        groups = [self._address(address)] if address else []
        groups.append(self._all)
        is_free = all(map(self._make_room, groups))
        if not is_free:
            groups = [self._reserve]
            if not self._make_room(self._reserve):
                connection.abort()
                return False
        self._groups[connection] = groups
        for group in groups:
            group.open += 1
            group.silent[connection] = None
        return is_free

    def note_request(self, connection: Held) -> None:
        """Record that it has sent a whole request header."""
        for group in self._groups.get(connection, ()):
            group.silent.pop(connection, None)

    def leave(self, connection: Held) -> None:
        """Forget a connection that is closed."""
        for group in self._groups.pop(connection, ()):
            group.open -= 1
            group.silent.pop(connection, None)
            if not group.open:
                self._addresses.pop(group.why, None)

    def note_slow(self) -> None:
        """Count a connection that was closed because its client was too slow."""
        _refused.labels("slow").inc()

    def _address(self, address: str) -> _Group:
        network = network_of(address)
        return self._addresses.setdefault(network, _Group(network, self._most_of_address))

    def _make_room(self, group: _Group) -> bool:
        if group.open < group.most:
            return True
        self._note_limit(group)
        oldest = next(iter(group.silent), None)
        if oldest is None:
            return False
        self.leave(oldest)
        oldest.abort()
        return True

    def _note_limit(self, group: _Group) -> None:
        is_shared = group is self._all or group is self._reserve
        _refused.labels("all" if is_shared else "address").inc()
        now = time.monotonic()
        if now - self._limited_at > QUIET_SECONDS:
            which = "in all" if is_shared else f"of the address {group.why}"
            logger.warning(
                "There are %d connections %s, the most that are allowed: those without a request"
                " are closed. This is logged again after a quiet minute.",
                *(group.most, which),
            )
        self._limited_at = now


def health_only(app: App) -> App:
    """`app` for a connection above the limit."""

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/health":
            await app(scope, receive, send)
            return
        text = b"The server has too many connections. Try again in a moment.\n"
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(text)).encode()),
            (b"retry-after", b"5"),
        ]
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    return limited


@cache
def is_trusted(address: str, proxies: tuple[str, ...]) -> bool:
    """Whether `address` is one of `proxies` (TRUSTED_PROXIES)."""
    if "*" in proxies:
        return True
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in ip_network(proxy, strict=False) for proxy in proxies)


def raise_file_limit() -> int:
    """Raise this process's limit of open files as far as needed and allowed; returns the limit."""
    if sys.platform == "win32":
        return MAX_FILES
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = MAX_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_FILES)
    if soft == resource.RLIM_INFINITY or soft >= allowed:
        return MAX_FILES if soft == resource.RLIM_INFINITY else soft
    with contextlib.suppress(ValueError, OSError):  # macOS allows less than it says
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
        return allowed
    return soft
