from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from pydantic import MISSING

from mcpserver.catalogue import forget_attributes
from mcpserver.infinity import JsonObject
from mcpserver.params import (
    AnyJson,
    AttributeId,
    AttributeSettings,
    AttributeType,
    BoardId,
    Name,
    Paging,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.server import admin_tool, read_tool, write_tool
from mcpserver.upstream import InfinityApi
from mcpserver.values import labels_of


@read_tool
async def infinity_list_attributes(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The attributes of a board: which values its items have, and the labels to choose from."""
    return await api.list(
        "workspaces/{ws}/boards/{board}/attributes", paging.query(), ws=workspace_id, board=board_id
    )


@read_tool
async def infinity_get_attribute(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, attribute_id: AttributeId
) -> JsonObject:
    """One attribute, with its settings."""
    return await api.get(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        ws=workspace_id,
        board=board_id,
        attribute=attribute_id,
    )


@write_tool()
async def infinity_create_attribute(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    name: Name,
    type: AttributeType,
    default_data: AnyJson | MISSING = MISSING,
    settings: AttributeSettings | MISSING = MISSING,
) -> JsonObject:
    """Create an attribute. A folder shows it once its id is in the folder's attribute_ids."""
    attribute = given(
        name=name, type=type, default_data=default_data, settings=_with_label_ids(settings, {})
    )
    created = await api.post(
        "workspaces/{ws}/boards/{board}/attributes", attribute, ws=workspace_id, board=board_id
    )
    await forget_attributes(workspace_id, board_id)
    return created


@write_tool(idempotent=True)
async def infinity_update_attribute(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    attribute_id: AttributeId,
    name: Name | MISSING = MISSING,
    type: AttributeType | MISSING = MISSING,
    default_data: AnyJson | MISSING = MISSING,
    settings: AttributeSettings | MISSING = MISSING,
) -> JsonObject:
    """Change an attribute. settings replace the old ones whole, labels too: read them first."""
    known = (
        labels_of(await infinity_get_attribute(api, workspace_id, board_id, attribute_id))
        if not all(map(_has_id, _labels(settings)))
        else []
    )
    ids = {label.get("name"): label.get("id") for label in known}
    attribute = changes(
        name=name, type=type, default_data=default_data, settings=_with_label_ids(settings, ids)
    )
    updated = await api.put(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        attribute,
        ws=workspace_id,
        board=board_id,
        attribute=attribute_id,
    )
    await forget_attributes(workspace_id, board_id)
    return updated


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_attribute(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, attribute_id: AttributeId
) -> JsonObject:
    """Delete an attribute and its values on every item of the board."""
    deleted = await api.delete(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        ws=workspace_id,
        board=board_id,
        attribute=attribute_id,
    )
    await forget_attributes(workspace_id, board_id)
    return deleted


def _with_label_ids(
    settings: JsonObject | MISSING, known: Mapping[Any, Any]
) -> JsonObject | MISSING:
    """Infinity wants the maker of a label to choose its id, which agents do not think of.

    A label that is known by name keeps its id: with another one, items would lose it.
    """
    labels = _labels(settings)
    if not labels or settings is MISSING:
        return settings
    return {**settings, "labels": [_with_id(label, known) for label in labels]}


def _labels(settings: JsonObject | MISSING) -> list[Any]:
    labels = None if settings is MISSING else settings.get("labels")
    return labels if isinstance(labels, list) else []


def _has_id(label: Any) -> bool:
    return isinstance(label, dict) and bool(label.get("id"))


def _with_id(label: Any, known: Mapping[Any, Any]) -> Any:
    entry = {"name": label} if isinstance(label, str) else label
    if not isinstance(entry, dict) or _has_id(entry):
        return entry
    return {**entry, "id": known.get(entry.get("name")) or str(uuid.uuid4())}
