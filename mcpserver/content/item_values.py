"""Converts the values of an item from the forms that agents write to those that Infinity takes.

Agents write names of attributes, labels and members; Infinity takes ids. All values that are
unknown, ambiguous or of the wrong kind are refused together, before anything is written, with the
candidates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import MISSING

from mcpserver.content.blank import is_blank
from mcpserver.content.board_cache import Lists
from mcpserver.content.errors import WrongValue
from mcpserver.content.titles import title_attribute
from mcpserver.content.turns import give_way
from mcpserver.content.values import left_out
from mcpserver.content.values.caps import MAX_IN_VALUES
from mcpserver.content.values.conversions import (
    NO_MEMBERS,
    converted,
    kind_of,
    needs_members,
    parsed_default,
)
from mcpserver.content.values.names import Names, UnknownName
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.infinity.errors import Invalid

MAX_LISTED = 20
MAX_LONG_TEXTS = 200_000  # characters, in one call


@dataclass(frozen=True)
class ItemValuesInput:
    """The values of one call, as the tool's four parameters give them."""

    values: JsonObject | MISSING = MISSING
    values_by_name: JsonObject | MISSING = MISSING
    name: str | MISSING = MISSING
    title: str | MISSING = MISSING

    @property
    def named(self) -> list[tuple[str, Any]]:
        """Pairs of an attribute's id or name and a value."""
        entries: list[tuple[str, Any]] = []
        for mapping in (self.values, self.values_by_name):
            if mapping is not MISSING:
                entries += mapping.items()
        return entries


async def item_values(lists: Lists, written: ItemValuesInput) -> list[JsonObject]:
    """Convert values to Infinity's `[{attribute_id, data}]`. Raises WrongValue."""
    title = _title(written)
    if not written.named and title is None:
        return []
    while True:
        values, faults = await _converted(written.named, title, lists)
        if not faults:
            return values
        unknown = {fault.what for fault in faults if isinstance(fault, UnknownName)}
        if not await lists.renew(unknown):
            raise WrongValue(f"Nothing was written: {_joined(faults)}. {lists.ages}")


async def default_data(
    api: InfinityClient, workspace_id: str, board_id: str, attribute: JsonObject, data: Any
) -> Any:
    """Convert the default of an attribute, which has the forms of a value. Raises WrongValue."""
    lists = Lists(api, workspace_id, board_id)
    data = parsed_default(attribute, data)
    while True:
        try:
            people = await _people(lists, [(attribute, data)])
            return await converted(attribute, data, people)
        except WrongValue as fault:
            # `attribute` has the labels that are to be stored; only members may be out of date.
            unknown = {"member"} if isinstance(fault, UnknownName) else set()
            if not await lists.renew(unknown):
                raise WrongValue(f"Nothing was written: default_data: {fault}.") from None


@asynccontextmanager
async def faults_named(lists: Lists, values: list[JsonObject]) -> AsyncIterator[None]:
    """Puts names of attributes into Infinity's errors, which give the places of values instead."""
    try:
        yield
    except Invalid as error:
        attributes = await lists.attributes()
        names = {attribute["id"]: attribute.get("name") for attribute in attributes}
        places = {str(n): names.get(each["attribute_id"]) for n, each in enumerate(values)}

        def named(place: re.Match[str]) -> str:
            return repr(places[place[1]]) if places.get(place[1]) else place[0]

        error.args = (re.sub(r"values\.(\d+)(\.data)?", named, str(error)),)
        raise


async def _people(lists: Lists, chosen: list[tuple[JsonObject, Any]]) -> Names:
    """The members, if a value names any."""
    if not any(needs_members(*each) for each in chosen):
        return NO_MEMBERS
    return await lists.names("member")


