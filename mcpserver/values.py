"""The values of an item as agents write them, and as Infinity takes them.

Agents name attributes, labels and members; Infinity wants ids. Whatever is unknown, ambiguous or of
the wrong kind is refused before anything is written, all of it at once, with the candidates.
"""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import MISSING

from mcpserver import catalogue
from mcpserver.caps import MOST_IN_VALUES
from mcpserver.conversion import html_of
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.infinity.errors import Invalid
from mcpserver.params import WrongValue
from mcpserver.richtext import to_html

MAX_CANDIDATES = 30
MOST_FAULTS = 20
CANDIDATES = "; there are: "
MAX_LONG_TEXTS = 200_000  # characters, in one call
LARGEST_NUMBER = 2**63  # what JSON libraries agree on


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
    attributes = await catalogue.attributes(api, workspace_id, board_id)
    chosen, faults = _chosen(written.named, attributes)
    if title is not None:
        chosen.append((_title_attribute(attributes), title))
    if too_long := _too_long(chosen):
        raise WrongValue(f"Nothing was written: {too_long}.")
    faults += _repeated(chosen)
    people = (
        await catalogue.members(api, workspace_id)
        if any(_needs_members(*c) for c in chosen)
        else []
    )
    result = []
    for attribute, data in chosen:
        try:
            converted = await _converted(attribute, data, people)
            result.append({"attribute_id": attribute["id"], "data": converted})
        except WrongValue as fault:
            faults.append(f"{attribute['name']!r}: {fault}")
    faults += _too_many_entries(result)
    if faults:
        raise WrongValue(f"Nothing was written: {'; '.join(_told_once(faults))}.")
    return result


def _too_many_entries(values: list[JsonObject]) -> list[str]:
    """Lists that came as text were not counted before (mcpserver.caps)."""
    entries = sum(len(each["data"]) for each in values if isinstance(each["data"], list))
    return [f"at most {MOST_IN_VALUES:,} list entries at once"] if entries > MOST_IN_VALUES else []


def _told_once(faults: list[str]) -> list[str]:
    """The first faults, each list of candidates with the first that needs it."""
    told, known = [], set()
    for fault in faults[:MOST_FAULTS]:
        what, _, candidates = fault.partition(CANDIDATES)
        told.append(what if candidates in known else fault)
        known.add(candidates)
    more = len(faults) - len(told)
    return [*told, f"and {more} more"] if more else told


@asynccontextmanager
async def faults_named(
    api: InfinityClient, workspace_id: str, board_id: str, values: list[JsonObject]
) -> AsyncIterator[None]:
    """Infinity tells a wrong value by its place in the list: say the attribute's name instead."""
    try:
        yield
    except Invalid as error:
        attributes = await catalogue.attributes(api, workspace_id, board_id)
        names = {attribute["id"]: attribute["name"] for attribute in attributes}
        places = {str(n): names.get(each["attribute_id"]) for n, each in enumerate(values)}

        def named(place: re.Match[str]) -> str:
            return repr(places[place[1]]) if places.get(place[1]) else place[0]

        error.args = (re.sub(r"values\.(\d+)(\.data)?", named, str(error)),)
        raise


def _title(written: Written) -> str | None:
    given = {text for text in (written.name, written.title) if text is not MISSING}
    if len(given) > 1:
        raise WrongValue("name and title are the same thing here and differ: give one of them.")
    return given.pop() if given else None


def _title_attribute(attributes: list[JsonObject]) -> JsonObject:
    """Infinity marks no title: it is the text attribute called Name or Title, else the first."""
    texts = [attribute for attribute in attributes if attribute.get("type") == "text"]
    for word in ("name", "title"):
        for attribute in texts:
            if str(attribute.get("name")).strip().casefold() == word:
                return attribute
    if not texts:
        raise WrongValue("This board has no text attribute that could be the item's title.")
    return texts[0]


