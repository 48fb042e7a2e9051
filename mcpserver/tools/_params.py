"""Defines types and descriptions of the parameters of all tools.

Optional parameters have the default MISSING, to distinguish an argument that was left out from an
explicit null. Descriptions are short because every conversation pays for the listing.

The tools accept more than they list. `Unlisted` keeps a parameter out of the listing. `_listed_as`
lists it in another form: free-form JSON is listed as text or as typed entries, because some model
providers refuse all tools for one object without named properties.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from pydantic import MISSING, AfterValidator, BeforeValidator, Field, WithJsonSchema, WrapValidator
from pydantic_core import PydanticOmit

from mcpserver.content.blank import is_blank
from mcpserver.content.errors import WrongValue
from mcpserver.content.pages import Cut, Way, Window, cut_by
from mcpserver.content.places import NamedId
from mcpserver.content.values.free_forms import (
    EVENTS_EXAMPLE,
    by_attribute,
    events,
    is_damaged,
    json_object,
    json_or_text,
)
from mcpserver.infinity import JsonObject


class Unlisted:
    """Marks a parameter that is accepted but not listed."""

    def __get_pydantic_json_schema__(self, *_: object) -> JsonObject:
        raise PydanticOmit


def _number_as_text(value: Any) -> Any:
    """Turns a number into text: workspace ids are numbers in Infinity, and accepted as both."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _not_blank(value: str) -> str:
    if is_blank(value):
        raise ValueError("is empty")
    return value


def _not_a_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number, not true or false")
    return value


def _or_name(value: Any, check: Callable[[Any], Any]) -> Any:
    is_name = isinstance(value, str) and re.search(r"[^\s\d.+-]", value)
    return value if is_name else check(value)


def _user_id(value: int) -> int:
    if value >= 2**53:
        raise ValueError("is too large for a user id")
    return value


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError:
        raise ValueError("is not an e-mail address") from None
    return value


def _web_address(value: str) -> str:
    try:
        URLValidator(schemes=["http", "https"])(value)
    except ValidationError:
        raise ValueError("is not an http(s) URL") from None
    return value


def _moment(value: str) -> str:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("is not a time like 2026-12-01T09:30:00Z") from None
    return value


def _color(value: str) -> str:
    if not re.fullmatch(r"#[0-9A-Fa-f]{6}", value):
        raise ValueError("must be #RRGGBB, such as #9FE1E7")
    return value


def _content_type(value: str) -> str:
    if not re.fullmatch(r"[\w.+-]+/[\w.+-]+", value, re.ASCII):
        raise ValueError("must be a MIME type, such as image/png")
    return value


def _file_name(value: str) -> str:
    odd = not value.isprintable() or set(value) & set('/\\"')
    if odd or not value.strip(" ."):
        raise ValueError("is not a plain file name such as plan.pdf")
    return value


def _listed_as(type: str, description: str, **schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"description": description, "type": type, **schema})


def _listed(value: Any) -> Any:
    """Splits a text into a list of words, with any separators: `a, b`, `['a', 'b']`."""
    parsed = json_or_text(value)
    return re.findall(r"[\w.-]+", parsed) if isinstance(parsed, str) else parsed


def _alone_or_listed(value: Any) -> Any:
    """Makes a list of one name or number."""
    names = json_or_text(value)
    if isinstance(names, str):
        return names if is_damaged(names) else [names]
    return [names] if isinstance(names, int) and not isinstance(names, bool) else names


OneOrSeveral = BeforeValidator(_alone_or_listed)
AsList = BeforeValidator(_listed)
Text = Annotated[str, AfterValidator(_not_blank)]  # no minLength, which would be listed 150 times

Id = Annotated[Text, AfterValidator(str.strip)]

# Of those with NamedId, the exact name is accepted too (mcpserver.content.places).
WorkspaceId = Annotated[Id, BeforeValidator(_number_as_text), NamedId("workspace")]
BoardId = Annotated[Id, NamedId("board")]
FolderId = Annotated[Id, NamedId("folder")]
ItemId = Id
CommentId = Id
AttributeId = Annotated[Id, NamedId("attribute")]
ViewId = Annotated[Id, NamedId("view")]
ReferenceId = Id
HookId = Id
TimeEntryId = Id
UserId = Annotated[int, Field(gt=0), BeforeValidator(_not_a_boolean), AfterValidator(_user_id)]
MemberId = Annotated[UserId, WrapValidator(_or_name), NamedId("member")]

