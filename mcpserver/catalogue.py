"""Knows what names stand for: the attributes of a board and the members of a workspace.

Each list is kept for a minute at most, for one MCP user, in Django's cache. What a tool has shown
of a list is what names mean from then on.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

from django.core.cache import cache

from mcpserver.auth import current_caller
from mcpserver.infinity import InfinityClient, InfinityError, JsonObject
from mcpserver.labels import labels_of
from mcpserver.names import MEMBER_KEYS, Names, UnknownName, is_uuid
from mcpserver.params import WrongValue

SECONDS = 60
ATTRIBUTES, MEMBERS = "attributes", "members"
# Which list has the names of this kind.
LISTS = {"attribute": ATTRIBUTES, "label": ATTRIBUTES, "member": MEMBERS}


@dataclass(frozen=True)
class Catalogue:
    """A list as it was read. `fresh`: by the call under way, so that reading again is no use."""

    records: list[JsonObject]
    damaged: int = 0
    read_at: float = field(default_factory=time.time)
    version: str = field(default_factory=lambda: uuid.uuid4().hex)
    fresh: bool = False

    @property
    def told(self) -> str:
        """How old it is."""
        seconds = max(0, round(time.time() - self.read_at))
        age = "just now" if self.fresh else f"{seconds} s ago"
        return f"{age}, without {self.damaged} damaged" if self.damaged else age


class _Reading:
    """One list that is being read. `changes` counts what made it out of date meanwhile."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.changes = 0


_readings: WeakValueDictionary[str, _Reading] = WeakValueDictionary()


class Lists:
    """What names stand for on one board, for one call; each list is read afresh once at most."""

    def __init__(self, api: InfinityClient, workspace_id: str, board_id: str = "") -> None:
        self._api, self._workspace_id, self._board_id = api, workspace_id, board_id
        self._known: dict[str, Catalogue] = {}
        self._trouble = ""

    async def attributes(self) -> list[JsonObject]:
        return (await self._list(ATTRIBUTES)).records

    async def members(self) -> list[JsonObject]:
        return (await self._list(MEMBERS)).records

    async def find_attribute(self, wanted: str) -> JsonObject:
        """By id or name. Raises WrongValue with the candidates."""
        return await self.find("attribute", wanted)

    async def find(self, what: str, wanted: Any) -> JsonObject:
        keys = MEMBER_KEYS if what == "member" else ("name",)
        while True:
            records = (await self._list(LISTS[what])).records
            try:
                return Names(records, what, keys).find(wanted)
            except UnknownName as fault:
                if not await self.renew({what}):
                    raise WrongValue(f"{fault}. {self.told}") from None

    async def attribute_id(self, wanted: str) -> str:
        """The id behind an id or a name; an id costs no request."""
        if is_uuid(wanted):
            return wanted.strip()
        return str((await self.find_attribute(wanted))["id"])

    async def attribute_ids(self, wanted: Iterable[str]) -> list[str]:
        """Each once, in this order."""
        return list(dict.fromkeys([await self.attribute_id(each) for each in wanted]))

    async def member_id(self, wanted: int | str) -> int | str:
        """The id behind an id, a name or an e-mail; an id costs no request."""
        if isinstance(wanted, int):
            return wanted
        id: int | str = (await self.find("member", wanted))["id"]
        return id

    async def renew(self, kinds: Collection[str]) -> bool:
        """Read the lists that names of these kinds are in afresh; whether any of them was old."""
        names = {LISTS[kind] for kind in kinds}
        old = [name for name, kept in self._known.items() if name in names and not kept.fresh]
        try:
            for name in old:
                self._known[name] = await self._read(name, other_than=self._known[name].version)
        except InfinityError as error:
            self._trouble = f" They could not be read again: {error}"
            return False
        return bool(old)

    @property
    def told(self) -> str:
        """How old the lists are that names were looked up in."""
        ages = [f"{name} read {kept.told}" for name, kept in self._known.items()]
        return f"(From Infinity's list of {' and '.join(ages)}.{self._trouble})"

    async def _list(self, name: str) -> Catalogue:
        if name not in self._known:
            self._known[name] = await self._read(name)
        return self._known[name]

    async def _read(self, name: str, other_than: str = "") -> Catalogue:
        if name == ATTRIBUTES:
            path, ids = "workspaces/{ws}/boards/{board}/attributes", {"board": self._board_id}
            key = _attributes_key(self._workspace_id, self._board_id)
        else:
            path, ids, key = "workspaces/{ws}/members", {}, _members_key(self._workspace_id)
        ids["ws"] = self._workspace_id
        return await _kept(key, lambda: _all(self._api, path, **ids), other_than)