async def _converted(
    named: list[tuple[str, Any]], title: str | None, lists: Lists
) -> tuple[list[JsonObject], list[WrongValue]]:
    attributes = await lists.attributes()
    chosen, faults = await _chosen(named, await lists.names("attribute"))
    if title is not None:
        try:
            chosen.append((await _title_attribute(attributes), title))
        except UnknownName as fault:
            faults.append(fault)
    if too_long := _too_long(chosen):
        return [], [too_long]
    faults += _repeated(chosen)
    people = await _people(lists, chosen)
    values: list[JsonObject] = []
    entries = 0
    for attribute, data in chosen:
        await give_way()
        try:
            data = await converted(attribute, data, people)
            entries += len(data) if isinstance(data, list) else 0
            if entries > MAX_IN_VALUES:  # entries sent as text were not counted before
                raise WrongValue(f"takes at most {MAX_IN_VALUES:,} list entries at once")
            values.append({"attribute_id": attribute["id"], "data": data})
        except WrongValue as fault:
            fault.args = (f"{_name(attribute)!r}: {fault}",)
            faults.append(fault)
    return values, faults


def _joined(faults: list[WrongValue]) -> str:
    """All faults in one text, with the candidates for unknown attributes only once."""
    unknown = [f for f in faults if isinstance(f, UnknownName) and f.what == "attribute"]
    texts = [str(fault) for fault in faults if fault not in unknown]
    named = [f for f in unknown if f.candidates]
    texts = [str(fault) for fault in unknown if not fault.candidates] + texts
    if len(named) == 1:
        texts.insert(0, str(named[0]))
    elif named:
        names = ", ".join(repr(fault.wanted) for fault in named[:MAX_LISTED])
        more = f" and {len(named) - MAX_LISTED} more" if len(named) > MAX_LISTED else ""
        texts.insert(0, f"there is no attribute {names}{more}; there are: {named[0].candidates}")
    rest = [f"and {len(texts) - MAX_LISTED} more faults"] if len(texts) > MAX_LISTED else []
    return "; ".join(texts[:MAX_LISTED] + rest)


def _name(attribute: JsonObject) -> str:
    return str(attribute.get("name") or attribute["id"])[:100]


def _title(written: ItemValuesInput) -> str | None:
    """The title, or None. A blank one counts as left out; only `values` can empty a title."""
    both = {"name": written.name, "title": written.title}
    texts = {name: text for name, text in both.items() if text is not MISSING}
    if invisible := [name for name, text in texts.items() if is_blank(text)]:
        left_out.note_ignored(invisible)
    given = {text for text in texts.values() if not is_blank(text)}
    if len(given) > 1:
        raise WrongValue("name and title mean the same here, and differ: give one of them.")
    return given.pop() if given else None


async def _title_attribute(attributes: list[JsonObject]) -> JsonObject:
    if attribute := await title_attribute(attributes):
        return attribute
    message = "this board has no text attribute that could be the item's title"
    raise UnknownName(message, what="attribute", wanted="Name")


async def _chosen(
    entries: list[tuple[str, Any]], names: Names
) -> tuple[list[tuple[JsonObject, Any]], list[WrongValue]]:
    chosen: list[tuple[JsonObject, Any]] = []
    faults: list[WrongValue] = []
    for key, data in entries:
        try:
            chosen.append((await names.find(key), data))
        except WrongValue as fault:
            faults.append(fault)
    return chosen, faults


def _too_long(chosen: list[tuple[JsonObject, Any]]) -> WrongValue | None:
    texts = [data for attribute, data in chosen if kind_of(attribute) == "longtext"]
    size = sum(len(text) for text in texts if isinstance(text, str))
    if size <= MAX_LONG_TEXTS:
        return None
    return WrongValue(
        f"the long texts of one call have {size:,} characters, more than {MAX_LONG_TEXTS:,}"
    )


def _repeated(chosen: list[tuple[JsonObject, Any]]) -> list[WrongValue]:
    times = Counter(attribute["id"] for attribute, _ in chosen)
    names = {attribute["id"]: _name(attribute) for attribute, _ in chosen}
    return [WrongValue(f"{names[id]!r} is given twice") for id in times if times[id] > 1]
