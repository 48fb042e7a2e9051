"""Defines the sandbox's records. Times are UTC, whole seconds. `resources` has the JSON forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass
class User:
    """A person with an Infinity account."""

    id: int
    name: str | None
    email: str
    created_at: datetime
    photo_url: str | None = None
    deleted: bool = False


@dataclass
class Member:
    """A user's membership of a workspace. `id` is the user's."""

    id: int
    role: str
    created_at: datetime
    deleted: bool = False


@dataclass
class Workspace:
    """A workspace and its members."""

    id: int
    name: str
    created_at: datetime
    members: dict[int, Member] = field(default_factory=dict)
    deleted: bool = False


@dataclass
class Attachment:
    """A file."""

    id: int
    workspace_id: int
    original_name: str
    content: bytes
    created_at: datetime
    deleted: bool = False


@dataclass
class Board:
    """A board of a workspace."""

    id: str
    workspace_id: int
    name: str
    description: str | None
    color: str | None
    user_ids: list[int]
    created_at: datetime
    items_made: int = 0
    deleted: bool = False


@dataclass
class Folder:
    """A folder of a board."""

    id: str
    board_id: str
    name: str
    sort_order: str
    created_at: datetime
    color: str | None = None
    parent_id: str | None = None
    attribute_ids: list[str] = field(default_factory=list)
    settings: Json = field(default_factory=dict)
    deleted: bool = False


@dataclass
class Attribute:
    """An attribute of a board."""

    id: str
    board_id: str
    name: str
    type: str
    default_data: Any
    settings: Json
    created_at: datetime
    deleted: bool = False


@dataclass
class Value:
    """An item's value of one attribute."""

    id: str
    data: Any


@dataclass
class Item:
    """An item in a folder."""

    id: str
    board_id: str
    folder_id: str
    created_at: datetime
    created_by: int
    updated_at: datetime
    sort_order: str
    number: int
    """The value of the board's custom_id attribute."""
    parent_id: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    """By attribute id; only values that were ever set."""
    deleted: bool = False


@dataclass
class Comment:
    """A comment on an item."""

    id: str
    board_id: str
    item_id: str
    text: str
    created_at: datetime
    created_by: int
    parent_id: str | None = None
    deleted: bool = False


@dataclass
class View:
    """A view of a folder."""

    id: str
    board_id: str
    folder_id: str
    name: str
    type: str
    sort_order: str
    created_at: datetime
    created_by: int
    settings: Json = field(default_factory=dict)
    deleted: bool = False


@dataclass
class Reference:
    """A link between two items."""

    id: str
    board_id: str
    attribute_id: str
    from_item_id: str
    to_item_id: str
    created_at: datetime
    deleted: bool = False


@dataclass
class Hook:
    """A webhook of a board."""

    id: str
    board_id: str
    url: str
    events: list[Json]
    """[{"event": name, "data"?: any}]"""
    user_id: int
    secret: str
    created_at: datetime
    failures: int = 0
    """Failed deliveries in a row."""
    deleted: bool = False


@dataclass
class TimeEntry:
    """A time entry of an item."""

    id: str
    board_id: str
    item_id: str
    attribute_id: str
    started_at: datetime
    created_by: int
    created_at: datetime
    ended_at: datetime | None = None
    description: str | None = None
    deleted: bool = False
