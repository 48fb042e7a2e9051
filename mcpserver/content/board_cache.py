"""Caches the records that names refer to: a board's attributes and a workspace's members.

Each list is kept for a minute at most, for one MCP user, in Django's cache. Names refer to what a
tool has shown last.
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

import orjson
from django.core.cache import cache

from mcpserver.content.errors import WrongValue
from mcpserver.content.turns import give_way
from mcpserver.content.values.labels import labels_of
from mcpserver.content.values.names import MEMBER_KEYS, Names, UnknownName, is_uuid
from mcpserver.context import current_caller
from mcpserver.infinity import InfinityClient, InfinityError, JsonObject

SECONDS = 60
ATTRIBUTES, MEMBERS = "attributes", "members"
# The list in which names of each kind are found.
LISTS = {"attribute": ATTRIBUTES, "label": ATTRIBUTES, "member": MEMBERS}


@dataclass(frozen=True)
class Catalogue:
    """A list as it was read. `fresh`: in the call under way, so reading it again is no use."""

    records: list[Any]  # objects; in the cache, the JSON of each
    damaged: int = 0
    read_at: float = field(default_factory=time.time)
    version: str = field(default_factory=lambda: uuid.uuid4().hex)
    fresh: bool = False

    @property
    def age(self) -> str:
        """How old the list is, in words."""
        seconds = max(0, round(time.time() - self.read_at))
        read = "just now" if self.fresh else f"{seconds} s ago"
        return f"{read}, without {self.damaged} damaged" if self.damaged else read


class _Reading:
    """A list that is being read. `changes` counts events since then that made it out of date."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.changes = 0


_readings: WeakValueDictionary[str, _Reading] = WeakValueDictionary()


class Lists:
    """The cached lists of one board, for one call; each is read again at most once."""

    def __init__(self, api: InfinityClient, workspace_id: str, board_id: str = "") -> None:
        self._api, self._workspace_id, self._board_id = api, workspace_id, board_id
        self._known: dict[str, Catalogue] = {}
        self._names: dict[str, Names] = {}
        self._failure = ""

    async def attributes(self) -> list[JsonObject]:
        """The attributes of the board."""
        return (await self._list(ATTRIBUTES)).records

    async def members(self) -> list[JsonObject]:
        """The members of the workspace."""
        return (await self._list(MEMBERS)).records

    async def find_attribute(self, wanted: str) -> JsonObject:
        """The attribute with this id or name. Raises WrongValue with the candidates."""
        return await self.find("attribute", wanted)

    async def find(self, what: str, wanted: Any) -> JsonObject:
        """The record of a kind with this id or name. Raises WrongValue with the candidates."""
        while True:
            try:
                return await (await self.names(what)).find(wanted)
            except UnknownName as fault:
                if not await self.renew({what}):
                    raise WrongValue(f"{fault}. {self.ages}") from None

    async def names(self, what: str) -> Names:
        """The names of attributes or members, prepared once for this call."""
        records = (await self._list(LISTS[what])).records
        if what not in self._names:
            keys = MEMBER_KEYS if what == "member" else ("name",)
            self._names[what] = Names(records, what, keys)
        return self._names[what]

    async def attribute_id(self, wanted: str) -> str:
        """The id behind an id or a name; an id costs no request."""
        if is_uuid(wanted):
            return wanted.strip()
        return str((await self.find_attribute(wanted))["id"])

    async def attribute_ids(self, wanted: Iterable[str]) -> list[str]:
        """The ids behind ids or names, each once, in this order."""
        return list(dict.fromkeys([await self.attribute_id(each) for each in wanted]))

    async def member_id(self, wanted: int | str) -> int | str:
        """The id behind an id, a name or an e-mail; an id costs no request."""
        if isinstance(wanted, int):
            return wanted
        id: int | str = (await self.find("member", wanted))["id"]
        return id

    async def renew(self, kinds: Collection[str]) -> bool:
        """Read the lists of these kinds again. Returns whether any of them was old."""
        names = {LISTS[kind] for kind in kinds}
        old = [name for name, kept in self._known.items() if name in names and not kept.fresh]
        self._names.clear()
        try:
            for name in old:
                self._known[name] = await self._read(name, other_than=self._known[name].version)
        except InfinityError as error:
            self._failure = f" They could not be read again: {error}"
            return False
        return bool(old)

    @property
    def ages(self) -> str:
        """How old the lists are in which names were looked up, in words."""
        ages = [f"{name} read {kept.age}" for name, kept in self._known.items()]
        return f"(From Infinity's list of {' and '.join(ages)}.{self._failure})"

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
    """Drop the board's attributes from the cache, after this user changed one."""
    await _forget(_attributes_key(workspace_id, board_id))


