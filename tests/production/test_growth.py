"""How scripts/soak tells a leak from what a heap does anyway."""

from __future__ import annotations

import random

import pytest

from tests.production.growth import Sample, is_leak, kib_per_call

SECOND_HALVES = [60, 900]  # seconds: of a run of two minutes, and of half an hour
CALLS_PER_SECOND = 60


def series(seconds: int, leak_kib: float = 0, step_mib: float = 0) -> list[Sample]:
    """One sample a second of a server that has 400 MiB and the noise that was seen: up to 1 MiB to
    and fro, and slow growth by 0.1 KiB a call."""
    noise = random.Random(6)
    calls = [second * CALLS_PER_SECOND for second in range(seconds)]
    return [
        (
            count,
            400
            + count * (leak_kib + 0.1) / 1024
            + noise.uniform(-0.5, 0.5)
            + (step_mib if count > calls[seconds // 2] else 0),
        )
        for count in calls
    ]


@pytest.mark.parametrize("seconds", SECOND_HALVES)
def test_one_kib_with_each_call_is_a_leak(seconds: int) -> None:
    assert is_leak(series(seconds, leak_kib=1))


@pytest.mark.parametrize("seconds", SECOND_HALVES)
@pytest.mark.parametrize("step_mib", [0, 4, -4])
def test_noise_and_a_step_are_none(seconds: int, step_mib: float) -> None:
    assert not is_leak(series(seconds, step_mib=step_mib))


def test_a_server_that_answered_nothing_is_not_judged() -> None:
    assert 0 == kib_per_call([(5, 400.0), (5, 500.0)])
