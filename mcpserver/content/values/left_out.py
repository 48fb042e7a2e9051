"""Decides which arguments of a call count as left out.

Several models fill in every parameter. So null clears something only when it is the one optional
argument of an update; an empty text, list or object always counts as left out. Within an argument,
such as `values`, null and empty values count as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mcpserver.content import notices
from mcpserver.content.errors import WrongValue
from mcpserver.content.values.free_forms import parsed_if_empty
from mcpserver.infinity import JsonObject

NOT_A_CHANGE = "response_format"
NOTHING = "Nothing was changed: give at least one thing to change"
HOW_TO_CLEAR = "Null clears only when it is the one optional argument of a call"


def takes_null(field: FieldInfo) -> bool:
    """Whether a parameter can be null."""
    return _has(field.annotation, lambda type: type is NoneType or type is Any)


def without_left_out(
    arguments: Mapping[str, Any], fields: Mapping[str, FieldInfo], *, updates: bool
) -> JsonObject:
    """`arguments` without those that count as left out. Unknown and required ones are kept.

    Raises WrongValue for an update that changes nothing and does not say clearly what to clear.
    """
    optional = {name: field for name, field in fields.items() if not field.is_required()}
    free = [name for name in optional.keys() & arguments if _holds_json(optional[name])]
    arguments = {**arguments, **{name: parsed_if_empty(arguments[name]) for name in free}}
    nulls = [name for name, value in arguments.items() if name in optional and value is None]
    empty = [name for name in optional if arguments.get(name) in ("", [], {})]
    given = {key: value for key, value in arguments.items() if key not in {*nulls, *empty}}
    if not updates:
        return given
    nulls = [name for name in nulls if name != NOT_A_CHANGE]
    clearing = [name for name in nulls if takes_null(optional[name])]
    if given.keys() & optional.keys() - {NOT_A_CHANGE} or given.keys() - fields.keys():
        if ignored := clearing + empty:
            note_ignored(ignored)
        return given
    unused = [name for name in (*nulls, *empty) if name != NOT_A_CHANGE]
    if len(unused) > 1 or (unused and not clearing):
        raise WrongValue(_cannot_clear(unused, clearing))
    for name in clearing:
        notices.add(f"Cleared: {name}.")
    return {**given, **dict.fromkeys(clearing)}


def note_ignored(ignored: list[str]) -> None:
    """Add a notice that these arguments counted as left out."""
    named = ", ".join(ignored)
    notices.add(f"Left out, being empty beside other changes: {named}. {HOW_TO_CLEAR}.")


def _cannot_clear(unused: list[str], clearing: list[str]) -> str:
    """The error for arguments none of which can be cleared, or several of which might be meant."""
    text = f"{NOTHING}. What is null or empty counts as left out ({', '.join(unused)})"
    if not clearing:
        return f"{text}."
    return f"{text}. {HOW_TO_CLEAR}: to clear {' or '.join(clearing)}, send it alone."


def _holds_json(field: FieldInfo) -> bool:
    """Whether a parameter takes JSON as text, so that the text `null` may mean JSON's null."""
    return _has(field.annotation, lambda type: type in (Any, JsonObject, list[JsonObject]))


def _has(annotation: Any, wanted: Callable[[Any], bool]) -> bool:
    """Whether a type, or one member of a union, is wanted."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _has(get_args(annotation)[0], wanted)
    if origin in (Union, UnionType):
        return any(_has(arm, wanted) for arm in get_args(annotation))
    return wanted(annotation)
