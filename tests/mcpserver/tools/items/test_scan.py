"""Long reads of boards of all sizes: no item is lost or repeated when they are interrupted."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count

import pytest

from mcpserver.content.filtered_pages import matching
from mcpserver.content.pages import Position, cut_by
from mcpserver.infinity import InfinityError, JsonObject, errors

STOPS = [
    errors.BudgetSpent("later", retry_after=1),
    errors.RateLimited("later", status=429),
    errors.UpstreamFailure("later", status=503),
    errors.ConnectionLost("later"),
    errors.Overdue("later"),
]

Fail = Callable[[int], InfinityError | None]


@dataclass
class Board:
    """Items in pages of `size`; `fail` gives what goes wrong at the n-th reading, from 1."""

    items: list[JsonObject]
    size: int
    fail: Fail = lambda reading: None
    readings: count[int] = field(default_factory=lambda: count(1))
    reported: list[tuple[int, int]] = field(default_factory=list)

    async def page(self, after: str | None) -> JsonObject:
        error = self.fail(next(self.readings))
        if error:
            raise error
        start = 0 if after is None else int(after)
        end = start + self.size
        more = end < len(self.items)
        return {"data": self.items[start:end], "has_more": more, "after": str(end)}

    async def report(self, read: int, found: int) -> None:
        self.reported.append((read, found))

    def scan(
        self, start: Position, limit: int, seconds_left: Callable[[], float] = lambda: 45.0
    ) -> JsonObject:
        return asyncio.run(
            matching(
                self.page,
                lambda item: bool(item["own"]),
                start=start,
                limit=limit,
                seconds_left=seconds_left,
                report=self.report,
            )
        )


def board(choice: random.Random) -> Board:
    items = [{"id": str(n), "own": choice.random() < 0.3} for n in range(choice.randrange(60))]
    return Board(items, size=choice.randrange(1, 12))


def walk(scan: Callable[[Position], JsonObject]) -> list[JsonObject]:
    found: list[JsonObject] = []
    position = Position()
    for _ in range(200):
        page = scan(position)
        found += page["data"]
        assert page["has_more"] == (page["after"] is not None)
        if not page["has_more"]:
            return found
        position = Position.of(page["after"]) or Position()
    raise AssertionError("The scan does not end.")


@pytest.mark.parametrize("seed", range(50))
def test_any_limit_finds_everything_once(seed: int) -> None:
    choice = random.Random(seed)
    scanned = board(choice)
    limit = choice.randrange(1, 8)
    found = walk(lambda position: scanned.scan(position, limit))
    assert [item for item in scanned.items if item["own"]] == found


@pytest.mark.parametrize("seed", range(50))
def test_a_page_that_is_cut_goes_on_with_what_is_left_out(seed: int) -> None:
    choice = random.Random(seed)
    scanned = board(choice)

    def scan(position: Position) -> JsonObject:
        page = scanned.scan(position, choice.randrange(1, 8))
        kept = choice.randrange(1, 4)
        return cut_by(page["cursors"])(page, kept) if kept < len(page["data"]) else page

    assert [item for item in scanned.items if item["own"]] == walk(scan)


@pytest.mark.parametrize("seed", range(50))
def test_what_stops_a_scan_loses_nothing(seed: int) -> None:
    choice = random.Random(seed)

    def fail(reading: int) -> InfinityError | None:
        return choice.choice([*STOPS, None]) if reading % 2 == 0 else None

    scanned = board(choice)
    scanned.fail = fail

    def scan(position: Position) -> JsonObject:
        scanned.readings = count(1)  # a new call: its first reading succeeds
        return scanned.scan(position, 5, lambda: choice.choice([45.0, 5.0]))

    assert [item for item in scanned.items if item["own"]] == walk(scan)


@pytest.mark.parametrize("error", STOPS)
def test_what_stops_the_first_reading_is_told(error: InfinityError) -> None:
    scanned = Board([{"id": "1", "own": True}], size=1, fail=lambda reading: error)
    with pytest.raises(type(error)):
        scanned.scan(Position(), 5)


def test_each_page_is_reported() -> None:
    scanned = Board([{"id": str(n), "own": n % 2 == 0} for n in range(10)], size=4)
    scanned.scan(Position(), 100)
    assert [(4, 2), (8, 4), (10, 5)] == scanned.reported


@pytest.mark.parametrize("cursors", [[None], [""], ["a", "a"], ["a", "b", "a"]])
def test_cursors_that_lead_nowhere_end_the_scan(cursors: list[str | None]) -> None:
    remaining = iter(cursors)
    scanned = Board([], size=1)

    async def page(after: str | None) -> JsonObject:
        return {"data": [], "has_more": True, "after": next(remaining)}

    scanned.page = page  # type: ignore[method-assign]
    assert not scanned.scan(Position(), 5)["has_more"]
    assert [] == list(remaining)
