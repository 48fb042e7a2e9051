"""Implements token buckets in Redis or Valkey, shared by all processes."""

from __future__ import annotations

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from infinity_mcp.core.outage import Outage
from mcpserver.gateway.token_bucket import SHARING_SECONDS, WAITING_SECONDS, LocalBudget, Rate


class RedisBudget:
    """Does what LocalBudget does, with buckets that all processes on this Redis share."""

    def __init__(self, url: str, processes: int = 1) -> None:
        self._processes = processes
        self._outage = Outage("Redis", "limits hold for each process alone")
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 1)
        )
        self._fallback = LocalBudget()
        self._script = self._redis.register_script(_TAKE)

    async def take(self, bucket: str, share: str, rate: Rate) -> float:
        """Take a token in Redis or, while it is down, from this process's part of the rate."""
        if not self._outage.is_under_way():
            try:
                wait = await self._ask(bucket, share, rate)
            except RedisError as error:
                self._outage.note_failure(error)
                # After a failover, open connections may lead to a server that is now read-only.
                await self._redis.connection_pool.disconnect(inuse_connections=False)
            else:
                self._outage.note_answer()
                return wait
        # While Redis is down, each process counts its own part of the rate.
        burst = max(1.0, rate.burst / self._processes)
        part = Rate(rate.per_second / self._processes, burst)
        return await self._fallback.take(bucket, share, part)

    async def _ask(self, bucket: str, share: str, rate: Rate) -> float:
        seconds = (SHARING_SECONDS, WAITING_SECONDS)
        arguments: list[str | float] = [rate.per_second, rate.burst, share, *seconds]
        return float(await self._script(keys=[f"budget:{bucket}"], args=arguments))

    async def close(self) -> None:
        """Close the connections to Redis."""
        await self._redis.aclose()


# LocalBudget.take as a script, which Redis runs atomically and by its own clock.
_TAKE = """
local rate, burst, share = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local sharing_seconds, waiting_seconds = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1e6
local state = {}
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do state[flat[i]] = tonumber(flat[i + 1]) end
if now < (state['refilled'] or now) then
    redis.call('DEL', KEYS[1])
    state = {tokens = state['tokens']}
end

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
