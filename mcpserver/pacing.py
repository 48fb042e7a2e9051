"""Keeps every profile below Infinity's request limit, fairly among the users that share it."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass, field

from django.conf import settings

from mcpserver.audit import count_request
from mcpserver.budget import LOOK_AGAIN_SECONDS, Budget, LocalBudget, Rate
from mcpserver.infinity.errors import BudgetSpent


@dataclass
class _Queue:
    """The requests of one user on one profile, in this process: one at a time asks for a turn."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class Pacing:
    """Hands out turns to send a request. One for the whole process."""

    def __init__(self, budget: Budget, rate: Rate, max_wait: float) -> None:
        self._budget, self._rate, self._max_wait = budget, rate, max_wait
        self._queues: dict[tuple[str, str], _Queue] = {}

    def pacer(self, profile: str, user: str) -> Pacer:
        return Pacer(self, profile, user)

    async def wait_for_turn(self, profile: str, user: str) -> None:
        """Raises BudgetSpent when the turn is further away than the longest wait."""
        if (profile, user) not in self._queues and not await self._ask(profile, user):
            return  # as nearly always, and the rest would be 0.05 of 1.4 million instructions
        queue = self._queues.setdefault((profile, user), _Queue())
        ahead = queue.waiting / self._rate.per_second
        if ahead > self._max_wait:
            raise _spent(ahead)
        queue.waiting += 1
        try:
            async with asyncio.timeout(self._max_wait), queue.lock:
                await self._take(profile, user)
        except TimeoutError:
            raise _spent(queue.waiting / self._rate.per_second) from None
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                self._queues.pop((profile, user), None)

    async def _take(self, profile: str, user: str) -> None:
        while wait := await self._ask(profile, user):
            if wait > self._max_wait:
                raise _spent(wait)
            await asyncio.sleep(min(wait, LOOK_AGAIN_SECONDS))

    async def _ask(self, profile: str, user: str) -> float:
        return await self._budget.take(f"profile:{profile}", user, self._rate)


@dataclass(frozen=True)
class Pacer:
    """`Pacing` for one user on one profile, as InfinityClient wants it."""

    pacing: Pacing
    profile: str
    user: str

    async def wait_for_turn(self) -> None:
        await self.pacing.wait_for_turn(self.profile, self.user)
        count_request()


def configured_budget() -> Budget:
    """Redis when the cache is there, so that all processes share one count; else this process."""
    if settings.HAS_REDIS:
        from mcpserver.redis_budget import RedisBudget  # its client takes 0.1 s of a start

        return RedisBudget(settings.CACHES["default"]["LOCATION"], settings.WORKERS)
    return LocalBudget()


def configured_rate(per_minute: int) -> Rate:
    """Without Redis each worker gets its part of what all of them may use."""
    return Rate.of(per_minute if settings.HAS_REDIS else max(1, per_minute // settings.WORKERS))


def _spent(seconds: float) -> BudgetSpent:
    return BudgetSpent(
        "Too many requests to Infinity are under way for this profile; nothing was sent. "
        f"Try again in {math.ceil(seconds) or 1} s.",
        retry_after=seconds,
    )
