"""The tools, one module per resource. The order here is the order of every listing."""

from __future__ import annotations

from mcpserver.tools import (  # isort: skip
    profile,
    workspaces,
    boards,
    folders,
    items,
    comments,
)

__all__ = ["boards", "comments", "folders", "items", "profile", "workspaces"]