def _chosen(
    entries: Iterable[tuple[str, Any]], attributes: list[JsonObject]
) -> tuple[list[tuple[JsonObject, Any]], list[str]]:
    chosen, faults = [], []
    for key, data in entries:
        try:
            chosen.append((find(key, attributes, what="attribute"), data))
        except WrongValue as fault:
            faults.append(str(fault))
    return chosen, faults


def _repeated(chosen: list[tuple[JsonObject, Any]]) -> list[str]:
    times = Counter(attribute["id"] for attribute, _ in chosen)
    names = {attribute["id"]: attribute["name"] for attribute, _ in chosen}
    return [f"{names[each]!r} is given twice" for each in names if times[each] > 1]


def _too_long(chosen: list[tuple[JsonObject, Any]]) -> str | None:
    texts = [data for attribute, data in chosen if kind_of(attribute) == "longtext"]
    size = sum(len(text) for text in texts if isinstance(text, str))
    if size <= MAX_LONG_TEXTS:
        return None
    return f"the long texts of one call have {size:,} characters, more than {MAX_LONG_TEXTS:,}"


def find(
    wanted: Any, records: list[JsonObject], *, what: str, keys: tuple[str, ...] = ("id", "name")
) -> JsonObject:
    """The record with this id or name; a name may differ in case when only one then matches.

    Raises WrongValue with the candidates when there is none, or more than one.
    """
    text = str(wanted).strip()
    for same in (str, str.casefold):
        found = [each for each in records if same(text) in map(same, _called(each, keys))]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(str(record["id"]) for record in found)
            raise WrongValue(f"several {what}s are called {text!r}; use an id: {ids}")
    raise WrongValue(f"there is no {what} {text[:100]!r}{CANDIDATES}{_candidates(records)}")


def _called(record: JsonObject, keys: tuple[str, ...]) -> list[str]:
    """A member may have no name or no e-mail: null is nobody's name."""
    return [str(record[key]) for key in keys if record.get(key) is not None]


def _candidates(records: list[JsonObject]) -> str:
    shown = records[:MAX_CANDIDATES]
    names = [repr(each.get("name") or each.get("email") or each["id"]) for each in shown]
    more = ["…"] if len(records) > MAX_CANDIDATES else []
    return ", ".join(names + more) or "none"


async def _converted(attribute: JsonObject, data: Any, people: list[JsonObject]) -> Any:
    if kind_of(attribute) == "longtext" and isinstance(data, str):
        return await html_of(data)
    return _data(attribute, data, people)


# --- One value, by the attribute's type (infinity-api.md §12.1) -----------------------------------


def _data(attribute: JsonObject, data: Any, people: list[JsonObject]) -> Any:
    kind = kind_of(attribute)
    if kind in _EMPTY and data in (None, ""):
        return _EMPTY[kind]
    if kind == "members":
        return [_member(person, people) for person in _listed(data)]
    if kind == "label":
        return _labels(attribute, data)
    convert = _CONVERSIONS.get(kind)
    if convert is None:
        hint = _OTHER_WAYS.get(kind, "Infinity computes it")
        raise WrongValue(f"a {kind} value cannot be set here: {hint}")
    return convert(data)


def kind_of(attribute: JsonObject) -> str:
    return str(attribute.get("type")).casefold().replace("-", "_")


def _text(data: Any) -> str:
    if isinstance(data, bool) or not isinstance(data, str | int | float):
        raise WrongValue("takes text")
    return str(data)


def _html(data: Any) -> str:
    return to_html(_text(data))


def _checkbox(data: Any) -> bool:
    words = {"true": True, "yes": True, "false": False, "no": False}
    value = words.get(data.strip().casefold()) if isinstance(data, str) else data
    if not isinstance(value, bool):
        raise WrongValue("takes true or false")
    return value


