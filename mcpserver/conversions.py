"""Converts one value as agents write it to what Infinity stores, by the attribute's type.

A value is read as it was meant, or refused: nothing is turned into text that was none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from mcpserver import entries
from mcpserver.conversion import html_of
from mcpserver.free_forms import any_json, spelled
from mcpserver.infinity import JsonObject
from mcpserver.labels import labels_of
from mcpserver.names import MEMBER_KEYS, Names
from mcpserver.params import WrongValue

LARGEST_NUMBER = 2**63  # what JSON libraries agree on
_NUMBER = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,4})?", re.ASCII)
_DAY = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:?\d{2}[\d:.,]*\s?([Zz]|[+-]\d{2}(:?\d{2})?)?", re.ASCII
)
_BLANK = (None, "")
_INEXACT = Decimal("1e-12")  # what a number may lose where it is stored as a float
_TEXTS = ("text", "longtext", "email", "phone")


def kind_of(attribute: JsonObject) -> str:
    return str(attribute.get("type")).casefold().replace("-", "_")


async def converted(attribute: JsonObject, data: Any, people: Iterable[JsonObject] = ()) -> Any:
    """`data` for this attribute; `people` are the members whose names count. Raises WrongValue."""
    kind = kind_of(attribute)
    if kind in EMPTY and (data in _BLANK or (kind in LISTS and data == [])):
        return EMPTY[kind]
    if kind in LISTS:
        return LISTS[kind](attribute, data, people)
    if kind == "longtext":
        return await html_of(_text(data))
    if kind not in _SCALARS:
        hint = _OTHER_WAYS.get(kind, "Infinity computes it")
        raise WrongValue(f"a {kind} value cannot be set here: {hint}")
    return _SCALARS[kind](data)


def default_meant(attribute: JsonObject, data: Any) -> Any:
    """A default may be a text that spells JSON, except where that text may be meant as it is."""
    kind = kind_of(attribute)
    if kind in _TEXTS or (kind in ("label", "members") and spelled(data) is not data):
        return data
    return any_json(data)


def needs_members(attribute: JsonObject, data: Any) -> bool:
    """Whether the value has people by name."""
    if kind_of(attribute) != "members" or data in _BLANK:
        return False
    return not all(_number_id(_id_in(each)) for each in _listed("members", data))


# --- One thing ------------------------------------------------------------------------------------


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
    if not number.is_finite() or abs(number) >= LARGEST_NUMBER:
        raise WrongValue(f"takes a number, such as 12.5, not {_shown(data)}")
    if number == number.to_integral_value():
        return int(number)
    nearest = float(number)
    if nearest == 0:
        raise WrongValue(f"takes a number that is not as small as {_shown(data)}")
    if abs(Decimal(repr(nearest)) - number) > _INEXACT:
        told = f"{_shown(data)} would be stored as {nearest!r}: round it to 15 digits"
        raise WrongValue(f"takes a number that can be stored as it is; {told}")
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
    """The entries of a list, however it is written: JSON as text, lines, or one thing alone."""
    if isinstance(data, str):
        data = _spelled(kind, data)
    return entries.countable(data if isinstance(data, list) else [data])


def _spelled(kind: str, text: str) -> Any:
    """A text that may be JSON; a list of tasks may be Markdown."""
    if not isinstance(read := spelled(text), str):
        return read
    lines = entries.task_lines(text) if kind == "checklist" else entries.lines_of(text)
    return lines if len(lines) > 1 or (kind == "checklist" and lines) else [text]


def _labels(attribute: JsonObject, data: Any, people: Iterable[JsonObject]) -> list[str]:
    names = Names(labels_of(attribute), "label")
    given = _named("label", data, names)
    return _chosen(attribute, [str(names.find(_id_in(each))["id"]) for each in given], "label")


def _members(attribute: JsonObject, data: Any, people: Iterable[JsonObject]) -> list[int]:
    names = Names(people, "member", MEMBER_KEYS)
    given = _named("members", data, names)
    return _chosen(attribute, [_member(_id_in(each), names) for each in given], "member")


def _named(kind: str, data: Any, names: Names) -> list[Any]:
    """A text that is a name as a whole is that name, even where it could be read as a list."""
    return [data] if isinstance(data, str) and names.has(data) else _listed(kind, data)


def _member(person: Any, names: Names) -> int:
    number = _number_id(person) or _number_id(names.find(person)["id"])
    if not number:
        raise WrongValue("takes members whose id is a number")
    return number


def _chosen(attribute: JsonObject, ids: list[Any], what: str) -> list[Any]:
    """Each once."""
    once = list(dict.fromkeys(ids))
    settings = attribute.get("settings")
    if len(once) > 1 and isinstance(settings, dict) and settings.get("multiple") is False:
        raise WrongValue(f"takes one {what} only")
    return once


def _id_in(given: Any) -> Any:
    """What says which record is meant: an id, a name, or a record that has one of them."""
    if not isinstance(given, dict):
        return given
    return next((given[key] for key in ("id", "name", "email") if given.get(key)), given)


def _number_id(given: Any) -> int | None:
    """The id that a number, or a text of digits, is."""
    if isinstance(given, float) and given.is_integer():
        given = int(given)
    if isinstance(given, bool) or not isinstance(given, int | str):
        return None
    text = str(given).strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 20):
        return None
    return int(text) if 0 < int(text) < LARGEST_NUMBER else None


def _links(attribute: JsonObject, data: Any, people: Iterable[JsonObject]) -> Any:
    return entries.links(_listed("links", data))


def _checklist(attribute: JsonObject, data: Any, people: Iterable[JsonObject]) -> Any:
    return entries.tasks(_listed("checklist", data))


def _attachments(attribute: JsonObject, data: Any, people: Iterable[JsonObject]) -> Any:
    ids = [_number_id(_id_in(each)) for each in _listed("attachments", data)]
    if not all(ids):
        raise WrongValue("takes attachment ids, as the upload tools return them")
    return [{"id": each} for each in dict.fromkeys(ids)]


LISTS: dict[str, Callable[[JsonObject, Any, Iterable[JsonObject]], Any]] = {
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
# What clears a value: null where Infinity documents no other empty form.
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
