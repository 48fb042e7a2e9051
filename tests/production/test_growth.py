"""How scripts/soak tells a leak from what a heap does anyway."""

from __future__ import annotations

import random

import pytest

from tests.production.growth import SAMPLES, Sample, is_leak, kib_per_call

# Seconds of the second half, and KiB that were seen to come with each call in it: of a run of two
# minutes, and of half an hour.
SECOND_HALVES = [(60, 0.03), (900, 0.11)]
CALLS_PER_SECOND = 60
SMALL_LEAK = 0.4  # KiB: two dicts of a few entries
RUNS = range(5)


def series(half: tuple[int, float], run: int, leak: float = 0, step: float = 0) -> list[Sample]:
    """Of a server that has 400 MiB and the noise that was seen: up to 1 MiB to and fro. `leak`:
    KiB with each call; `step`: MiB once."""
    seconds, growth = half
    noise = random.Random(run)
    calls = [number * seconds * CALLS_PER_SECOND // SAMPLES for number in range(SAMPLES)]
    return [
        (
            count,
            400
            + count * (leak + growth) / 1024
            + noise.uniform(-0.5, 0.5)
            + (step if count > calls[SAMPLES // 2] else 0),
        )
        for count in calls
    ]


@pytest.mark.parametrize("half", SECOND_HALVES)
def test_a_small_object_with_each_call_is_a_leak(half: tuple[int, float]) -> None:
    assert all(is_leak(series(half, run, leak=SMALL_LEAK)) for run in RUNS)


@pytest.mark.parametrize("half", SECOND_HALVES)
@pytest.mark.parametrize("step", [0, 4, -4])
def test_noise_and_a_step_are_none(half: tuple[int, float], step: float) -> None:
    assert not any(is_leak(series(half, run, step=step)) for run in RUNS)


def test_a_server_that_answered_nothing_is_not_judged() -> None:
    assert 0 == kib_per_call([(5, 400.0), (5, 500.0)])
