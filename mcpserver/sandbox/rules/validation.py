"""Validates bodies and queries, with Laravel's messages and dot paths.

A *check* takes one value and returns the clean one, or raises Faults.
"""

from __future__ import annotations

import re
import uuid as uuids
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mcpserver.sandbox.errors import Invalid

Check = Callable[[Any], Any]

COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
WEB_URL = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)
POSITION = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)


class Faults(Exception):
    """The faults of one value: pairs of a path inside it ("" or ".0.url") and a message."""

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__(problems)
        self.problems = problems


def fault(message: str) -> Faults:
    """One fault of the whole value. `{field}` in the message becomes the field's name."""
    return Faults(("", message))


UNKNOWN = "The selected {field} is invalid."
REQUIRED = "The {field} field is required."
NOT_A_LIST = "The {field} field must be an array."


@dataclass(frozen=True)
class Field:
    """The rules of one field."""

    check: Check
    required: bool = False
    """Must be there and not blank."""
    present: bool = False
    """Must be there, may be blank."""
    nullable: bool = False

    def clean(self, value: Any) -> Any:
        """The value as the check returns it. Raises Faults."""
        if self.required and is_blank(value):
            raise fault(REQUIRED)
        if value is None and self.nullable:
            return None
        return self.check(value)


Fields = Mapping[str, Field]


def is_blank(value: Any) -> bool:
    """Whether Laravel takes a value for missing."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def validate(fields: Fields, body: Mapping[str, Any], *, partial: bool = False) -> dict[str, Any]:
    """The clean values of the fields in `body`; unknown names are ignored. Raises Invalid.

    `partial` (an update): nothing has to be there.
    """
    clean, problems = _examine(fields, body, partial=partial)
    if problems:
        raise invalid(*problems)
    return clean


def invalid(*problems: tuple[str, str]) -> Invalid:
    """The error for pairs of a field path and a message."""
    errors: dict[str, list[str]] = {}
    for path, message in problems:
        errors.setdefault(path, []).append(message.replace("{field}", _label(path)))
    return Invalid(errors)


def _label(path: str) -> str:
    # Laravel writes a plain name with spaces, and leaves the name of an array's element as it is.
    return path if "." in path else path.replace("_", " ")


def _examine(
    fields: Fields, body: Mapping[str, Any], *, partial: bool = False
) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    clean: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    for name, field in fields.items():
        try:
            if name in body:
                clean[name] = within(name, field.clean)(body[name])
            elif field.required and not partial:
                raise Faults((name, REQUIRED))
            elif field.present and not partial:
                raise Faults((name, "The {field} field must be present."))
        except Faults as faults:
            problems += faults.problems
    return clean, problems


# --- Checks ---------------------------------------------------------------------------------------


def string(value: Any) -> str:
    """Checks for text."""
    if not isinstance(value, str):
        raise fault("The {field} field must be a string.")
    return value


def boolean(value: Any) -> bool:
    """Checks for true or false."""
    if not isinstance(value, bool):
        raise fault("The {field} field must be true or false.")
    return value


def integer(value: Any) -> int:
    """Checks for a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise fault("The {field} field must be an integer.")
    return value


def number(value: Any) -> float:
    """Checks for a number."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise fault("The {field} field must be a number.")
    return value


def position(value: Any) -> str:
    """A sort_order: a number, or a string of one; kept as a string."""
    text = str(value)
    if isinstance(value, bool) or not POSITION.fullmatch(text):
        raise fault("The {field} field must be a number.")
    return text


def mapping(value: Any) -> dict[str, Any]:
    """Checks for an object."""
    if value == []:  # an empty array and an empty object are the same thing in PHP
        return {}
    if not isinstance(value, dict):
        raise fault(NOT_A_LIST)
    return value


def matching(pattern: re.Pattern[str], message: str) -> Check:
    """A check of text by a pattern."""

    def check(value: Any) -> str:
        text = string(value)
        if not pattern.fullmatch(text):
            raise fault(message)
        return text

    return check


color = matching(COLOR, "The {field} field format is invalid.")
email = matching(EMAIL, "The {field} field must be a valid email address.")
web_url = matching(WEB_URL, "The {field} field must be a valid URL.")


def uuid(value: Any) -> str:
    """Checks for a UUID."""
    try:
        if str(uuids.UUID(string(value))) == value.lower():
            return str(value)
    except ValueError:
        pass
    raise fault("The {field} field must be a valid UUID.")


def moment(value: Any) -> datetime:
    """A date or a time, read as UTC when it names no zone."""
    text = string(value)
    try:
        if MOMENT.fullmatch(text):
            parsed = datetime.fromisoformat(text)
            return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    raise fault("The {field} field must be a valid date.")


def choice(choices: Collection[str]) -> Check:
    """A check of text by a list of choices."""

    def check(value: Any) -> str:
        if string(value) not in choices:
            raise fault(UNKNOWN)
        return str(value)

    return check


def listing(element: Check) -> Check:
    """An array whose elements pass `element`."""

    def check(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise fault(NOT_A_LIST)
        clean: list[Any] = []
        problems: list[tuple[str, str]] = []
        for index, entry in enumerate(value):
            try:
                clean.append(within(f".{index}", element)(entry))
            except Faults as faults:
                problems += faults.problems
        if problems:
            raise Faults(*problems)
        return clean

    return check


def within(path: str, check: Check) -> Check:
    """`check`, with its faults reported at `path`."""

    def checked(value: Any) -> Any:
        try:
            return check(value)
        except Faults as faults:
            raise Faults(*((path + inner, text) for inner, text in faults.problems)) from None

    return checked


def record(fields: Fields, *, keep: bool = False) -> Check:
    """An object with these fields; `keep` keeps the unknown ones too."""

    def check(value: Any) -> dict[str, Any]:
        content = mapping(value)
        clean, problems = _examine(fields, content)
        if problems:
            raise Faults(*((f".{path}", message) for path, message in problems))
        return {**content, **clean} if keep else clean

    return check


def distinct(key: str, then: Check) -> Check:
    """An array of objects of which no two have the same `key`."""

    def check(value: Any) -> Any:
        clean = then(value)
        seen: set[Any] = set()
        problems = []
        for index, entry in enumerate(clean):
            if entry[key] in seen:
                problems.append((f".{index}.{key}", "The {field} field has a duplicate value."))
            seen.add(entry[key])
        if problems:
            raise Faults(*problems)
        return clean

    return check
