"""Caches the lists of records that names refer to, such as the attributes of a board.

Each list is kept for a minute at most, for one MCP user, in Django's cache. Names refer to what a
tool has shown last.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
import uuid
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

import orjson
from django.core.cache import cache

from mcpserver.content.turns import give_way
from mcpserver.content.values.labels import labels_of
from mcpserver.content.values.names import MEMBER_KEYS, Names, UnknownName
from mcpserver.context import current_caller
from mcpserver.infinity import InfinityClient, InfinityError, JsonObject

SECONDS = 60
WORKSPACES, BOARDS, FOLDERS, VIEWS = "workspaces", "boards", "folders", "views"
ATTRIBUTES, MEMBERS = "attributes", "members"
# The list in which names of each kind are found.
LISTS = {
    "workspace": WORKSPACES,
    "board": BOARDS,
    "folder": FOLDERS,
    "view": VIEWS,
    "attribute": ATTRIBUTES,
    "label": ATTRIBUTES,
    "member": MEMBERS,
}
_PATHS = {
    WORKSPACES: "workspaces",
    MEMBERS: "workspaces/{ws}/members",
    BOARDS: "workspaces/{ws}/boards",
    **{name: f"workspaces/{{ws}}/boards/{{board}}/{name}" for name in (FOLDERS, VIEWS, ATTRIBUTES)},
}
_WHOLE_RECORDS = (ATTRIBUTES, MEMBERS)  # of others, these fields are kept:
_FIELDS = ("id", "name", "parent_id", "folder_id")


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
    """The cached lists of one board and its workspace, for one call; each is read again at most
    once. Without a board or a workspace, only lists that are not theirs can be read."""

    def __init__(self, api: InfinityClient, workspace_id: str = "", board_id: str = "") -> None:
        self._api, self._place = api, (workspace_id, board_id)
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
        """The attribute with this id or name. Raises UnknownName with the candidates."""
        return await self.find("attribute", wanted)

    async def find(self, what: str, wanted: Any) -> JsonObject:
        """The record of a kind with this id or name. Raises UnknownName with the candidates."""
        while True:
            try:
                return await (await self.names(what)).find(wanted)
            except UnknownName as fault:
                if not await self.renew({what}):
                    fault.args = (f"{fault}. {self.ages}",)
                    raise

    async def names(self, what: str) -> Names:
        """The names of records of a kind, prepared once for this call."""
        records = (await self._list(LISTS[what])).records
        if what not in self._names:
            keys = MEMBER_KEYS if what == "member" else ("name",)
            self._names[what] = Names(records, what, keys, _wheres(what, records))
        return self._names[what]

    async def read_afresh(self, kind: str) -> None:
        """Read the list of a kind again unless it was read in this call. Where that fails, the list
        stays as it is."""
        await self._list(LISTS[kind])
        await self.renew({kind})

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
        ids = _ids(name, *self._place)
        return await _kept(_key(name, ids), lambda: _all(self._api, name, ids), other_than)


async def forget(name: str, workspace_id: str = "", board_id: str = "") -> None:
    """Drop a list from the cache, after this user changed one of its records."""
    key = _key(name, _ids(name, workspace_id, board_id))
    _outdate_reading(key)
    await cache.adelete(key)


async def shown(
    name: str,
    records: list[JsonObject],
    workspace_id: str = "",
    board_id: str = "",
    *,
    whole: bool = False,
) -> None:
    """Note records of a list that this user was just shown. `whole`: they are all of it."""
    key = _key(name, _ids(name, workspace_id, board_id))
    records = [_kept_fields(name, record) for record in records]
    _outdate_reading(key)
    if whole:
        await cache.aset(key, await _packed(Catalogue(records)), SECONDS)
    elif await _differ(records, await cache.aget(key)):
        await cache.adelete(key)


def _ids(name: str, workspace_id: str, board_id: str) -> dict[str, str]:
    """The ids in the path of a list."""
    ids = {"ws": workspace_id, "board": board_id}
    return {key: id for key, id in ids.items() if f"{{{key}}}" in _PATHS[name]}


def _key(name: str, ids: dict[str, str]) -> str:
    caller = current_caller()
    parts = (caller.credential, caller.user, caller.profile.id, name, *ids.values())
    return f"lists:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"


def _kept_fields(name: str, record: JsonObject) -> JsonObject:
    if name in _WHOLE_RECORDS:
        return record
    return {field: record[field] for field in _FIELDS if field in record}


def _wheres(what: str, records: list[JsonObject]) -> Callable[[JsonObject], str] | None:
    """A function that says where a record is, to tell records of the same name apart."""
    if what == "folder":
        names = {str(record["id"]): record.get("name") for record in records}
        return lambda folder: _where(
            names.get(str(folder.get("parent_id"))) or folder.get("parent_id"), "at the top"
        )
    if what == "view":
        return lambda view: _where(view.get("folder_id"), "in no folder")
    return None


def _where(parent: Any, without: str) -> str:
    return f" (in {str(parent)[:60]!r})" if parent else f" ({without})"


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


async def _all(api: InfinityClient, name: str, ids: dict[str, str]) -> Catalogue:
    damaged = api.damaged
    records = [_kept_fields(name, record) async for record in api.walk(_PATHS[name], **ids)]
    return Catalogue(records, api.damaged - damaged)


async def _differ(records: list[JsonObject], packed: Catalogue | None) -> bool:
    """Whether any of the records is not the same in the cached list."""
    if packed is None:
        return False
    known: dict[str, list[Any]] = {}
    for record in (await _unpacked(packed)).records:
        await give_way()
        known[str(record["id"])] = _compared_fields(record)
    return any(known.get(str(record["id"])) != _compared_fields(record) for record in records)


def _compared_fields(record: JsonObject) -> list[Any]:
    """The fields of a record that names depend on."""
    labels = [(label["id"], label.get("name")) for label in labels_of(record)]
    return [record.get("name"), record.get("email"), record.get("type"), labels]


def _outdate_reading(key: str) -> None:
    """Keep a list that is being read at this moment out of the cache: it may be older."""
    if reading := _readings.get(key):
        reading.changes += 1
