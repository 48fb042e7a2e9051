"""Token buckets, in this process and in a real Redis: the same rules."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from mcpserver.gateway.redis_token_bucket import RedisBudget
from mcpserver.gateway.token_bucket import IDLE_SECONDS, SWEEP_SECONDS, LocalBudget, Rate
from tests.production.support import own_redis

# So slow that the time that a test takes is next to nothing.
RATE = Rate(per_second=0.1, burst=5.0)
TOKEN_SECONDS = 10.0
HOUR = 3600.0


class Timed(Protocol):
    """A budget whose clock is in the test's hands."""

    async def take(self, share: str, rate: Rate = RATE, bucket: str = "b") -> float: ...

    async def step(self, seconds: float) -> None:
        """Set the clock forward, or back."""


class TimedLocal:
    def __init__(self) -> None:
        self.now = 10 * HOUR
        self.budget = LocalBudget(lambda: self.now)

    async def take(self, share: str, rate: Rate = RATE, bucket: str = "b") -> float:
        return await self.budget.take(bucket, share, rate)

    async def step(self, seconds: float) -> None:
        self.now += seconds


# Redis's own clock cannot be set: what it stored is moved the other way.
MOVE = """
for _, key in ipairs(redis.call('KEYS', 'budget:*')) do
    local flat = redis.call('HGETALL', key)
    for i = 1, #flat, 2 do
        local kind = string.match(flat[i], '^[a-z]+')
        if kind == 'refilled' or kind == 'asked' or kind == 'turn' then
            local moved = string.format('%.6f', tonumber(flat[i + 1]) - ARGV[1])
            redis.call('HSET', key, flat[i], moved)
        end
    end
end
"""


class TimedRedis:
    """Asked by two processes in turn."""

    def __init__(self, redis: Redis, budgets: list[RedisBudget]) -> None:
        self.redis, self.budgets = redis, budgets

    async def take(self, share: str, rate: Rate = RATE, bucket: str = "b") -> float:
        self.budgets.reverse()
        return await self.budgets[0].take(bucket, share, rate)

    async def step(self, seconds: float) -> None:
        await self.redis.eval(MOVE, 0, str(seconds))


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with own_redis() as (_, url):
        yield url


@asynccontextmanager
async def timed_redis(url: str) -> Any:
    redis, budgets = Redis.from_url(url), [RedisBudget(url), RedisBudget(url)]
    try:
        await redis.flushdb()
        yield TimedRedis(redis, budgets)
    finally:
        await redis.aclose()
        for budget in budgets:
            await budget.close()


Run = Callable[[Callable[[Timed], Awaitable[None]]], None]


@pytest.fixture(params=["local", "redis"])
def run(request: pytest.FixtureRequest) -> Run:
    """Runs a scenario with a budget."""

    def run_local(scenario: Callable[[Timed], Awaitable[None]]) -> None:
        asyncio.run(scenario(TimedLocal()))  # type: ignore[arg-type]

    def run_redis(scenario: Callable[[Timed], Awaitable[None]]) -> None:
        async def ran() -> None:
            async with timed_redis(request.getfixturevalue("redis_url")) as budget:
                await scenario(budget)

        asyncio.run(ran())

    return run_redis if request.param == "redis" else run_local


async def spent(budget: Timed, times: int, share: str = "alice") -> list[float]:
    return [await budget.take(share) for _ in range(times)]


def test_burst_goes_out_at_once_and_the_next_waits(run: Run) -> None:
    async def scenario(budget: Timed) -> None:
        waits = await spent(budget, 6)
        assert [0.0] * 5 == waits[:5]
        assert pytest.approx(TOKEN_SECONDS, abs=5) == waits[5]

    run(scenario)


def test_tokens_come_back_with_time(run: Run) -> None:
    async def scenario(budget: Timed) -> None:
        await spent(budget, 5)
        await budget.step(2.1 * TOKEN_SECONDS)
        assert [True, True, False] == [wait == 0 for wait in await spent(budget, 3)]

    run(scenario)


def test_buckets_are_apart(run: Run) -> None:
    async def scenario(budget: Timed) -> None:
        await spent(budget, 6)
        assert 0.0 == await budget.take("alice", bucket="other")

    run(scenario)


# A step back of less than what passes between two calls is none: Redis's clock goes on meanwhile.
@pytest.mark.parametrize("step", [-HOUR, -TOKEN_SECONDS, -TOKEN_SECONDS / 2, HOUR])
@pytest.mark.parametrize("share", ["alice", "bob"])
def test_clock_that_steps_costs_no_caller_more_than_a_token_takes(
    run: Run, step: float, share: str
) -> None:
    async def scenario(budget: Timed) -> None:
        await spent(budget, 6, "alice")
        await budget.take("bob")
        await budget.step(step)
        assert await budget.take(share) <= TOKEN_SECONDS
        await budget.step(1.1 * TOKEN_SECONDS)
        assert 0.0 == await budget.take(share)

    run(scenario)


@pytest.mark.parametrize("step", [-HOUR, -TOKEN_SECONDS, -0.001])
def test_clock_that_steps_back_gives_and_takes_no_tokens(run: Run, step: float) -> None:
    async def scenario(budget: Timed) -> None:
        await spent(budget, 3)
        await budget.step(step)
        assert [True, True, False] == [wait == 0 for wait in await spent(budget, 3)]

    run(scenario)


