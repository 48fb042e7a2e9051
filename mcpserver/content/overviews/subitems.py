"""Finds the sub-items of an item in its folder, within a few requests."""

from __future__ import annotations

from dataclasses import dataclass, field

from mcpserver.content.pages import PAGE_SIZE
from mcpserver.content.turns import give_way
from mcpserver.infinity import InfinityClient, InfinityError, JsonObject
from mcpserver.infinity.records import is_id

MAX_REQUESTS = 5


@dataclass
class Subitems:
    """The sub-items among the first items of the folder. `whole`: those are all of its items."""

    items: list[JsonObject] = field(default_factory=list)
    read: int = 0
    whole: bool = False


async def find_subitems(api: InfinityClient, item: JsonObject, at: dict[str, str]) -> Subitems:
    """The sub-items of an item in its folder, where Infinity makes them, within MAX_REQUESTS
    requests. Raises the InfinityError of the first request; a later one ends the search."""
    found, after = Subitems(), None
    seen: set[str | None] = {None, ""}
    query: JsonObject = {"folder_id": folder_id_of(item), "expand": ["values"], "limit": PAGE_SIZE}
    for _ in range(MAX_REQUESTS):
        try:
            page = await api.list(
                "workspaces/{ws}/boards/{board}/items", {**query, "after": after}, **at
            )
        except InfinityError:
            if not found.read:
                raise
            return found
        found.read += len(page["data"])
        for record in page["data"]:
            await give_way()
            if str(record.get("parent_id")) == str(item["id"]):
                found.items.append(record)
        after = page["after"]
        if not page["has_more"] or after in seen:
            found.whole = True
            return found
        seen.add(after)
    return found


def folder_id_of(item: JsonObject) -> str:
    """The id of the item's folder, which the expanded folder may replace."""
    folder = item.get("folder")
    ids = (item.get("folder_id"), folder.get("id") if isinstance(folder, dict) else None)
    return next((str(id) for id in ids if is_id(id)), "")
