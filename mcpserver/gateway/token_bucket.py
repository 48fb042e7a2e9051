"""Implements token buckets in memory, shared fairly by their users.

A bucket holds `burst` tokens and refills at an even rate, so that any minute sees at most
`per_minute` of them. While several users want tokens of one bucket, each gets an equal part of the
rate: a user that takes all it can slows down only itself.

When the clock goes back, a bucket keeps its tokens and forgets its users, whose times would be in
the future.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

# A user that asked within this time counts as sharing the bucket.
SHARING_SECONDS = 10.0
# A user that has to wait asks again within LOOK_AGAIN_SECONDS. Its turn is kept for a little longer
# than that: users whose turn is later may not take its token.
LOOK_AGAIN_SECONDS = 0.25
WAITING_SECONDS = 2 * LOOK_AGAIN_SECONDS
IDLE_SECONDS = 120.0
SWEEP_SECONDS = 30.0  # not at each call: there may be many buckets


@dataclass(frozen=True)
class Rate:
    """How fast a bucket refills (tokens a second) and what it holds at most."""

    per_second: float
    burst: float

    @classmethod
    def of(cls, per_minute: int) -> Rate:
        """The rate that gives a sixth of the tokens at once, and the others over the minute.

        One token is kept back: requests may arrive closer together than they were sent.
        """
        burst = max(1.0, per_minute / 6 - 1)
        return cls(per_second=max(per_minute - burst - 1, 1) / 60, burst=burst)


class Budget(Protocol):
    """Token buckets by name, and in each a share for every user."""

    async def take(self, bucket: str, share: str, rate: Rate) -> float:
        """Take one token and return 0.0, or return the seconds to wait before the next try."""

    async def close(self) -> None:
        """Free what the buckets hold."""


@dataclass
class _Bucket:
    """A bucket. `waiting` has those of its shares that could not take a token last time."""

    tokens: float
    refilled: float
    shares: dict[str, _Share] = field(default_factory=dict)
    waiting: dict[str, _Share] = field(default_factory=dict)

    def forget_idle(self, now: float) -> None:
        kept = {n: s for n, s in self.shares.items() if now - s.asked < SHARING_SECONDS}
        self.shares, self.waiting = kept, {n: s for n, s in self.waiting.items() if n in kept}


@dataclass
class _Share:
    """One user's share of a bucket. `turn` is when it may take its next token."""

    turn: float
    asked: float


class LocalBudget:
    """Buckets in this process alone. `clock` returns seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._swept_at = 0.0

    async def take(self, bucket: str, share: str, rate: Rate) -> float:
        """Take a token unless users whose turn is earlier wait for it."""
        now = self._clock()
        self._forget_idle(now)
        state = self._buckets.get(bucket)
        if state is None or now < state.refilled:
            tokens = state.tokens if state else rate.burst
            state = self._buckets[bucket] = _Bucket(tokens, now)
        state.tokens = min(rate.burst, state.tokens + (now - state.refilled) * rate.per_second)
        state.refilled = now
        own = state.shares.get(share)
        if own is None or now - own.asked >= SHARING_SECONDS:
            own = state.shares[share] = _Share(turn=0.0, asked=now)
        own.asked, own.turn = now, max(own.turn, now - rate.burst / rate.per_second)
        state.waiting.pop(share, None)
        waiting = [s for s in state.waiting.values() if now - s.asked < WAITING_SECONDS]
        ahead = sum(each.turn < own.turn for each in waiting)
        wait = (1 + ahead - state.tokens) / rate.per_second
        if waiting:
            wait = max(wait, own.turn - now)
        if wait > 0:
            state.waiting[share] = own
            return wait
        state.tokens -= 1
        own.turn += (1 + len(waiting)) / rate.per_second
        return 0.0

    def _forget_idle(self, now: float) -> None:
        """Drop buckets that have not been used for a while: they are full, like new ones."""
        if 0 <= now - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = now
        kept = self._buckets.items()
        self._buckets = {n: b for n, b in kept if now - b.refilled <= IDLE_SECONDS}
        for bucket in self._buckets.values():
            bucket.forget_idle(now)

    async def close(self) -> None:
        """Forget all buckets."""
        self._buckets.clear()
