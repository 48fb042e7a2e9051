"""Django's cache in Redis; falls back to this process's memory while Redis is unreachable."""

from __future__ import annotations

from typing import Any

from django.core.cache.backends import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache
from redis.exceptions import RedisError

from infinity_mcp.core.outage import Outage

_outage = Outage("Redis", "attempts to sign in are counted by each process alone")


class RedisCache(redis.RedisCache):
    """A cache whose methods, as far as this project uses them, never fail: sign-in works, and
    guesses are counted, without Redis too."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._meanwhile = LocMemCache("meanwhile", {"OPTIONS": {"MAX_ENTRIES": 100_000}})

    def _ask(self, operation: str, *arguments: Any, **options: Any) -> Any:
        if not _outage.is_under_way():
            try:
                answer = getattr(super(), operation)(*arguments, **options)
            except RedisError as error:
                _outage.note_failure(error)
                # After a failover they may lead to a server that is read-only now.
                pool = self._cache.get_client(write=True).connection_pool
                pool.disconnect(inuse_connections=False)
            else:
                _outage.note_answer()
                return answer
        return getattr(self._meanwhile, operation)(*arguments, **options)

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._ask("get", key, default, version)

    def set(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._ask("set", key, value, timeout, version)

    def add(
        self,
        key: Any,
        value: Any,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        return bool(self._ask("add", key, value, timeout, version))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        return int(self._ask("incr", key, delta, version))

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._ask("delete", key, version))
