"""Reads `clear`, the argument of an update that names the fields to empty."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.fields import FieldInfo

from mcpserver.content.blank import is_blank
from mcpserver.content.errors import WrongValue
from mcpserver.content.values.caps import shown_name
from mcpserver.content.values.free_forms import json_or_text, parsed_if_empty

CLEAR = "clear"
_VALUES = ("values", "values_by_name", "title", "name")


def fields_to_clear(
    written: Any,
    clearable: Sequence[str],
    *,
    given: Mapping[str, Any],
    fields: Mapping[str, FieldInfo],
) -> list[str]:
    """The names in `written`, a list in any accepted form; none if it is empty.

    `given` are the arguments that were not left out, `fields` all parameters of the tool. Raises
    WrongValue for a name that cannot be cleared, is named twice or is also given.
    """
    names = _names(written, clearable)
    faults = []
    for position, name in enumerate(names):
        if name in names[:position]:
            faults.append(f"{shown_name(name)} is named twice")
        elif name not in clearable:
            faults.append(_not_clearable(name, fields))
        elif name in given:
            faults.append(f"{name} is also set: either set it or clear it")
    if faults:
        raise WrongValue(_refusal("; ".join(faults), clearable) + _hint(names, fields))
    return names


def how_to_clear(empty: Sequence[str], clearable: Sequence[str]) -> str:
    """A sentence for a message, after a blank: how to empty those of `empty` that are clearable."""
    names = [name for name in empty if name in clearable]
    if not names:
        return ""
    return f" To empty {' and '.join(names)}, send {CLEAR}={json.dumps(names)}."


def _not_clearable(name: str, fields: Mapping[str, FieldInfo]) -> str:
    if name not in fields:
        return f"{shown_name(name)} is not a field of this tool"
    why = " because it is required" if fields[name].is_required() else ""
    return f"{name} cannot be emptied{why}"


def _refusal(fault: str, clearable: Sequence[str]) -> str:
    return f"Wrong arguments: {CLEAR}: {fault}. It takes {', '.join(clearable)}."


def _hint(names: list[str], fields: Mapping[str, FieldInfo]) -> str:
    """How to empty a value of the item, if a name may mean one."""
    meant = [name for name in names if name not in fields or name in _VALUES]
    if not meant or "values" not in fields:
        return ""
    attribute = next((name for name in meant if name not in fields), "…")
    shown = json.dumps(attribute[:60], ensure_ascii=False)
    return f' To empty a value, send values=[{{"attribute": {shown}, "value": ""}}].'


def _names(written: Any, clearable: Sequence[str]) -> list[str]:
    data = json_or_text(parsed_if_empty(written))
    if data in (None, "", [], {}):
        return []
    texts = [data] if isinstance(data, str) else data
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise WrongValue(_refusal("must be a list of names", clearable))
    return [name for text in texts for name in _split(text, clearable)]


def _split(text: str, clearable: Sequence[str]) -> list[str]:
    """The names in a text with any separators. Names with blanks, which are attributes, stay whole
    for the error."""
    words = re.findall(r"[\w.-]+", text)
    if words and set(words) <= {*clearable}:
        return words
    parts = (part.strip() for part in re.split(r"[,;\n]", text.strip("[](){} \t\n")))
    return [re.sub(r"""^(["'])(.*)\1$""", r"\2", part) for part in parts if not is_blank(part)]
