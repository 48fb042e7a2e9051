"""Validates the `data` of values by the attribute's type."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

from mcpserver.sandbox.data.models import Attribute, Json
from mcpserver.sandbox.rules.options import Options
from mcpserver.sandbox.rules.validation import (
    REQUIRED,
    UNKNOWN,
    Check,
    Field,
    boolean,
    color,
    distinct,
    email,
    fault,
    integer,
    listing,
    mapping,
    matching,
    moment,
    number,
    record,
    string,
    uuid,
    within,
)

ARRAYS = frozenset({"label", "members", "links", "checklist", "attachments"})
COMPUTED = frozenset({"created_at", "updated_at", "created_by", "source_folder"})
PHONE = re.compile(r"[+]*[(]{0,1}[0-9]{1,4}[)]{0,1}[-\s0-9]*", re.ASCII)
ANY_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
PROGRESS_RANGE = (0, 100)
RATING_RANGE = (0, 5)


@dataclass(frozen=True)
class Known:
    """The ids that values may refer to, and the options."""

    member_ids: Set[int]
    attachment_ids: Set[int]
    new_id: Callable[[], str]
    options: Options


def writable_values(attributes: Mapping[str, Attribute], known: Known) -> Check:
    """A check of an item's `values`: an array of {attribute_id, data}."""

    def attribute_id(value: Any) -> str:
        if string(value) not in attributes:
            raise fault(UNKNOWN)
        return str(value)

    entry = record(
        {
            "attribute_id": Field(attribute_id, required=True),
            "data": Field(lambda data: data, present=True),
        }
    )

    def value(raw: Any) -> Json:
        clean = entry(raw)
        attribute = attributes[clean["attribute_id"]]
        check = data_check(attribute.type, attribute.settings, known)
        return {**clean, "data": within(".data", check)(clean["data"])}

    return distinct("attribute_id", listing(value))


def data_check(kind: str, settings: Json, known: Known) -> Check:
    """A check of one value's data. Types that cannot be written refuse everything."""
    if kind not in CHECKS:
        return _read_only(kind)
    check = CHECKS[kind](settings, known)
    return _nullable(check) if _null_clears(kind, known.options) else check


def empty_data(kind: str) -> Any:
    """The `default_data` of an attribute that was made without one."""
    if kind in ARRAYS:
        return []
    return False if kind == "checkbox" else None


def settings_check(kind: str) -> Check:
    """A check of an attribute's settings; only those of a label are examined."""
    return LABEL_SETTINGS if kind == "label" else mapping


def html_text(options: Options) -> Check:
    """A check of a field that holds HTML."""

    def check(value: Any) -> str:
        text = string(value)
        plain = text.strip() and not text.lstrip().startswith("<")
        return f"<p>{html.escape(text)}</p>" if options.wrap_plain_text and plain else text

    return check


LABEL_SETTINGS = record(
    {
        "labels": Field(
            distinct(
                "id",
                listing(
                    record(
                        {
                            "id": Field(uuid, required=True),
                            "name": Field(string, required=True),
                            "color": Field(color, nullable=True),
                        },
                        keep=True,
                    )
                ),
            )
        ),
        "multiple": Field(boolean),
        "allowNew": Field(boolean),
        "allowEmpty": Field(boolean),
    },
    keep=True,
)


def _read_only(kind: str) -> Check:
    def check(value: Any) -> Any:
        if kind == "reference":
            raise fault(
                'References cannot be set through values, use the "Create reference" endpoint.'
            )
        raise fault(f"The {{field}} field cannot be set: attributes of type {kind} are read-only.")

    return check


def _nullable(check: Check) -> Check:
    return lambda value: None if value is None else check(value)


def _null_clears(kind: str, options: Options) -> bool:
    if options.null_data == "scalars":
        return kind not in ARRAYS and kind != "checkbox"
    return options.null_data == "all"


def _selection(element: Check, settings: Json, *, multiple: bool) -> Check:
    """An array of ids, one at most unless `multiple`."""

    def check(value: Any) -> list[Any]:
        chosen: list[Any] = listing(element)(value)
        if not chosen and settings.get("allowEmpty") is False:
            raise fault(REQUIRED)
        if len(chosen) > 1 and not multiple:
            raise fault("The {field} field must not have more than 1 items.")
        return chosen

    return check


def _label(settings: Json, known: Known) -> Check:
    ids = {label["id"] for label in settings.get("labels", [])}

    def one(value: Any) -> str:
        if string(value) not in ids:
            raise fault(UNKNOWN)
        return str(value)

    return _selection(one, settings, multiple=settings.get("multiple") is True)


def _members(settings: Json, known: Known) -> Check:
    multiple = settings.get("multiple") is not False
    return _selection(_one_of(known.member_ids), settings, multiple=multiple)


def _one_of(ids: Set[int]) -> Check:
    def check(value: Any) -> int:
        if integer(value) not in ids:
            raise fault(UNKNOWN)
        return int(value)

    return check


def _date(settings: Json, known: Known) -> Check:
    def check(value: Any) -> str:
        moment(value)
        return str(value)  # stored as it was written

    return check


def _ranged(default: tuple[int, int]) -> Callable[[Json, Known], Check]:
    def build(settings: Json, known: Known) -> Check:
        low, high = _bound(settings, "min", default[0]), _bound(settings, "max", default[1])

        def check(value: Any) -> int:
            if not low <= integer(value) <= high:
                raise fault(f"The {{field}} field must be between {low} and {high}.")
            return int(value)

        return check

    return build


def _bound(settings: Json, name: str, default: int) -> int:
    value = settings.get(name)
    return value if isinstance(value, int) else default


def _links(settings: Json, known: Known) -> Check:
    url = matching(ANY_URL, "The {field} field must be a valid URL.")
    fields = {
        "id": Field(uuid),
        "url": Field(url, required=True),
        "name": Field(string, nullable=True),
        "favicon": Field(string, nullable=True),
    }
    empty = {"name": None, "favicon": None}
    return _entries(fields, empty, known)


def _checklist(settings: Json, known: Known) -> Check:
    fields = {
        "id": Field(uuid),
        "name": Field(string, required=True),
        "done": Field(boolean),
    }
    return _entries(fields, {"done": False}, known)


def _entries(fields: Mapping[str, Field], defaults: Json, known: Known) -> Check:
    def entry(value: Any) -> Json:
        given: Json = record(fields)(value)
        return {"id": known.new_id()} | defaults | given

    return distinct("id", listing(entry))


def _attachments(settings: Json, known: Known) -> Check:
    identity = Field(_one_of(known.attachment_ids), required=True)
    return distinct("id", listing(record({"id": identity})))


def _always(check: Check) -> Callable[[Json, Known], Check]:
    return lambda settings, known: check


CHECKS: Mapping[str, Callable[[Json, Known], Check]] = {
    "text": _always(string),
    "longtext": lambda settings, known: html_text(known.options),
    "checkbox": _always(boolean),
    "label": _label,
    "members": _members,
    "date": _date,
    "number": _always(number),
    "progress": _ranged(PROGRESS_RANGE),
    "rating": _ranged(RATING_RANGE),
    "email": _always(email),
    "phone": _always(matching(PHONE, "The {field} field format is invalid.")),
    "links": _links,
    "checklist": _checklist,
    "attachments": _attachments,
    "vote": _always(integer),
}
