"""How often strangers may try: counted in Django's cache, in fixed windows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.core.cache import cache
from django.http import HttpRequest


@dataclass(frozen=True)
class Limit:
    """At most `count` in `seconds`, for each of what `counted` is."""

    counted: str
    count: int
    seconds: int

    def reached(self, who: str) -> bool:
        return int(cache.get(self._key(who), 0)) >= self.count

    def count_one(self, who: str) -> None:
        key = self._key(who)
        if cache.add(key, 1, self.seconds):
            return
        try:
            cache.incr(key)
        except ValueError:  # it expired in between
            cache.add(key, 1, self.seconds)

    def _key(self, who: str) -> str:
        return f"limit:{self.counted}:{hashlib.sha256(who.encode()).hexdigest()}"


WRONG_PASSWORDS_OF_NAME = Limit("wrong-passwords-of-name", 10, 15 * 60)
WRONG_PASSWORDS_FROM_ADDRESS = Limit("wrong-passwords-from-address", 30, 15 * 60)
REGISTRATIONS_FROM_ADDRESS = Limit("registrations-from-address", 20, 60 * 60)


def address_of(request: HttpRequest) -> str:
    """Where the request came from; proxies count only when TRUSTED_PROXIES names them."""
    return str(request.META.get("REMOTE_ADDR", ""))
