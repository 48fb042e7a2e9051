"""The values of an item as agents write them, and as Infinity takes them.

Agents name attributes, labels and members; Infinity wants ids. What is unknown, ambiguous or of the
wrong kind is refused before anything is written, all of it at once, with the candidates.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import MISSING

from mcpserver import left_out
from mcpserver.caps import MOST_IN_VALUES
from mcpserver.catalogue import Lists
from mcpserver.conversions import converted, default_meant, kind_of, needs_members
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.infinity.errors import Invalid
from mcpserver.names import Names, UnknownName, folded, plain
from mcpserver.params import WrongValue

MAX_TOLD = 20
MAX_LONG_TEXTS = 200_000  # characters, in one call


@dataclass(frozen=True)
class Written:
    """The values of one call, as the tool's four parameters give them."""

    values: JsonObject | MISSING = MISSING
    values_by_name: JsonObject | MISSING = MISSING
    name: str | MISSING = MISSING
    title: str | MISSING = MISSING

    @property
    def named(self) -> list[tuple[str, Any]]:
        entries: list[tuple[str, Any]] = []
        for mapping in (self.values, self.values_by_name):
            if mapping is not MISSING:
                entries += mapping.items()
        return entries


async def item_values(
    api: InfinityClient, workspace_id: str, board_id: str, written: Written
) -> list[JsonObject]:
    """Infinity's `[{attribute_id, data}]`. Raises WrongValue."""
    title = _title(written)
    if not written.named and title is None:
        return []
    lists = Lists(api, workspace_id, board_id)
    while True:
        values, faults = await _converted(written.named, title, lists)
        if not faults:
            return values
        unknown = {fault.what for fault in faults if isinstance(fault, UnknownName)}
        if not await lists.renew(unknown):
            raise WrongValue(f"Nothing was written: {_told(faults)}. {lists.told}")


async def default_data(
    api: InfinityClient, workspace_id: str, board_id: str, attribute: JsonObject, data: Any
) -> Any:
    """The default of an attribute, in the same forms as a value. Raises WrongValue."""
    lists = Lists(api, workspace_id, board_id)
    data = default_meant(attribute, data)
    while True:
        try:
            people = await lists.members() if needs_members(attribute, data) else []
            return await converted(attribute, data, people)
        except WrongValue as fault:
            # The labels of `attribute` are those it is to have; members may be newer.
            unknown = {"member"} if isinstance(fault, UnknownName) else set()
            if not await lists.renew(unknown):
                raise WrongValue(f"Nothing was written: default_data: {fault}.") from None


@asynccontextmanager
async def faults_named(
    api: InfinityClient, workspace_id: str, board_id: str, values: list[JsonObject]
) -> AsyncIterator[None]:
    """Infinity tells a wrong value by its place in the list: say the attribute's name instead."""
    try:
        yield
    except Invalid as error:
        attributes = await Lists(api, workspace_id, board_id).attributes()
        names = {attribute["id"]: attribute.get("name") for attribute in attributes}
        places = {str(n): names.get(each["attribute_id"]) for n, each in enumerate(values)}

        def named(place: re.Match[str]) -> str:
            return repr(places[place[1]]) if places.get(place[1]) else place[0]

        error.args = (re.sub(r"values\.(\d+)(\.data)?", named, str(error)),)
        raise


async def _converted(
    named: list[tuple[str, Any]], title: str | None, lists: Lists
) -> tuple[list[JsonObject], list[WrongValue]]:
    attributes = await lists.attributes()
    chosen, faults = _chosen(named, attributes)
    if title is not None:
        try:
            chosen.append((_title_attribute(attributes), title))
        except UnknownName as fault:
            faults.append(fault)
    if too_long := _too_long(chosen):
        return [], [too_long]
    faults += _repeated(chosen)
    people = await lists.members() if any(needs_members(*each) for each in chosen) else []
    values: list[JsonObject] = []
    entries = 0
    for attribute, data in chosen:
        try:
            data = await converted(attribute, data, people)
            entries += len(data) if isinstance(data, list) else 0
            if entries > MOST_IN_VALUES:  # those that came as text were not counted before
                raise WrongValue(f"takes at most {MOST_IN_VALUES:,} list entries at once")
            values.append({"attribute_id": attribute["id"], "data": data})
        except WrongValue as fault:
            fault.args = (f"{_name(attribute)!r}: {fault}",)
            faults.append(fault)
    return values, faults


def _told(faults: list[WrongValue]) -> str:
    """All faults; the candidates for several unknown attributes are said once."""
    unknown = [f for f in faults if isinstance(f, UnknownName) and f.what == "attribute"]
    told = [str(fault) for fault in faults if fault not in unknown]
    named = [f for f in unknown if f.candidates]
    told = [str(fault) for fault in unknown if not fault.candidates] + told
    if len(named) == 1:
        told.insert(0, str(named[0]))
    elif named:
        names = ", ".join(repr(fault.wanted) for fault in named[:MAX_TOLD])
        more = f" and {len(named) - MAX_TOLD} more" if len(named) > MAX_TOLD else ""
        told.insert(0, f"there is no attribute {names}{more}; there are: {named[0].candidates}")
    rest = [f"and {len(told) - MAX_TOLD} more faults"] if len(told) > MAX_TOLD else []
    return "; ".join(told[:MAX_TOLD] + rest)


def _name(attribute: JsonObject) -> str:
    return str(attribute.get("name") or attribute["id"])[:100]


def _title(written: Written) -> str | None:
    """Blank counts as left out: a title is emptied through values only, where it is meant."""
    both = {"name": written.name, "title": written.title}
    texts = {name: text for name, text in both.items() if text is not MISSING}
    if invisible := [name for name, text in texts.items() if not folded(text)]:
        left_out.told(invisible)
    given = {text for text in texts.values() if folded(text)}
    if len(given) > 1:
        raise WrongValue("name and title are the same thing here and differ: give one of them.")
    return given.pop() if given else None


def _title_attribute(attributes: list[JsonObject]) -> JsonObject:
    """Infinity marks no title: it is the text attribute called Name or Title, else the first."""
    texts = [attribute for attribute in attributes if attribute.get("type") == "text"]
    for word in ("Name", "Title"):
        for same in (str, plain, folded):
            for attribute in texts:
                if same(str(attribute.get("name"))) == same(word):
                    return attribute
    if not texts:
        message = "this board has no text attribute that could be the item's title"
        raise UnknownName(message, what="attribute", wanted="Name")
    return texts[0]


def _chosen(
    entries: list[tuple[str, Any]], attributes: list[JsonObject]
) -> tuple[list[tuple[JsonObject, Any]], list[WrongValue]]:
    names = Names(attributes, "attribute")
    chosen: list[tuple[JsonObject, Any]] = []
    faults: list[WrongValue] = []
    for key, data in entries:
        try:
            chosen.append((names.find(key), data))
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
