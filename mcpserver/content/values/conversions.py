"""Converts one value from the form that agents write to what Infinity stores, by attribute type.

A value whose meaning is not clear is refused: no other type is turned into text.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mcpserver.content.blank import is_empty
from mcpserver.content.conversion import html_of
from mcpserver.content.errors import WrongValue
from mcpserver.content.turns import give_way
from mcpserver.content.values import entries
from mcpserver.content.values.caps import countable
from mcpserver.content.values.free_forms import (
    any_json,
    json_or_text,
    read_entry,
    read_json,
    unfenced,
)
from mcpserver.content.values.labels import labels_of
from mcpserver.content.values.names import MEMBER_KEYS, Names
from mcpserver.infinity import JsonObject

MAX_NUMBER = 2**63  # JSON libraries agree on numbers below it
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:?\d{2}[\d:.,]*\s?([Zz]|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_MARKED = re.compile(r"\s*+[\[{(`]")  # the beginning of a list, an object or a block of code
_BLANK = (None, "")
NO_MEMBERS = Names((), "member", MEMBER_KEYS)
_INEXACT = Decimal("1e-12")  # the loss that is allowed when a number is stored as a float
_TEXTS = ("text", "longtext", "email", "phone")


def kind_of(attribute: JsonObject) -> str:
    """The type of an attribute, in one spelling."""
    return str(attribute.get("type")).casefold().replace("-", "_")


async def converted(attribute: JsonObject, data: Any, people: Names = NO_MEMBERS) -> Any:
    """Convert `data` for an attribute; `people` are the members. Raises WrongValue."""
    kind = kind_of(attribute)
    if kind in EMPTY and (data in _BLANK or (kind in LISTS and data == [])):
        return EMPTY[kind]
    if kind in LISTS:
        return await LISTS[kind](attribute, data, people)
    if kind == "longtext":
        html = await html_of(_text(data))
        return EMPTY[kind] if is_empty(html) else html
    if kind not in _SCALARS:
        hint = _OTHER_WAYS.get(kind, "Infinity computes it")
        raise WrongValue(f"a {kind} value cannot be set here: {hint}")
    return _SCALARS[kind](data)


def parsed_default(attribute: JsonObject, data: Any) -> Any:
    """Parse a default that is JSON text, unless the attribute may take the text itself."""
    kind = kind_of(attribute)
    if kind in _TEXTS or (kind in LISTS and json_or_text(data) is not data):
        return data
    return any_json(data)


def needs_members(attribute: JsonObject, data: Any) -> bool:
    """Whether the value may name people."""
    if kind_of(attribute) != "members" or data in _BLANK:
        return False
    try:
        return not all(_number_id(_id_in(each)) for each in _listed("members", data))
    except WrongValue:  # it may be a name as a whole
        return True


# --- Single values --------------------------------------------------------------------------------


def _text(data: Any) -> str:
    if isinstance(data, str):
        return data
    if isinstance(data, bool) or not isinstance(data, int | float) or data != data:
        raise WrongValue("takes text")
    if isinstance(data, int):
        return str(data)
    if abs(data) == float("inf"):
        raise WrongValue("takes text")
    return format(Decimal(repr(data)), "f").removesuffix(".0")


def _email(data: Any) -> str:
    text = _text(data).strip()
    return text[7:] if text.casefold().startswith("mailto:") else text


def _phone(data: Any) -> str:
    text = _text(data).strip()
    return text[4:] if text.casefold().startswith("tel:") else text


def _checkbox(data: Any) -> bool:
    if isinstance(data, bool):
        return data
    word = str(data).strip().casefold() if isinstance(data, str | int) else "?"
    if word not in entries.DONE_WORDS:
        raise WrongValue("takes true or false")
    return entries.DONE_WORDS[word]


def _number(data: Any) -> int | float:
    text = str(data).strip() if isinstance(data, str | int | float) else ""
    if isinstance(data, bool) or not _NUMBER.fullmatch(text):
        raise WrongValue(f"takes a number, such as 12.5, not {_shown(data)}")
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= MAX_NUMBER:
        raise WrongValue(f"takes a number, such as 12.5, not {_shown(data)}")
    if number == number.to_integral_value():
        return int(number)
    nearest = float(number)
    if nearest == 0:
        raise WrongValue(f"takes a number that is not as small as {_shown(data)}")
    if abs(Decimal(repr(nearest)) - number) > _INEXACT:
        rounded = f"{_shown(data)} would be stored as {nearest!r}: round it to 15 digits"
        raise WrongValue(f"takes a number that can be stored as it is; {rounded}")
    return nearest


def _progress(data: Any) -> int | float:
    return _number(data.strip().removesuffix("%") if isinstance(data, str) else data)


def _whole_number(data: Any) -> int:
    number = _number(data)
    if not isinstance(number, int):
        raise WrongValue(f"takes a whole number, not {number}")
    return number


def _date(data: Any) -> str:
    text = data.strip() if isinstance(data, str) else ""
    try:
        if day := _DAY.fullmatch(text):
            return date(int(day[1]), int(day[2]), int(day[3])).isoformat()
        if not _MOMENT.fullmatch(text):
            raise ValueError
        datetime.fromisoformat(text.replace(" Z", "Z").replace(" +", "+").upper())
    except ValueError:
        raise WrongValue(
            f"takes a date like 2026-12-01 or 2026-12-01T09:30:00Z, not {_shown(data)}"
        ) from None
    return text


def _shown(data: Any) -> str:
    if isinstance(data, str | int | float) or data is None:
        return repr(str(data)[:40]) if data is not None else "null"
    return "a list" if isinstance(data, list) else "an object"


# --- Lists ----------------------------------------------------------------------------------------


def _listed(kind: str, data: Any) -> list[Any]:
    """The entries of a list, which may be JSON text, lines, or a single value."""
    data = _parsed(kind, data) if isinstance(data, str) else data
    return [read_entry(each) for each in _alone_or_many(data)]


async def _listed_names(kind: str, data: Any, names: Names) -> list[Any]:
    """As `_listed`, but a text that is a name as a whole stays one, even if it looks like JSON."""
    if isinstance(data, str) and not await names.has(data):
        data = _parsed(kind, data)
    given = _alone_or_many(data)
    return [each if await _is_name(each, names) else read_entry(each) for each in given]


def _alone_or_many(data: Any) -> list[Any]:
    return countable(data if isinstance(data, list) else [data])


async def _is_name(entry: Any, names: Names) -> bool:
    """Whether an entry is a name. Looked up only if it could also be parsed as something else."""
    await give_way()
    return isinstance(entry, str) and _MARKED.match(entry) is not None and await names.has(entry)


def _parsed(kind: str, text: str) -> Any:
    """Parse a text that may be JSON, or lines in a block; a task list may be Markdown."""
    data = read_entry(text) if kind == "checklist" else read_json(text)
    if not isinstance(data, str):
        return data
    inside = unfenced(data)
    lines = entries.task_lines(inside) if kind == "checklist" else entries.lines_of(inside)
    return lines if len(lines) > 1 or (kind == "checklist" and lines) else [inside]


async def _labels(attribute: JsonObject, data: Any, people: Names) -> list[str]:
    names = Names(labels_of(attribute), "label")
    given = await _listed_names("label", data, names)
    ids = [str((await names.find(_id_in(each)))["id"]) for each in given]
    return _unique(attribute, ids, "label")


async def _members(attribute: JsonObject, data: Any, people: Names) -> list[int]:
    given = await _listed_names("members", data, people)
    return _unique(attribute, [await _member(_id_in(each), people) for each in given], "member")


async def _member(person: Any, names: Names) -> int:
    number = _number_id(person) or _number_id((await names.find(person))["id"])
    if not number:
        raise WrongValue("takes members whose id is a number")
    return number


def _unique(attribute: JsonObject, ids: list[Any], what: str) -> list[Any]:
    """Each id once. Raises WrongValue for several where the attribute takes one."""
    once = list(dict.fromkeys(ids))
    settings = attribute.get("settings")
    if len(once) > 1 and isinstance(settings, dict) and settings.get("multiple") is False:
        raise WrongValue(f"takes one {what} only")
    return once


def _id_in(given: Any) -> Any:
    """An id or a name, also taken from a record that has one."""
    if not isinstance(given, dict):
        return given
    return next((given[key] for key in ("id", "name", "email") if given.get(key)), given)


def _number_id(given: Any) -> int | None:
    """The id in a number or a text of digits, else None."""
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    text = str(given).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    return int(text) if 0 < int(text) < MAX_NUMBER else None


async def _links(attribute: JsonObject, data: Any, people: Names) -> Any:
    return entries.links(_listed("links", data))


async def _checklist(attribute: JsonObject, data: Any, people: Names) -> Any:
    return entries.tasks(_listed("checklist", data))


async def _attachments(attribute: JsonObject, data: Any, people: Names) -> Any:
    ids = [_number_id(_id_in(each)) for each in _listed("attachments", data)]
    if not all(ids):
        raise WrongValue("takes attachment ids, as the upload tools return them")
    return [{"id": each} for each in dict.fromkeys(ids)]


LISTS: dict[str, Callable[[JsonObject, Any, Names], Awaitable[Any]]] = {
    "label": _labels,
    "members": _members,
    "links": _links,
    "checklist": _checklist,
    "attachments": _attachments,
}
_SCALARS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "email": _email,
    "phone": _phone,
    "checkbox": _checkbox,
    "number": _number,
    "progress": _progress,
    "rating": _whole_number,
    "vote": _whole_number,
    "date": _date,
}
# The empty value of each type: null where Infinity documents no other.
EMPTY: dict[str, Any] = {
    **dict.fromkeys(("text", "longtext"), ""),
    **dict.fromkeys(("email", "phone", "number", "progress", "rating", "date", "vote")),
    "checkbox": False,
    **{kind: [] for kind in LISTS},
}
_OTHER_WAYS = {
    "reference": "use infinity_create_reference",
    "time_tracking": "use infinity_create_time_entry",
}
