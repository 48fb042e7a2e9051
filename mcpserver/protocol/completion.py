"""Completes the arguments of prompts and of resource addresses with names and ids in Infinity."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from weakref import WeakValueDictionary

from django.core.cache import cache
from mcp_types import Completion

from mcpserver.content.turns import give_way
from mcpserver.content.values.names import MAX_NAME_LENGTH, folded, plain
from mcpserver.context import current_caller
from mcpserver.infinity import JsonObject

MAX_VALUES = 100  # the most that MCP allows
MAX_PAGES = 10
SECONDS = 60

# The tool that lists what an argument names, and the arguments that say where.
_LISTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "workspace": ("infinity_list_workspaces", ()),
    "board": ("infinity_list_boards", ("workspace",)),
    "folder": ("infinity_list_folders", ("workspace", "board")),
}

# Calls a tool with these arguments and returns its data.
CallTool = Callable[[str, JsonObject], Awaitable[JsonObject]]
Names = list[tuple[str, str]]  # id and name of each record

_reading: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


class Completions:
    """Completes arguments with what the caller's tools list.

    What was listed is kept for a minute for each key or connection, since clients ask with every
    letter.
    """

    def __init__(self, call: CallTool, may_call: Callable[[str], bool]) -> None:
        self._call, self._may_call = call, may_call

    async def complete(
        self, what: str, typed: str, others: Mapping[str, str], *, as_ids: bool = False
    ) -> Completion:
        """The records of the kind `what` whose name or id begins with `typed`, by name or as ids.

        None for other kinds, for callers who may not list them, and while an argument is missing
        that says where they are. Raises ToolError when they cannot be read.
        """
        tool, needed = _LISTS.get(what, ("", ()))
        if not self._may_call(tool) or not all(others.get(each, "").strip() for each in needed):
            return Completion(values=[])
        place = {f"{each}_id": others[each] for each in needed}
        begin, found = folded(typed), dict[str, None]()
        for id, name in await self._listed(tool, place):
            await give_way()
            if folded(name).startswith(begin) or id.casefold().startswith(begin):
                found[id if as_ids else plain(name) or id] = None
        return Completion(
            values=list(found)[:MAX_VALUES], total=len(found), has_more=len(found) > MAX_VALUES
        )

    async def _listed(self, tool: str, place: Mapping[str, str]) -> Names:
        key = _key(tool, *place.values())
        async with _reading.setdefault(key, asyncio.Lock()):  # letters typed at once read it once
            known: Names | None = await cache.aget(key)
            if known is None:
                known = await self._read(tool, place)
                await cache.aset(key, known, SECONDS)
        return known

    async def _read(self, tool: str, place: Mapping[str, str]) -> Names:
        names: Names = []
        after: JsonObject = {}
        for _ in range(MAX_PAGES):
            page = await self._call(
                tool, {**place, **after, "limit": 100, "response_format": "json"}
            )
            names += [(str(each["id"]), _short_name(each)) for each in page["data"]]
            if not page["has_more"] or not page["after"]:
                break
            after = {"after": page["after"]}
        return names


def _short_name(record: JsonObject) -> str:
    """Its name, or "" without one that an argument may have."""
    name = record.get("name")
    return name if isinstance(name, str) and len(name) <= MAX_NAME_LENGTH else ""


def _key(*parts: str) -> str:
    caller = current_caller()
    whole = "\0".join((caller.credential, str(caller.credential_id), caller.profile.id, *parts))
    return f"completions:{hashlib.sha256(whole.encode()).hexdigest()}"
