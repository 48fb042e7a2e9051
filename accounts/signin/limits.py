"""Limits how often strangers may try, in fixed windows counted in Django's cache."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from infinity_mcp.core.events import EventKind, announce
from infinity_mcp.serving.addresses import network_of


@dataclass(frozen=True)
class Limit:
    """At most `count` attempts in `seconds`. `counted` says in words what is counted."""

    counted: str
    count: int
    seconds: int

    def take(self, who: str) -> bool:
        """Count an attempt of `who`; False if there were `count` already.

        Counts before it compares, so that simultaneous attempts do not exceed the limit.
        """
        if self._add_one(who) <= self.count:
            return True
        self.give_back(who)
        announce(EventKind.THROTTLED, "", f"Too many {self.counted}.", often=True)
        return False

    def give_back(self, who: str) -> None:
        """Undo one `take`."""
        with suppress(ValueError):  # its window is over
            cache.decr(self._key(who))

    def _add_one(self, who: str) -> int:
        key = self._key(who)
        cache.add(key, 0, self.seconds)
        try:
            return int(cache.incr(key))
        except ValueError:  # it expired in between
            cache.add(key, 1, self.seconds)
            return 1

    def _key(self, who: str) -> str:
        return f"limit:{self.counted.replace(' ', '-')}:{hashlib.sha256(who.encode()).hexdigest()}"


WRONG_PASSWORDS_SECONDS = 15 * 60
WRONG_PASSWORDS_OF_NAME_FROM_ADDRESS = Limit(
    "wrong passwords for one name from one address", 10, WRONG_PASSWORDS_SECONDS
)
WRONG_PASSWORDS_FROM_ADDRESS = Limit(
    "wrong passwords from one address", 30, WRONG_PASSWORDS_SECONDS
)
# Much more than above, so that a stranger with a few addresses cannot lock a person out.
WRONG_PASSWORDS_OF_NAME = Limit("wrong passwords for one name", 100, WRONG_PASSWORDS_SECONDS)
WRONG_PASSWORDS_OF_PERSON = Limit(
    "wrong passwords of a signed-in person", 10, WRONG_PASSWORDS_SECONDS
)


def address_of(request: HttpRequest) -> str:
    """The address that attempts are counted by; a proxy's, unless TRUSTED_PROXIES names it."""
    return network_of(str(request.META.get("REMOTE_ADDR", "")))


def take_all(counted: list[tuple[Limit, str]]) -> bool:
    """Count an attempt for each limit; if one is reached, count for none and return False."""
    taken = [(limit, who) for limit, who in counted if limit.take(who)]
    if len(taken) < len(counted):
        give_back(taken)
    return len(taken) == len(counted)


def give_back(counted: list[tuple[Limit, str]]) -> None:
    """Take one attempt back from each limit."""
    for limit, who in counted:
        limit.give_back(who)
