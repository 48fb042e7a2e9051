"""Replaces names by ids in the arguments of a tool.

What has the form of an id is taken as one and costs no request. Only when Infinity refuses it, it
is looked up as a name, because "Sprint23abc" may be either; so are names whose list is not fresh.
A list may be a minute old when a call reads. Calls that write read it afresh for the names of
workspaces, boards and folders, so that nothing is written to a place that has another name now.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, get_args, get_origin

from mcpserver.content.board_cache import Lists
from mcpserver.content.values.names import UnknownName, is_uuid
from mcpserver.context import current_call
from mcpserver.infinity import InfinityClient, InfinityError, JsonObject
from mcpserver.infinity.errors import Forbidden, Invalid, NotFound, Refused

_NUMBER = re.compile(r"\d{1,19}", re.ASCII)
_BASE58 = re.compile(r"[1-9A-HJ-NP-Za-km-z]{11}")
_PLACES = ("workspace", "board", "folder")
_WORD = re.compile(r"[A-Za-z][a-z]{10}|[A-Z]{11}")  # one of 4,000 ids is such a word


@dataclass(frozen=True)
class NamedId:
    """Marks the type of a parameter that takes an id or a name of this kind."""

    kind: str


def named_ids(parameters: Sequence[Parameter]) -> dict[str, str]:
    """The kinds of the parameters that are marked with NamedId, by the parameters' names."""
    kinds = {each.name: _kind(each.annotation) for each in parameters}
    return {name: kind for name, kind in kinds.items() if kind}


def looks_like_id(text: str) -> bool:
    """Whether a text has the form of any id of Infinity."""
    return is_uuid(text) or _is_number(text) or _is_base58(text)


async def call_with_ids(
    function: Callable[..., Awaitable[JsonObject]],
    arguments: JsonObject,
    kinds: Mapping[str, str],
    *,
    changes: bool = False,
) -> JsonObject:
    """Call `function`, which `changes` something or only reads, with ids in place of names.
    Raises UnknownName with the candidates.

    If Infinity knows no such record, or lists nothing in such a folder, ids and old names are
    looked up once more. Only if that finds others, and no change was made, the function is called
    again.
    """
    if not kinds:
        return await function(**arguments)
    places = _Places(arguments, kinds, changes=changes)
    found = None
    try:
        found = await places.ids()
        result = await function(**{**arguments, **found})
        if not _lists_nothing(result):
            return result
        afresh = await places.ids_after_nothing()
        if afresh in (None, found):
            return result
    except Refused as error:
        afresh = await places.ids_after(error)
        if afresh in (None, found):
            raise
    return await function(**{**arguments, **(afresh or {})})


class _Places:
    """The ids in the arguments of one call."""

    def __init__(self, arguments: JsonObject, kinds: Mapping[str, str], *, changes: bool) -> None:
        self._api: InfinityClient = arguments["api"]
        self._kinds, self._changes = kinds, changes
        self._given = {
            name: arguments[name]
            for name in kinds
            if isinstance(arguments.get(name), str | int | list)
        }
        self._lists: dict[tuple[str, str], Lists] = {}

    async def ids(self, doubted: Collection[str] = ()) -> JsonObject:
        """The ids by parameter; workspace and board come first. What is `doubted` is looked up
        although it has the form of an id, or was found in a list that is not fresh."""
        ids: JsonObject = {}
        for name, given in self._given.items():
            at = (ids.get("workspace_id", ""), ids.get("board_id", ""))
            lists, kind = self._lists.setdefault(at, Lists(self._api, *at)), self._kinds[name]
            wanted = given if isinstance(given, list) else [given]
            if self._changes and kind in _PLACES and not all(_has_form(kind, x) for x in wanted):
                await lists.read_afresh(kind)
            found = [await _id(lists, kind, each, is_doubted=name in doubted) for each in wanted]
            ids[name] = list(dict.fromkeys(found)) if isinstance(given, list) else found[0]
        _note(ids)
        return ids

    async def ids_after(self, error: Refused) -> JsonObject | None:
        """The ids after a second look at those that may have caused the error; None without any,
        or when a change was made."""
        return await self._ids_doubting([each for each in self._given if _may_cause(error, each)])

    async def ids_after_nothing(self) -> JsonObject | None:
        """As `ids_after`, when the list of a folder is empty, as that of an unknown one may be."""
        return await self._ids_doubting([each for each in self._given if each == "folder_id"])

    async def _ids_doubting(self, doubted: Collection[str]) -> JsonObject | None:
        if not doubted or self._api.has_written:
            return None
        try:
            return await self.ids(doubted)
        except InfinityError:
            return None


async def _id(lists: Lists, kind: str, wanted: str | int, *, is_doubted: bool) -> str | int:
    if not _has_form(kind, wanted):
        if is_doubted:
            await lists.renew({kind})
        record = await lists.find(kind, wanted)
    elif is_doubted and kind in _PLACES:
        try:
            record = await lists.find(kind, wanted)
        except UnknownName as fault:
            if fault.candidates:  # it is no name either
                return wanted
            raise
    else:
        return wanted
    id: str | int = record["id"]
    return id if kind == "member" else str(id)


def _has_form(kind: str, wanted: str | int) -> bool:
    """Whether this is an id of the kind by its form."""
    if isinstance(wanted, int):
        return True
    match kind:
        case "workspace" | "member":
            return _is_number(wanted)
        case "board" | "folder":
            return _is_base58(wanted)
    return is_uuid(wanted)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_base58(text: str) -> bool:
    return _BASE58.fullmatch(text) is not None and _WORD.fullmatch(text) is None


def _lists_nothing(result: JsonObject) -> bool:
    """Whether a result is a page without records, and the last."""
    return result.get("data") == [] and result.get("has_more") is False


def _may_cause(error: Refused, name: str) -> bool:
    """Whether Infinity may have refused a call because of this parameter."""
    if isinstance(error, Forbidden):  # as for a workspace of others with this number
        return name == "workspace_id"
    if isinstance(error, Invalid):
        return re.search(rf"\b{name}\b", str(error)) is not None
    return isinstance(error, NotFound)


def _note(ids: JsonObject) -> None:
    """Note single ids for the audit log."""
    current_call().ids.update(
        {name: str(id) for name, id in ids.items() if not isinstance(id, list)}
    )


def _kind(annotation: Any) -> str | None:
    arms = get_args(annotation)
    if get_origin(annotation) is Annotated:
        marks = [each.kind for each in annotation.__metadata__ if isinstance(each, NamedId)]
        if marks:
            return str(marks[0])
        arms = arms[:1]
    return next((kind for arm in arms if (kind := _kind(arm))), None)
