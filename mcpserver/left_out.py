"""Decides which arguments of a call count as left out.

Several models fill in every parameter that they know. So null clears something only when it is the
one change of an update; an empty text, list or object counts as left out everywhere. What stands
within an argument, such as in `values`, is meant as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from mcpserver import notices
from mcpserver.infinity import JsonObject
from mcpserver.params import WrongValue

NOT_A_CHANGE = "response_format"
NOTHING = "Nothing was changed: give at least one thing to change"
HOW_TO_CLEAR = "Null clears only when it is the one change of a call"


def takes_null(field: FieldInfo) -> bool:
    return _has(field.annotation, lambda type: type is NoneType or type is Any)


def without_left_out(
    arguments: Mapping[str, Any], fields: Mapping[str, FieldInfo], *, updates: bool
) -> JsonObject:
    """`arguments` without those that count as left out. Unknown and required ones are kept.

    Raises WrongValue for an update that could only clear several things at once.
    """
    optional = {name: field for name, field in fields.items() if not field.is_required()}
    nulls = [name for name, value in arguments.items() if name in optional and value is None]
    empty = [name for name in optional if _is_empty(arguments.get(name), optional[name])]
    given = {key: value for key, value in arguments.items() if key not in {*nulls, *empty}}
    if not updates:
        return given
    nulls = [name for name in nulls if name != NOT_A_CHANGE]
    clearing = [name for name in nulls if takes_null(optional[name])]
    if given.keys() & optional.keys() - {NOT_A_CHANGE} or given.keys() - fields.keys():
        if ignored := clearing + empty:
            named = ", ".join(ignored)
            notices.add(f"Left out, being empty beside other changes: {named}. {HOW_TO_CLEAR}.")
        return given
    if clearing and len(nulls) > 1:
        several = ", ".join(nulls)
        raise WrongValue(f"{NOTHING}. {HOW_TO_CLEAR}, and several are null here: {several}.")
    if empty and not clearing:
        raise WrongValue(
            f"{NOTHING}. What is empty counts as left out ({', '.join(empty)}). {HOW_TO_CLEAR}."
        )
    return {**given, **dict.fromkeys(clearing)}


def _is_empty(value: Any, field: FieldInfo) -> bool:
    if isinstance(value, str) and value.strip() in ("[]", "{}"):  # as the JSON that some send
        return not _has(field.annotation, lambda type: type is str)
    return value in ("", [], {})


def _has(annotation: Any, wanted: Callable[[Any], bool]) -> bool:
    """Whether the type, or one arm of it when it is a union, is wanted."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _has(get_args(annotation)[0], wanted)
    if origin in (Union, UnionType):
        return any(_has(arm, wanted) for arm in get_args(annotation))
    return wanted(annotation)
