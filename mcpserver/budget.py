"""Token buckets that several callers share fairly: in this process, or in Redis for all of them.

A bucket holds `burst` tokens and refills at an even rate, so that any minute sees at most
`per_minute` of them. Those who share a bucket are each held to an even part of the rate while
others want some too: one that takes all it can slows itself down, not the rest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from infinity_mcp.outage import Outage

# Whoever asked within this time counts as sharing.
SHARING_SECONDS = 10.0
# Whoever was sent away asks again within LOOK_AGAIN_SECONDS; until a little later its turn is kept
# for it: one whose turn came later may not take its token.
LOOK_AGAIN_SECONDS = 0.25
WAITING_SECONDS = 2 * LOOK_AGAIN_SECONDS
IDLE_SECONDS = 120.0
SWEEP_SECONDS = 30.0  # there may be many buckets, and each call takes from some


@dataclass(frozen=True)
class Rate:
    """How fast a bucket refills (tokens a second) and what it holds at most."""

    per_second: float
    burst: float

    @classmethod
    def of(cls, per_minute: int) -> Rate:
        """A sixth of the minute's tokens at once, the others spread over the minute.

        One token is kept back: requests may arrive closer together than they were sent.
        """
        burst = max(1.0, per_minute / 6 - 1)
        return cls(per_second=max(per_minute - burst - 1, 1) / 60, burst=burst)


class Budget(Protocol):
    async def take(self, bucket: str, share: str, rate: Rate) -> float:
        """Take one token: 0.0, or the seconds until it is worth asking again."""

    async def close(self) -> None: ...


@dataclass
class _Bucket:
    """`waiting`: those of its shares that were last sent away."""

    tokens: float
    refilled: float
    shares: dict[str, _Share] = field(default_factory=dict)
    waiting: dict[str, _Share] = field(default_factory=dict)

    def forget_idle(self, now: float) -> None:
        kept = {n: s for n, s in self.shares.items() if now - s.asked < SHARING_SECONDS}
        self.shares, self.waiting = kept, {n: s for n, s in self.waiting.items() if n in kept}


@dataclass
class _Share:
    """`turn`: from when it may take its next token."""

    turn: float
    asked: float


class LocalBudget:
    """Buckets of this process alone. `clock` returns seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}
        self._sweep_at = 0.0

    async def take(self, bucket: str, share: str, rate: Rate) -> float:
        now = self._clock()
        self._forget_idle(now)
        state = self._buckets.get(bucket)
        if state is None:
            state = self._buckets[bucket] = _Bucket(rate.burst, now)
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
        """Full buckets that nobody asked lately are as good as new ones."""
        if now < self._sweep_at:
            return
        self._sweep_at = now + SWEEP_SECONDS
        kept = self._buckets.items()
        self._buckets = {n: b for n, b in kept if now - b.refilled <= IDLE_SECONDS}
        for bucket in self._buckets.values():
            bucket.forget_idle(now)

    async def close(self) -> None:
        self._buckets.clear()


class RedisBudget:
    """The same, for every process that uses this Redis or Valkey."""

    def __init__(self, url: str, processes: int = 1) -> None:
        self._processes = processes
        self._outage = Outage("Redis", "limits hold for each process alone")
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1)
        )
        self._meanwhile = LocalBudget()
        self._script = self._redis.register_script(_TAKE)

    async def take(self, bucket: str, share: str, rate: Rate) -> float:
        if not self._outage.is_under_way():
            try:
                wait = await self._ask(bucket, share, rate)
            except RedisError as error:
                self._outage.note_failure(error)
            else:
                self._outage.note_answer()
                return wait
        # Counting in each process alone is better than not serving, or than not counting.
        burst = max(1.0, rate.burst / self._processes)
        part = Rate(rate.per_second / self._processes, burst)
        return await self._meanwhile.take(bucket, share, part)

    async def _ask(self, bucket: str, share: str, rate: Rate) -> float:
        seconds = (SHARING_SECONDS, WAITING_SECONDS)
        arguments: list[str | float] = [rate.per_second, rate.burst, share, *seconds]
        return float(await self._script(keys=[f"budget:{bucket}"], args=arguments))

    async def close(self) -> None:
        await self._redis.aclose()


# LocalBudget.take, run by Redis so that no two processes interleave; its clock is Redis's own.
_TAKE = """
local rate, burst, share = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local sharing_seconds, waiting_seconds = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local state = {}
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do state[flat[i]] = tonumber(flat[i + 1]) end

local tokens = state['tokens'] or burst
tokens = math.min(burst, tokens + (now - (state['refilled'] or now)) * rate)
local turn = now - burst / rate
if now - (state['asked:' .. share] or 0) < sharing_seconds then
    turn = math.max(turn, state['turn:' .. share])
end
state['asked:' .. share] = now
local waiting, ahead = 0, 0
for field, asked in pairs(state) do
    if string.sub(field, 1, 6) == 'asked:' then
        local name = string.sub(field, 7)
        if now - asked >= sharing_seconds then
            redis.call('HDEL', KEYS[1], field, 'turn:' .. name, 'waits:' .. name)
        elseif name ~= share and state['waits:' .. name] == 1
            and now - asked < waiting_seconds then
            waiting = waiting + 1
            if state['turn:' .. name] < turn then ahead = ahead + 1 end
        end
    end
end
local wait = (1 + ahead - tokens) / rate
if waiting > 0 then wait = math.max(wait, turn - now) end
local waits = 1
if wait <= 0 then
    wait, waits, tokens, turn = 0, 0, tokens - 1, turn + (1 + waiting) / rate
end
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens),
    'refilled', string.format('%.6f', now), 'asked:' .. share, string.format('%.6f', now),
    'turn:' .. share, string.format('%.6f', turn), 'waits:' .. share, waits)
redis.call('PEXPIRE', KEYS[1], 120000)
return string.format('%.6f', wait)
"""
