"""Token buckets, in this process and in a real Redis: the same rules."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from mcpserver.budget import IDLE_SECONDS, SWEEP_SECONDS, Budget, LocalBudget, Rate
from mcpserver.redis_budget import RedisBudget
from tests.production.support import own_redis

RATE = Rate(per_second=100.0, burst=5.0)


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


async def spent(budget: Budget, share: str, times: int, bucket: str = "b") -> list[float]:
    return [await budget.take(bucket, share, RATE) for _ in range(times)]


def test_a_burst_goes_out_at_once_and_the_next_waits(clock: Clock) -> None:
    waits = asyncio.run(spent(LocalBudget(clock), "alice", 6))
    assert [0.0] * 5 == waits[:5]
    assert pytest.approx(0.01) == waits[5]


def test_tokens_come_back_with_time(clock: Clock) -> None:
    budget = LocalBudget(clock)
    asyncio.run(spent(budget, "alice", 5))
    clock.now += 0.021
    assert [True, True, False] == [w == 0 for w in asyncio.run(spent(budget, "alice", 3))]


def test_buckets_are_apart(clock: Clock) -> None:
    budget = LocalBudget(clock)
    asyncio.run(spent(budget, "alice", 6, "one"))
    assert 0.0 == asyncio.run(budget.take("two", "alice", RATE))


def test_those_who_share_get_even_parts(clock: Clock) -> None:
    budget = LocalBudget(clock)
    taken = {"alice": 0, "bob": 0}

    async def share() -> None:
        await spent(budget, "alice", 100)
        for _ in range(2000):
            clock.now += 0.001
            for name in ("alice", "alice", "alice", "bob"):
                taken[name] += await budget.take("b", name, RATE) == 0.0

    asyncio.run(share())
    assert 195 <= sum(taken.values()) <= 206
    assert abs(taken["alice"] - taken["bob"]) <= 12


def test_tokens_that_nobody_waits_for_are_not_held_back(clock: Clock) -> None:
    budget = LocalBudget(clock)

    async def scan() -> int:
        taken = 0
        for tick in range(2000):
            clock.now += 0.01
            if tick % 100 == 0:  # ten others now and then, who never wait
                await budget.take("b", f"user-{tick // 100 % 10}", RATE)
            taken += await budget.take("b", "scanner", RATE) == 0.0
        return taken

    assert asyncio.run(scan()) >= 1900


@pytest.mark.parametrize("per_minute", [1, 6, 60, 180, 600])
def test_no_minute_sees_more_than_its_limit(clock: Clock, per_minute: int) -> None:
    budget, rate = LocalBudget(clock), Rate.of(per_minute)
    sent: list[float] = []

    async def flood() -> None:
        for _ in range(3000):
            clock.now += 0.1
            while await budget.take("b", "alice", rate) == 0.0:
                sent.append(clock.now)

    asyncio.run(flood())
    busiest = max(sum(start <= each < start + 60 for each in sent) for start in sent)
    assert busiest <= max(2, per_minute)
    assert len(sent) >= 0.7 * per_minute * 5 or per_minute < 60


def test_buckets_that_nobody_asks_are_forgotten_and_the_others_kept(clock: Clock) -> None:
    budget = LocalBudget(clock)

    async def strangers() -> int:
        most = 0
        for number in range(1000):  # one a second
            clock.now += 1
            await budget.take(f"stranger-{number}", "", RATE)
            await budget.take("busy", "alice", Rate(per_second=0.0001, burst=5.0))
            most = max(most, len(budget._buckets))
        return most

    assert IDLE_SECONDS < asyncio.run(strangers()) <= IDLE_SECONDS + SWEEP_SECONDS + 2
    assert budget._buckets["busy"].tokens < 1


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with own_redis() as (_, url):
        yield url


def with_redis(url: str, use: Callable[[list[RedisBudget]], object]) -> None:
    async def run() -> None:
        budgets = [RedisBudget(url), RedisBudget(url)]
        try:
            await use(budgets)  # type: ignore[misc]
        finally:
            for budget in budgets:
                await budget.close()

    asyncio.run(run())


def test_processes_share_a_bucket_in_redis(redis_url: str) -> None:
    slow = Rate(per_second=0.1, burst=5.0)

    async def use(budgets: list[RedisBudget]) -> None:
        waits = [await budgets[n % 2].take("shared", "alice", slow) for n in range(7)]
        assert [0.0] * 5 == waits[:5]
        assert 9.0 < waits[5] <= 10.0

    with_redis(redis_url, use)


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
