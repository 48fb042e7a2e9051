"""Reads pages until enough records match, because Infinity cannot filter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from mcpserver.content.pages import Position
from mcpserver.infinity import JsonObject, errors

# No further page is read when less time is left before the call's deadline.
LAST_PAGE_SECONDS = 10.0

# After these errors, a later call can continue the scan.
PASSING = (
    errors.RateLimited,
    errors.BudgetSpent,
    errors.UpstreamFailure,
    errors.ConnectionLost,
    errors.Unreachable,
    errors.Overdue,
    errors.TooLate,
)

ReadPage = Callable[[str | None], Awaitable[JsonObject]]
Report = Callable[[int, int], Awaitable[None]]


async def matching(
    read_page: ReadPage,
    matches: Callable[[JsonObject], bool],
    *,
    start: Position,
    limit: int,
    seconds_left: Callable[[], float],
    report: Report,
) -> JsonObject:
    """Read at most `limit` matching records from `start` on: `{has_more, before, after, data}` and
    `cursors`, which lead to each of the records.

    Once something has been read, it ends early, with a cursor to continue from, when the time or
    Infinity's rate budget is spent. `report(read, found)` is called for each page.
    """
    found: list[JsonObject] = []
    cursors: list[str] = []
    position, read = start, 0
    passed = {start.cursor}

    def page_of(going_on: Position | None) -> JsonObject:
        after = going_on.text if going_on else None
        page = {"has_more": after is not None, "before": None, "after": after, "data": found}
        return {**page, "cursors": cursors}

    while True:
        try:
            page = await read_page(position.cursor)
        except PASSING:
            if not read:
                raise
            return page_of(position)
        for record in filter(matches, position.rest_of(page["data"])):
            here = replace(position, next_id=record["id"], last_id=None)
            if len(found) == limit:
                return page_of(here)
            found.append(record)
            cursors.append(here.text)
        read += len(page["data"])
        await report(read, len(found))
        if not page["has_more"] or page["after"] in {None, "", *passed}:
            return page_of(None)
        passed.add(page["after"])
        position = Position(cursor=page["after"])
        if seconds_left() < LAST_PAGE_SECONDS:
            return page_of(position)
