"""Parses `.env` as Docker Compose does; rejects lines that the two would read differently.

It uses no settings, because settings are read with it.
"""

from __future__ import annotations

import re
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ASSIGNMENT = re.compile(r"(?:export )?(\w+)=(.*)", re.ASCII)
QUOTED = re.compile(r"""'([^']*)'(.*)|"((?:[^"\\]|\\.)*)"(.*)""")
COMMENT = re.compile(r"\s+#.*")  # without white space before it, a # is part of the value
ESCAPED = re.compile(r"\\([^rnt])")
PLAIN = re.compile(r"[\w@%+:,./-]+")


def read_assignments(path: Path) -> dict[str, str]:
    """The variables that the file sets; none if it does not exist.

    Raises ImproperlyConfigured for a wrong line, with its number but not its text, and for
    something that is not a regular file or not text.
    """
    if not path.exists():
        return {}
    if not (path.is_file() or path.is_char_device()):  # a pipe would be waited for
        raise ImproperlyConfigured(f"ENV_FILE is {path}, which is not a regular file.")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeError:  # quotes what it read
        raise ImproperlyConfigured(f"{path} is not UTF-8 text: save it as that.") from None
    found = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            name, value = _assignment(line)
        except ValueError as error:
            raise ImproperlyConfigured(f"Line {number} of {path} {error}") from None
        found[name] = value
    return found


def written(name: str, value: str) -> str:
    """The line that sets `name`, for us and Docker Compose. Raises ValueError for several lines."""
    if value.splitlines() != [value]:
        raise ValueError(f"{name} must be a single line.")
    if PLAIN.fullmatch(value):
        return f"{name}={value}"
    if "'" not in value:
        return f"{name}='{value}'"
    escaped = re.sub(r'(["$\\])', r"\\\1", value)
    return f'{name}="{escaped}"'


def _assignment(line: str) -> tuple[str, str]:
    """The line's name and value. Raises ValueError, with the problem as the end of a sentence."""
    if "\0" in line:
        raise ValueError("holds a NUL byte: save the file as UTF-8 text.")
    if not (parts := ASSIGNMENT.fullmatch(line)):
        raise ValueError("is not NAME=value, without spaces around the name.")
    name, text = parts.groups()
    if not text.lstrip().startswith(("'", '"')):
        return name, COMMENT.sub("", text)
    if not (quoted := QUOTED.fullmatch(text.strip())):
        raise ValueError("has no closing quote.")
    single, after_single, double, after_double = quoted.groups()
    if COMMENT.sub("", after_single or after_double or ""):
        raise ValueError("goes on after the closing quote; a comment begins with a space and #.")
    return name, single if double is None else ESCAPED.sub(r"\1", double)
