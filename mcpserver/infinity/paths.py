"""Identifiers become parts of upstream paths here and nowhere else."""

from __future__ import annotations

from urllib.parse import quote

from mcpserver.infinity.errors import InvalidIdentifier

MAX_IDENTIFIER_LENGTH = 200
SPELLED_OUT = {"ws": "workspace", "entry": "time entry"}


def fill_path(template: str, **ids: str | int) -> str:
    """`fill_path("boards/{board}", board="a b")` is `"boards/a%20b"`.

    Raises InvalidIdentifier for an id that could change which route is reached: empty, a dot
    segment, one with a slash, a backslash, a percent sign or a control character, or one that is
    far longer than any id.
    """
    return template.format_map({name: _quoted(name, str(value)) for name, value in ids.items()})


def _quoted(name: str, value: str) -> str:
    if (
        value.strip(".") == ""
        or len(value) > MAX_IDENTIFIER_LENGTH
        or any(character in "/\\%?#" or not character.isprintable() for character in value)
    ):
        spelled = SPELLED_OUT.get(name, name)
        raise InvalidIdentifier(
            f"The {spelled} id {value[:40]!r} is not an Infinity id. Use an id exactly as a list "
            "or get tool returned it."
        )
    return quote(value, safe="")
