"""Reads pages until enough records match, because Infinity cannot filter."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import orjson

from mcpserver.content.errors import WrongValue
from mcpserver.infinity import JsonObject, errors

PAGE_SIZE = 100
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


@dataclass(frozen=True)
class Position:
    """Where a scan continues: an upstream cursor, and the id of the next record of its page.

    Upstream cursors are opaque and point to the ends of pages only, so a scan that stops within a
    page reads that page again.
    """

    after: str | None = None
    next_id: str | None = None

    @property
    def cursor(self) -> str:
        """The position as text."""
        return base64.urlsafe_b64encode(orjson.dumps([self.after, self.next_id])).decode()

    @classmethod
    def of(cls, cursor: str) -> Position:
        """The position of a cursor. Raises WrongValue for one that this tool did not make."""
        try:
            parts = orjson.loads(base64.urlsafe_b64decode(cursor))
        except ValueError:  # neither base64 nor JSON
            parts = None
        match parts:
            case [str() | None as after, str() | None as next_id]:
                return cls(after, next_id)
        raise WrongValue("after is not a cursor of this tool: leave it out to begin at the start.")

    def unread(self, records: list[JsonObject]) -> list[JsonObject]:
        """The rest of the page, or all of it when the next record is gone: better twice than not
        at all."""
        ids = [record.get("id") for record in records]
        return records[ids.index(self.next_id) :] if self.next_id in ids else records


async def matching(
    read_page: ReadPage,
    matches: Callable[[JsonObject], bool],
    *,
    start: Position,
    limit: int,
    seconds_left: Callable[[], float],
    report: Report,
) -> JsonObject:
    """Read at most `limit` matching records from `start` on: `{has_more, before, after, data}`.

    Once something has been read, it ends early, with a cursor to continue from, when the time or
    Infinity's rate budget is spent. `report(read, found)` is called for each page.
    """
    found: list[JsonObject] = []
    position, read = start, 0
    passed = {start.after}
    while True:
        try:
            page = await read_page(position.after)
        except PASSING:
            if not read:
                raise
            return _page(found, position, more=True)
        for record in filter(matches, position.unread(page["data"])):
            if len(found) == limit:
                return _page(found, Position(position.after, record["id"]), more=True)
            found.append(record)
        read += len(page["data"])
        await report(read, len(found))
        if not page["has_more"] or page["after"] in {None, "", *passed}:
            return _page(found, position, more=False)
        passed.add(page["after"])
        position = Position(page["after"])
        if seconds_left() < LAST_PAGE_SECONDS:
            return _page(found, position, more=True)


def _page(found: list[JsonObject], position: Position, *, more: bool) -> JsonObject:
    after = position.cursor if more else None
    return {"has_more": more, "before": None, "after": after, "data": found}