async def forget_members(workspace_id: str) -> None:
    """Drop the workspace's members from the cache, after this user changed them."""
    await _forget(_members_key(workspace_id))


async def attributes_shown(
    workspace_id: str, board_id: str, records: list[JsonObject], *, whole: bool = False
) -> None:
    """Note attributes that this user was just shown. `whole`: they are all of the board's."""
    await _shown(_attributes_key(workspace_id, board_id), records, whole=whole)


async def members_shown(
    workspace_id: str, records: list[JsonObject], *, whole: bool = False
) -> None:
    """Note members that this user was just shown. `whole`: they are all of the workspace's."""
    await _shown(_members_key(workspace_id), records, whole=whole)


def _attributes_key(workspace_id: str, board_id: str) -> str:
    return _key("attributes", workspace_id, board_id)


def _members_key(workspace_id: str) -> str:
    return _key("members", workspace_id)


def _key(*parts: str) -> str:
    caller = current_caller()
    whole = "\0".join((caller.credential, caller.user, caller.profile.id, *parts))
    return f"lists:{hashlib.sha256(whole.encode()).hexdigest()}"


async def _kept(
    key: str, read: Callable[[], Coroutine[Any, Any, Catalogue]], other_than: str
) -> Catalogue:
    """The cached list. If there is none, or it has the version `other_than`, call `read`."""
    reading = _readings.setdefault(key, _Reading())
    async with reading.lock:  # calls at the same time read it once
        packed: Catalogue | None = await cache.aget(key)
        if packed is not None and packed.version != other_than:
            return replace(await _unpacked(packed), fresh=bool(other_than))
        changes = reading.changes
        known = await read()
        packed = await _packed(known)
        if changes == reading.changes:
            await cache.aset(key, packed, SECONDS)
    return replace(known, fresh=True)


async def _packed(known: Catalogue) -> Catalogue:
    """The list for the cache, with records as JSON: pickling the whole list of a large board held
    up other calls, even in a thread."""
    records: list[bytes] = []
    for record in known.records:
        await give_way()
        records.append(orjson.dumps(record))
    return replace(known, records=records)


async def _unpacked(packed: Catalogue) -> Catalogue:
    records: list[JsonObject] = []
    for record in packed.records:
        await give_way()
        records.append(orjson.loads(record))
    return replace(packed, records=records)


async def _all(api: InfinityClient, path: str, **ids: str) -> Catalogue:
    damaged = api.damaged
    records = [record async for record in api.walk(path, **ids)]
    return Catalogue(records, api.damaged - damaged)


async def _forget(key: str) -> None:
    _outdate_reading(key)
    await cache.adelete(key)


async def _shown(key: str, records: list[JsonObject], *, whole: bool) -> None:
    """Cache a whole list; for a part of it, drop the cached list if they differ."""
    _outdate_reading(key)
    if whole:
        await cache.aset(key, await _packed(Catalogue(records)), SECONDS)
        return
    packed: Catalogue | None = await cache.aget(key)
    if packed is None:
        return
    known: dict[str, list[Any]] = {}
    for record in (await _unpacked(packed)).records:
        await give_way()
        known[str(record["id"])] = _compared_fields(record)
    if any(known.get(str(record["id"])) != _compared_fields(record) for record in records):
        await cache.adelete(key)


def _compared_fields(record: JsonObject) -> list[Any]:
    """The fields of a record that names depend on."""
    labels = [(label["id"], label.get("name")) for label in labels_of(record)]
    return [record.get("name"), record.get("email"), record.get("type"), labels]


def _outdate_reading(key: str) -> None:
    """Keep a list that is being read at this moment out of the cache: it may be older."""
    if reading := _readings.get(key):
        reading.changes += 1
