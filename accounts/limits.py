"""How often strangers may try: counted in Django's cache, in fixed windows."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest

from accounts.addresses import network_of
from credentials.events import EventKind, announce


@dataclass(frozen=True)
class Limit:
    """At most `count` in `seconds`, for each of what `counted` is, in words."""

    counted: str
    count: int
    seconds: int

    def take(self, who: str) -> bool:
        """Count one of `who`, unless there were `count` already.

        Counts before it looks, so that of any number at the same moment no more pass.
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
# So much more than above that nobody is locked out by somebody else with a few addresses.
WRONG_PASSWORDS_OF_NAME = Limit("wrong passwords for one name", 100, WRONG_PASSWORDS_SECONDS)
WRONG_PASSWORDS_OF_PERSON = Limit(  # who is signed in
    "wrong passwords of somebody signed in", 10, WRONG_PASSWORDS_SECONDS
)


def address_of(request: HttpRequest) -> str:
    """Where the request came from; proxies count only when TRUSTED_PROXIES names them."""
    return network_of(str(request.META.get("REMOTE_ADDR", "")))


def take_all(counted: list[tuple[Limit, str]]) -> bool:
    """Count one of each, or of none when there were enough of one already."""
    taken = [(limit, who) for limit, who in counted if limit.take(who)]
    if len(taken) < len(counted):
        give_back(taken)
    return len(taken) == len(counted)


def give_back(counted: list[tuple[Limit, str]]) -> None:
    for limit, who in counted:
        limit.give_back(who)
