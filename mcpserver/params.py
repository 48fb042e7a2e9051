"""Every parameter of the tools: its type and its description, once.

Optional parameters have the default MISSING: an argument that was left out can be told from an
explicit null. Descriptions are short: every conversation pays for the listing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
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


def _user_id(value: int) -> int:
    if value >= 2**53:
        raise ValueError("is too large for a user id")
    return value


def _cursor(value: str) -> str:
    if len(value) > 2000:
        raise ValueError("is not a cursor")
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


def _file_name(value: str) -> str:
    odd = not value.isprintable() or set(value) & set('/\\"')
    if odd or not value.strip(" .") or len(value) > 255:
        raise ValueError("is not a plain file name such as plan.pdf")
    return value


def _listed(value: Any) -> Any:
    """One choice where a list of them is meant, or several with commas."""
    parsed = _parsed(value)
    return [part.strip() for part in parsed.split(",")] if isinstance(parsed, str) else parsed


def _alone_or_listed(value: Any) -> Any:
    """One name where a list of them is meant."""
    parsed = _parsed(value)
    is_name = isinstance(parsed, str) and not parsed.lstrip().startswith("[")
    return [parsed] if is_name else parsed


FromJson = BeforeValidator(_parsed)
AsList = BeforeValidator(_listed)
Text = Annotated[str, AfterValidator(_not_blank)]  # no minLength: it is paid for 150 times

WorkspaceId = Annotated[Text, BeforeValidator(_number_as_text)]
BoardId = Text
FolderId = Text
ItemId = Text
CommentId = Text
AttributeId = Text
ViewId = Text
ReferenceId = Text
HookId = Text
TimeEntryId = Text
UserId = Annotated[int, Field(gt=0), BeforeValidator(_not_a_boolean), AfterValidator(_user_id)]

Name = Text
Description = str
Color = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$", description="#RRGGBB")]
Role = Annotated[Text, Field(description="admin, full-member, restricted-member")]
Email = Annotated[str, AfterValidator(_email), Field(json_schema_extra={"format": "email"})]
Url = Annotated[str, AfterValidator(_web_address), Field(json_schema_extra={"format": "uri"})]
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
AnyJson = Any
Settings = Annotated[JsonObject, FromJson]
AttributeSettings = Annotated[
    JsonObject,
    FromJson,
    Field(description='For labels: {"labels": [{"name", "color"}]}'),
]
LabelNames = Annotated[list[Text], BeforeValidator(_alone_or_listed)]
AttributeIds = Annotated[list[AttributeId], FromJson]
ParentFolderId = Text
ParentCommentId = Annotated[Text, Field(description="The comment this replies to")]
Events = Annotated[
    list[JsonObject],
    FromJson,
    Field(min_length=1, description='Such as {"event": "item.created"}; also comment.*, value.*'),
]
FileName = Annotated[str, AfterValidator(_file_name)]
ContentType = Annotated[str, Field(pattern=r"^[\w.+-]+/[\w.+-]+$", description="MIME type")]
Base64 = str

UserIds = Annotated[list[UserId], FromJson]
SortOrder = Annotated[Text, Field(description="Position number")]
ParentItemId = Annotated[Text, Field(description="Makes it a sub-item; null: top level")]

Values = Annotated[JsonObject, FromJson, Field(description="{attribute id or exact name: value}")]
ValuesByName = Annotated[
    JsonObject, FromJson, Field(description="{attribute name: value}; label, member names work")
]
ItemTitle = str

ItemExpand = Annotated[list[Literal["values", "values.attribute", "folder", "created_by"]], AsList]
CommentExpand = Annotated[list[Literal["item", "item.values", "created_by"]], AsList]
CommentText = Annotated[Text, Field(description="Markdown or plain text")]
PlainCommentText = Annotated[
    str, AfterValidator(_not_blank), Field(description="Plain text; each line a paragraph")
]

Cursor = Annotated[str, AfterValidator(_cursor)]
ResponseFormat = Literal["markdown", "json"]


@dataclass(frozen=True, kw_only=True)
class Paging:
    """The parameters of every list; a tool that takes `paging: Paging` takes all five."""

    limit: Annotated[int, Field(ge=1, le=100), BeforeValidator(_not_a_boolean)] = 50
    after: Annotated[Cursor, Field(description="Cursor: next page")] | MISSING = MISSING
    before: Cursor | MISSING = MISSING
    sort_by: str | MISSING = MISSING
    sort_direction: Literal["asc", "desc"] | MISSING = MISSING

    @property
    def begins_the_list(self) -> bool:
        """Whether the page is the first one, in Infinity's own order."""
        moved = (self.after, self.before, self.sort_by, self.sort_direction)
        return all(each is MISSING for each in moved)

    def query(self, **filters: Any) -> JsonObject:
        """The upstream query of this page and further filters."""
        if self.after is not MISSING and self.before is not MISSING:
            raise WrongValue("Give after for the next page or before for the one before, not both.")
        return given(**vars(self), **filters)


class WrongValue(Exception):
    """An argument that is of the right type and still cannot be used; the text is for a model."""


def changes(**arguments: Any) -> JsonObject:
    """The body of an update. Raises WrongValue when nothing is to change."""
    body = given(**arguments)
    if not body:
        raise WrongValue("Nothing was changed: give at least one thing to change.")
    return body


def given(**arguments: Any) -> JsonObject:
    """The arguments that were not left out."""
    return {name: value for name, value in arguments.items() if value is not MISSING}
