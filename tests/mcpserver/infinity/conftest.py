from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest

from tests.mcpserver.infinity.upstream import FaultyInfinity
from tests.support import Infinity


@pytest.fixture(scope="session")
def control() -> Iterator[httpx2.Client]:
    with httpx2.Client() as http:
        yield http


@pytest.fixture
def faulty(infinity: Infinity, control: httpx2.Client) -> Iterator[FaultyInfinity]:
    """The sandbox as new, and sound again afterwards."""
    faulty = FaultyInfinity(infinity, control)
    faulty.reset()
    yield faulty
    faulty.reset()