def _number(data: Any) -> int | float:
    try:
        number = Decimal(str(data).strip()) if not isinstance(data, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or abs(number) >= LARGEST_NUMBER:
        raise WrongValue(f"takes a number, such as 12.5, not {str(data)[:40]!r}")
    return int(number) if number == number.to_integral_value() else float(number)


def _whole_number(data: Any) -> int:
    number = _number(data)
    if not isinstance(number, int):
        raise WrongValue(f"takes a whole number, not {number}")
    return number


def _date(data: Any) -> str:
    try:
        if not re.match(r"\d{4}-\d{2}-\d{2}", str(data)):
            raise ValueError
        datetime.fromisoformat(str(data))
    except ValueError:
        raise WrongValue(
            f"takes a date like 2026-12-01 or 2026-12-01T09:30:00Z, not {str(data)[:40]!r}"
        ) from None
    return str(data)


def _labels(attribute: JsonObject, data: Any) -> list[str]:
    labels = labels_of(attribute)
    ids = [str(find(label, labels, what="label")["id"]) for label in _listed(data)]
    if len(ids) > 1 and attribute["settings"].get("multiple") is False:
        raise WrongValue("takes one label only")
    return ids


def labels_of(attribute: JsonObject) -> list[JsonObject]:
    """`{id, name, color}` each. They come in several forms (infinity-api.md §22.7)."""
    settings = attribute.get("settings")
    labels = settings.get("labels") if isinstance(settings, dict) else None
    return list(labels.values()) if isinstance(labels, dict) else labels or []


def _member(person: Any, people: list[JsonObject]) -> int:
    if _is_id(person):
        return int(person)
    return int(find(person, people, what="member", keys=("name", "email"))["id"])


def _is_id(person: Any) -> bool:
    if isinstance(person, bool) or not isinstance(person, int | str):
        return False
    return str(person).isdecimal() and int(person) < LARGEST_NUMBER


def _needs_members(attribute: JsonObject, data: Any) -> bool:
    return kind_of(attribute) == "members" and not all(map(_is_id, _listed(data)))


def _listed(data: Any) -> list[Any]:
    if data is None or data == "":
        return []
    return data if isinstance(data, list) else [data]


def _links(data: Any) -> list[JsonObject]:
    return [_entry(link, "url", "a URL or {url, name}") for link in _listed(data)]


def _checklist(data: Any) -> list[JsonObject]:
    entries = [_entry(each, "name", "a text or {name, done}") for each in _listed(data)]
    return [{"done": False, **entry} for entry in entries]


def _entry(given: Any, key: str, form: str) -> JsonObject:
    """One entry of a list whose entries have ids that their writer makes."""
    entry = {key: given} if isinstance(given, str) else given
    if not isinstance(entry, Mapping) or not isinstance(entry.get(key), str) or not entry[key]:
        raise WrongValue(f"each entry is {form}")
    return {"id": str(uuid.uuid4()), **entry}


def _attachments(data: Any) -> list[JsonObject]:
    ids = [each.get("id") if isinstance(each, Mapping) else each for each in _listed(data)]
    if not all(_is_id(each) for each in ids):
        raise WrongValue("takes attachment ids, as the upload tools return them")
    return [{"id": int(str(each))} for each in ids]


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "longtext": _html,
    "email": _text,
    "phone": _text,
    "checkbox": _checkbox,
    "number": _number,
    "progress": _number,
    "rating": _whole_number,
    "vote": _whole_number,
    "date": _date,
    "links": _links,
    "checklist": _checklist,
    "attachments": _attachments,
}
# What clears a value: null where Infinity documents no other empty form.
_EMPTY: dict[str, Any] = {
    **dict.fromkeys(("text", "longtext"), ""),
    **dict.fromkeys(("email", "phone", "number", "progress", "rating", "date", "vote")),
    **dict.fromkeys(("checkbox",), False),
    **{kind: [] for kind in ("label", "members", "links", "checklist", "attachments")},
}
_OTHER_WAYS = {
    "reference": "use infinity_create_reference",
    "time_tracking": "use infinity_create_time_entry",
}