Name = Text
Description = Text
Color = Annotated[str, AfterValidator(_color), Field(description="#RRGGBB")]
Role = Annotated[Text, Field(description="admin, full-member (if left out), restricted-member")]
Email = Annotated[str, AfterValidator(_email)]
Url = Annotated[str, AfterValidator(_web_address)]
Moment = Annotated[str, AfterValidator(_moment), Field(json_schema_extra={"format": "date-time"})]
ViewType = Annotated[Text, Field(description="table, column, list, calendar, gantt, form, chart …")]
AttributeType = Literal[
    "text",
    "longtext",
    "checkbox",
    "label",
    "members",
    "date",
    "number",
    "progress",
    "rating",
    "email",
    "phone",
    "links",
    "checklist",
    "attachments",
    "vote",
    "created_at",
    "updated_at",
    "created_by",
    "source_folder",
]
AnyJson = Annotated[Any, _listed_as("string", "Text or JSON")] | None
Settings = Annotated[JsonObject, BeforeValidator(json_object), _listed_as("string", "JSON object")]
AttributeSettings = Annotated[
    JsonObject,
    BeforeValidator(json_object),
    _listed_as("string", 'JSON object; for labels {"labels": [{"name": "Done"}]}'),
]
LabelNames = Annotated[list[Text], OneOrSeveral]
AttributeIds = Annotated[list[AttributeId], OneOrSeveral]
ParentFolderId = FolderId
ParentCommentId = Annotated[Id, Field(description="Comment to reply to")]
Events = Annotated[
    list[JsonObject],
    BeforeValidator(events),
    _listed_as("string", f"JSON, such as {EVENTS_EXAMPLE}; also comment.*, value.*"),
]
FileName = Annotated[str, AfterValidator(_file_name)]
ContentType = Annotated[str, AfterValidator(_content_type), Field(description="MIME type")]
Base64 = str

UserIds = Annotated[list[MemberId], OneOrSeveral]
SortOrder = Annotated[Text, Field(description="Position")]
ParentItemId = Annotated[Id, Field(description="Makes it a sub-item")]

Values = Annotated[
    JsonObject,
    BeforeValidator(by_attribute),
    _listed_as(
        "array",
        "attribute: name or id; value: text, number, date, true/false, label or person; "
        "list: several",
        items={
            "type": "object",
            "properties": {
                "attribute": {"type": "string"},
                "value": {"type": "string"},
                "list": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["attribute"],
        },
    ),
]
ValuesByName = Annotated[Values, Unlisted()]
ItemTitle = str
ItemName = Annotated[ItemTitle, Unlisted()]  # another name for the title

ItemExpand = Annotated[list[Literal["values", "values.attribute", "folder", "created_by"]], AsList]
CommentExpand = Annotated[list[Literal["item", "item.values", "created_by"]], AsList]
CommentText = Annotated[Text, Field(description="Markdown")]
PlainCommentText = Annotated[
    str, AfterValidator(_not_blank), Field(description="Each line a paragraph")
]

Cursor = str
Offset = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(_not_a_boolean),
    _listed_as("integer", "Where to read on in a long text, in characters"),
]
ResponseFormat = Annotated[Literal["markdown", "json"], Unlisted()]
Limit = Annotated[
    int,
    Field(ge=1, le=100),
    BeforeValidator(_not_a_boolean),
    _listed_as("integer", "1-100, else 50"),
]


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The parameters of every list; a tool that takes `paging: Paging` takes all five."""

    limit: Limit = 50
    after: Cursor | MISSING = MISSING
    before: Annotated[Cursor, Unlisted()] | MISSING = MISSING
    sort_by: Annotated[str, Unlisted()] | MISSING = MISSING
    sort_direction: Annotated[Literal["asc", "desc"], Unlisted()] | MISSING = MISSING

    def is_whole(self, page: JsonObject) -> bool:
        """Whether this page is the whole list, in Infinity's default order."""
        moved = (self.after, self.before, self.sort_by, self.sort_direction)
        return not page["has_more"] and all(each is MISSING for each in moved)

    @property
    def window(self) -> Window:
        """The records that this page is to have. Raises WrongValue."""
        if self.after is not MISSING and self.before is not MISSING:
            raise WrongValue("Give after for the next page or before for the one before, not both.")
        direction: Way = "after" if self.before is MISSING else "before"
        cursor = getattr(self, direction)
        return Window.of(direction, None if cursor is MISSING else cursor, self.limit)

    def shown(self, page: JsonObject) -> tuple[JsonObject, Cut]:
        """The records that were asked for of what a tool read, and how to cut their page."""
        if "cursors" in page:  # of a scan, which knows the place of each record
            return {key: page[key] for key in page if key != "cursors"}, cut_by(page["cursors"])
        return self.window.shown(page), self.window.cut

    def query(self, **filters: Any) -> JsonObject:
        """The query to Infinity for this page, with further filters."""
        order = given(sort_by=self.sort_by, sort_direction=self.sort_direction)
        return {**order, **self.window.query, **given(**filters)}


def changes(**arguments: Any) -> JsonObject:
    """The body of an update. Raises WrongValue when nothing is to change."""
    body = given(**arguments)
    if not body:
        raise WrongValue("Nothing was changed: give at least one thing to change.")
    return body


def given(**arguments: Any) -> JsonObject:
    """The arguments that were not left out."""
    return {name: value for name, value in arguments.items() if value is not MISSING}
