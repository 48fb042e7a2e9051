"""Defines the short form in which the boards of the seed are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Attributes = Sequence[tuple[str, str, Mapping[str, Any]]]
Items = Sequence[tuple[str, Mapping[str, Any]]]


@dataclass(frozen=True)
class BoardPlan:
    """The plan of a board."""

    name: str
    description: str | None
    color: str
    user_ids: Sequence[int]
    attributes: Attributes
    """Name, type, settings; labels as {name: colour}."""
    folders: Sequence[tuple[str, str | None, Sequence[str]]]
    """Name, parent, names of the attributes it shows."""
    items: Items
    """Folder and values by attribute name; `parent` names the parent item."""
    comments: Sequence[tuple[str, str, int]] = ()
    """Item, HTML, author."""
    views: Sequence[tuple[str, str, str]] = ()
    """Folder, name, type."""
    references: Sequence[tuple[str, str, str]] = ()
    """Attribute, from item, to item."""
    time_entries: Sequence[tuple[str, str, int]] = ()
    """Attribute, item, minutes."""
    hooks: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True)
class WorkspacePlan:
    """The plan of a workspace."""

    id: int
    name: str
    roles: Mapping[int, str]
    boards: Sequence[BoardPlan]


RED, ORANGE, GREEN, BLUE, GREY = "#F2A1A1", "#F7C990", "#B3EC8D", "#9FE1E7", "#C9CED6"

AUTOMATIC: Attributes = (
    ("Created at", "created_at", {}),
    ("Updated at", "updated_at", {}),
    ("Created by", "created_by", {}),
    ("Source folder", "source_folder", {}),
    ("Related to", "reference", {"multiple": True}),
    ("Time spent", "time_tracking", {}),
)
