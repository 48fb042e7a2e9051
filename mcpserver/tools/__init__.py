"""The tools, one module per resource. The order here is the order of every listing."""

from __future__ import annotations

from mcpserver.tools import (  # isort: skip
    profile,
    workspaces,
    members,
    boards,
    folders,
    attributes,
    items,
    subitems,
    comments,
    item_values,
    attachments,
    views,
    references,
    hooks,
    time_entries,
)

__all__ = [
    "attachments",
    "attributes",
    "boards",
    "comments",
    "folders",
    "hooks",
    "item_values",
    "items",
    "members",
    "profile",
    "references",
    "subitems",
    "time_entries",
    "views",
    "workspaces",
]