async def forget_attributes(workspace_id: str, board_id: str) -> None:
    """Called when this user has changed an attribute of the board."""
    await _forget(_attributes_key(workspace_id, board_id))


async def forget_members(workspace_id: str) -> None:
    """Called when this user has changed who is a member of the workspace."""
    await _forget(_members_key(workspace_id))


async def attributes_shown(
    workspace_id: str, board_id: str, records: list[JsonObject], *, whole: bool = False
) -> None:
    """What this user has just been shown of the board's attributes is what names mean."""
    await _shown(_attributes_key(workspace_id, board_id), records, whole=whole)


async def members_shown(
    workspace_id: str, records: list[JsonObject], *, whole: bool = False
) -> None:
    await _shown(_members_key(workspace_id), records, whole=whole)


def _attributes_key(workspace_id: str, board_id: str) -> str:
    return _key("attributes", workspace_id, board_id)


def _members_key(workspace_id: str) -> str:
    return _key("members", workspace_id)


def _key(*parts: str) -> str:
    caller = current_caller()
    whole = "\0".join((caller.credential, caller.user, caller.profile.id, *parts))
    return f"names:{hashlib.sha256(whole.encode()).hexdigest()}"


async def _kept(
    key: str, read: Callable[[], Coroutine[Any, Any, Catalogue]], other_than: str
) -> Catalogue:
    """The list that is kept, unless it is of the version `other_than`, else as `read` has it."""
    reading = _readings.setdefault(key, _Reading())
    async with reading.lock:  # calls at the same time read it once
        known: Catalogue | None = await cache.aget(key)
        if known is not None and known.version != other_than:
            return replace(known, fresh=bool(other_than))
        changes = reading.changes
        known = await read()
        if changes == reading.changes:
            await cache.aset(key, known, SECONDS)
    return replace(known, fresh=True)


async def _all(api: InfinityClient, path: str, **ids: str) -> Catalogue:
    damaged = api.damaged
    records = [record async for record in api.walk(path, **ids)]
    return Catalogue(records, api.damaged - damaged)


async def _forget(key: str) -> None:
    _outdate_reading(key)
    await cache.adelete(key)


async def _shown(key: str, records: list[JsonObject], *, whole: bool) -> None:
    """A whole list is kept in place of the old one; a part that differs from it ends that one."""
    _outdate_reading(key)
    if whole:
        await cache.aset(key, Catalogue(records), SECONDS)
        return
    kept: Catalogue | None = await cache.aget(key)
    if kept is None:
        return
    known = {str(record["id"]): _meaning(record) for record in kept.records}
    if any(known.get(str(record["id"])) != _meaning(record) for record in records):
        await cache.adelete(key)


def _meaning(record: JsonObject) -> list[Any]:
    """What of a record names depend on."""
    labels = [(label["id"], label.get("name")) for label in labels_of(record)]
    return [record.get("name"), record.get("email"), record.get("type"), labels]


def _outdate_reading(key: str) -> None:
    """What is being read at this moment may be older: it is not to be kept."""
    if reading := _readings.get(key):
        reading.changes += 1
