"""Every parameter of the tools: its type and its description, once.

Optional parameters have the default MISSING: an argument that was left out can be told from an
explicit null. Descriptions are short: every conversation pays for the listing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import MISSING, AfterValidator, BeforeValidator, Field

from mcpserver.infinity import JsonObject


def _number_as_text(value: Any) -> Any:
    """Workspace ids are numbers upstream and are accepted as either."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _parsed(value: Any) -> Any:
    """Some models send an object or a list as the JSON string that spells it."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return orjson.loads(value)
        except orjson.JSONDecodeError:
            return value
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("is empty")
    return value


def _not_a_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("Input should be a number, not a boolean")
    return value


FromJson = BeforeValidator(_parsed)
Text = Annotated[str, Field(min_length=1)]

WorkspaceId = Annotated[Text, BeforeValidator(_number_as_text)]
BoardId = Text
FolderId = Text
ItemId = Text
CommentId = Text
UserId = Annotated[int, Field(gt=0), BeforeValidator(_not_a_boolean)]

Name = Text
Description = str
Color = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="#RRGGBB")]
UserIds = Annotated[list[UserId], FromJson]
SortOrder = Annotated[Text, Field(description="Position number")]
ParentItemId = Annotated[Text, Field(description="Makes it a sub-item; null: top level")]

Values = Annotated[JsonObject, FromJson, Field(description="{attribute id or exact name: value}")]
ValuesByName = Annotated[
    JsonObject, FromJson, Field(description="{attribute name: value}; label and member names work")
]
ItemTitle = Annotated[str, Field(description="Sets the title attribute")]

ItemExpand = Annotated[
    list[Literal["values", "values.attribute", "folder", "created_by"]], FromJson
]
CommentExpand = Annotated[list[Literal["item", "item.values", "created_by"]], FromJson]
CommentText = Annotated[Text, Field(description="Markdown or plain text")]
PlainCommentText = Annotated[
    str, AfterValidator(_not_blank), Field(description="Plain text; each line a paragraph")
]

ResponseFormat = Literal["markdown", "json"]


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The parameters of every list; a tool that takes `paging: Paging` takes all five."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_not_a_boolean)] = 50
    after: Annotated[str, Field(description="Cursor of the next page")] | MISSING = MISSING
    before: Annotated[str, Field(description="Cursor of the previous page")] | MISSING = MISSING
    sort_by: str | MISSING = MISSING
    sort_direction: Literal["asc", "desc"] | MISSING = MISSING

    def query(self, **filters: Any) -> JsonObject:
        """The upstream query of this page and further filters."""
        return given(**vars(self), **filters)


class WrongValue(Exception):
    """An argument that is of the right type and still cannot be used; the text is for a model."""


def changes(**arguments: Any) -> JsonObject:
    """The body of an update. Raises WrongValue when nothing is to change."""
    body = given(**arguments)
    if not body:
        raise WrongValue(f"Give at least one thing to change: {', '.join(arguments)}.")
    return body


def given(**arguments: Any) -> JsonObject:
    """The arguments that were not left out."""
    return {name: value for name, value in arguments.items() if value is not MISSING}
