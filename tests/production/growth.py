"""Does a server leak? Judged from what its memory did while it answered calls."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from statistics import median

# A leak of one small object with each call, such as a dict, is more; what a heap wastes until it
# has settled is less.
MAX_KIB_PER_CALL = 0.25
# As many as it takes to tell a leak from noise in one minute, the second half of a short run.
SAMPLES = 480
STRETCHES = 3

Sample = tuple[int, float]  # calls answered so far, MiB


def kib_per_call(samples: Sequence[Sample]) -> float:
    """By how much memory grows in most stretches: a leak grows in each of them, while a step, such
    as an arena that malloc opens, is in one."""
    size = len(samples) // STRETCHES
    return median(_slope(samples[n * size : (n + 1) * size]) for n in range(STRETCHES))


def _slope(samples: Sequence[Sample]) -> float:
    """The median of those between any two samples, which a moment's peak does not change."""
    slopes = [
        (later_mib - mib) * 1024 / (later - calls)
        for (calls, mib), (later, later_mib) in combinations(samples, 2)
        if later > calls
    ]
    return median(slopes) if slopes else 0.0


def is_leak(samples: Sequence[Sample]) -> bool:
    return kib_per_call(samples) > MAX_KIB_PER_CALL