def test_clock_that_steps_forward_fills_a_bucket_and_no_more(run: Run) -> None:
    async def scenario(budget: Timed) -> None:
        await spent(budget, 5)
        await budget.step(1000 * HOUR)
        assert [True] * 5 + [False] == [wait == 0 for wait in await spent(budget, 6)]

    run(scenario)


def test_callers_who_share_get_even_parts_through_clock_steps(run: Run) -> None:
    rate = Rate(per_second=1.0, burst=5.0)
    taken = {"alice": 0, "bob": 0}

    async def scenario(budget: Timed) -> None:
        for tick in range(600):
            await budget.step(-HOUR if tick == 300 else 0.2)
            for name in ("alice", "alice", "alice", "bob"):
                taken[name] += await budget.take(name, rate) == 0.0

    run(scenario)
    assert 110 <= sum(taken.values())
    assert abs(taken["alice"] - taken["bob"]) <= 0.2 * sum(taken.values())


def test_tokens_without_anyone_waiting_are_not_held_back(run: Run) -> None:
    rate = Rate(per_second=1.0, burst=5.0)

    async def scenario(budget: Timed) -> None:
        taken = 0
        for tick in range(200):
            await budget.step(1)
            if tick % 20 == 0:  # others now and then, who never wait
                await budget.take(f"user-{tick // 20}", rate)
            taken += await budget.take("scanner", rate) == 0.0
        assert taken >= 180

    run(scenario)


@pytest.mark.parametrize("per_minute", [1, 6, 60, 180])
def test_no_minute_sees_more_than_its_limit(run: Run, per_minute: int) -> None:
    rate, tick = Rate.of(per_minute), 0.5
    sent: list[int] = []

    async def scenario(budget: Timed) -> None:
        for number in range(300):
            await budget.step(tick)
            while await budget.take("alice", rate) == 0.0:
                sent.append(number)

    run(scenario)
    minute = round(60 / tick)
    busiest = max(sum(start <= each < start + minute for each in sent) for start in sent)
    # In Redis the time that the test takes counts too.
    assert busiest <= max(2, 1.2 * per_minute)
    assert len(sent) >= 0.7 * per_minute * 2.5 or per_minute < 60


def test_buckets_without_callers_are_forgotten_and_the_others_kept() -> None:
    timed = TimedLocal()
    budget = timed.budget

    async def strangers() -> int:
        most = 0
        for number in range(1000):  # one a second
            timed.now += 1
            await budget.take(f"stranger-{number}", "", RATE)
            await budget.take("busy", "alice", Rate(per_second=0.0001, burst=5.0))
            most = max(most, len(budget._buckets))
        return most

    assert IDLE_SECONDS < asyncio.run(strangers()) <= IDLE_SECONDS + SWEEP_SECONDS + 2
    assert budget._buckets["busy"].tokens < 1


def with_redis(url: str, use: Callable[[list[RedisBudget]], object]) -> None:
    async def run() -> None:
        budgets = [RedisBudget(url), RedisBudget(url)]
        try:
            await use(budgets)  # type: ignore[misc]
        finally:
            for budget in budgets:
                await budget.close()

    asyncio.run(run())


def test_shares_are_even_in_redis_too(redis_url: str) -> None:
    slow = Rate(per_second=20.0, burst=2.0)

    async def use(budgets: list[RedisBudget]) -> None:
        taken = {"alice": 0, "bob": 0}

        async def flood(name: str, budget: RedisBudget, until: float) -> None:
            clock = asyncio.get_running_loop().time
            while clock() < until:
                wait = await budget.take("even", name, slow)
                taken[name] += wait == 0.0
                await asyncio.sleep(min(wait, 0.01))

        until = asyncio.get_running_loop().time() + 2
        await asyncio.gather(
            *(flood("alice", budgets[n % 2], until) for n in range(6)),
            flood("bob", budgets[1], until),
        )
        assert 36 <= sum(taken.values()) <= 44
        assert abs(taken["alice"] - taken["bob"]) <= 8

    with_redis(redis_url, use)


def test_without_redis_limits_hold_in_the_process() -> None:
    async def use() -> list[float]:
        budget = RedisBudget("redis://127.0.0.1:1/0")
        try:
            slow = Rate(per_second=0.1, burst=5.0)
            return [await budget.take("b", "alice", slow) for _ in range(6)]
        finally:
            await budget.close()

    waits = asyncio.run(use())
    assert 0.0 == waits[0]
    assert waits[5] > 0


def test_connections_to_a_redis_that_became_read_only_are_not_used_again() -> None:
    def clients(redis: SyncRedis) -> set[str]:
        return {each["id"] for each in redis.client_list(_type="normal")}

    async def use(url: str, redis: SyncRedis) -> None:
        budget = RedisBudget(url)
        assert 0.0 == await budget.take("b", "alice", RATE)
        before = clients(redis)
        redis.replicaof("127.0.0.1", 1)
        assert 0.0 == await budget.take("b", "alice", RATE)
        redis.replicaof("NO", "ONE")
        assert 1 == len(before & clients(redis))  # the test's own
        await budget.close()

    with own_redis() as (_, url), SyncRedis.from_url(url) as redis:
        asyncio.run(use(url, redis))
