"""Decides which arguments of a call count as left out.

Several models fill in every parameter. So null clears something only when it is the one optional
argument of an update; an empty text, list or object always counts as left out. `clear` names what
to empty beside other changes. Within an argument, such as `values`, null and empty values count as
they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mcpserver.content import notices
from mcpserver.content.errors import WrongValue
from mcpserver.content.values.clearing import CLEAR, fields_to_clear, how_to_clear
from mcpserver.content.values.free_forms import parsed_if_empty
from mcpserver.infinity import JsonObject

NOT_A_CHANGE = "response_format"
NOTHING = "Nothing was changed: give at least one thing to change"


def takes_null(field: FieldInfo) -> bool:
    """Whether a parameter can be null."""
    return _has(field.annotation, lambda type: type is NoneType or type is Any)


def clearable_in(fields: Mapping[str, FieldInfo]) -> list[str]:
    """The parameters of an update that can be cleared."""
    return [n for n, field in fields.items() if not field.is_required() and takes_null(field)]


def without_left_out(
    arguments: Mapping[str, Any], fields: Mapping[str, FieldInfo], *, updates: bool
) -> JsonObject:
    """`arguments` without those that count as left out; what an update clears is null in it.
    Unknown and required ones are kept.

    Raises WrongValue for an update that changes nothing and does not say clearly what to clear.
    """
    optional = {name: field for name, field in fields.items() if not field.is_required()}
    free = [name for name in optional.keys() & arguments if _holds_json(optional[name])]
    arguments = {**arguments, **{name: parsed_if_empty(arguments[name]) for name in free}}
    to_clear = arguments.pop(CLEAR, None) if CLEAR in fields else None
    nulls = [name for name, value in arguments.items() if name in optional and value is None]
    empty = [name for name in optional if arguments.get(name) in ("", [], {})]
    given = {key: value for key, value in arguments.items() if key not in {*nulls, *empty}}
    if not updates:
        return given
    cleared = fields_to_clear(to_clear, clearable_in(fields), given=given, fields=fields)
    unused = [name for name in (*nulls, *empty) if name not in {NOT_A_CHANGE, *cleared}]
    if cleared or given.keys() & optional.keys() - {NOT_A_CHANGE} or given.keys() - fields.keys():
        told = [name for name in unused if name in empty or takes_null(optional[name])]
        note_ignored(told, clearable_in(fields))
    elif len(unused) == 1 and unused[0] in nulls and takes_null(optional[unused[0]]):
        cleared = unused
    elif unused:
        raise WrongValue(_nothing_changed(unused, clearable_in(fields)))
    if cleared:
        notices.add(f"Cleared: {', '.join(cleared)}.")
    return {**given, **dict.fromkeys(cleared)}


def note_ignored(ignored: Sequence[str], clearable: Sequence[str] = ()) -> None:
    """Add a notice that these arguments, if any, counted as left out."""
    if ignored:
        text = f"Left out, being empty beside other changes: {', '.join(ignored)}."
        notices.add(text + how_to_clear(ignored, clearable))


def _nothing_changed(unused: Sequence[str], clearable: Sequence[str]) -> str:
    """The error for arguments none of which can be cleared, or several of which might be meant."""
    text = f"{NOTHING}. What is null or empty counts as left out ({', '.join(unused)})."
    return text + how_to_clear(unused, clearable)


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
