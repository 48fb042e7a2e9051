"""What the sandbox stores. Times are UTC, whole seconds. The JSON forms are in `resources`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]


@dataclass
class User:
    id: int
    name: str | None
    email: str
    created_at: datetime
    photo_url: str | None = None
    deleted: bool = False


@dataclass
class Member:
    """A user's place in a workspace. `id` is the user's."""

    id: int
    role: str
    created_at: datetime
    deleted: bool = False


@dataclass
class Workspace:
    id: int
    name: str
    created_at: datetime
    members: dict[int, Member] = field(default_factory=dict)
    deleted: bool = False


@dataclass
class Attachment:
    id: int
    workspace_id: int
    original_name: str
    content: bytes
    created_at: datetime
    deleted: bool = False


@dataclass
class Board:
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
    id: str
    data: Any


@dataclass
class Item:
    id: str
    board_id: str
    folder_id: str
    created_at: datetime
    created_by: int
    updated_at: datetime
    sort_order: str
    number: int
    """What the board's custom_id attribute shows."""
    parent_id: str | None = None
    values: dict[str, Value] = field(default_factory=dict)
    """By attribute id; only what was ever set."""
    deleted: bool = False


@dataclass
class Comment:
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
    id: str
    board_id: str
    attribute_id: str
    from_item_id: str
    to_item_id: str
    created_at: datetime
    deleted: bool = False


@dataclass
class Hook:
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
