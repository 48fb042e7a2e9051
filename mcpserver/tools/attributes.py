from __future__ import annotations

from pydantic import MISSING

from mcpserver.catalogue import Lists, attributes_shown, forget_attributes
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.labels import changed_labels, labels_of
from mcpserver.merging import merged_settings
from mcpserver.params import (
    AnyJson,
    AttributeId,
    AttributeSettings,
    AttributeType,
    BoardId,
    LabelNames,
    Name,
    Paging,
    WorkspaceId,
    changes,
    given,
)
from mcpserver.server import admin_tool, read_tool, write_tool
from mcpserver.upstream import InfinityApi
from mcpserver.values import default_data as as_default


@read_tool
async def infinity_list_attributes(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The attributes of a board: which values its items have, and the labels to choose from."""
    page = await api.list(
        "workspaces/{ws}/boards/{board}/attributes", paging.query(), ws=workspace_id, board=board_id
    )
    whole = paging.begins_the_list and not page["has_more"]
    await attributes_shown(workspace_id, board_id, page["data"], whole=whole)
    return page


@read_tool
async def infinity_get_attribute(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, attribute_id: AttributeId
) -> JsonObject:
    """One attribute, by id or exact name, with its settings."""
    id = await Lists(api, workspace_id, board_id).attribute_id(attribute_id)
    return await _attribute(api, workspace_id, board_id, id)


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
    attribute = given(name=name, type=type, settings=_with_labels(settings))
    if default_data not in (MISSING, None):
        attribute["default_data"] = await as_default(
            api, workspace_id, board_id, attribute, default_data
        )
    created = await api.post(
        "workspaces/{ws}/boards/{board}/attributes", attribute, ws=workspace_id, board=board_id
    )
    await forget_attributes(workspace_id, board_id)
    return created


@write_tool(destructive=True, idempotent=True)
async def infinity_update_attribute(
    api: InfinityApi,
    workspace_id: WorkspaceId,
    board_id: BoardId,
    attribute_id: AttributeId,
    name: Name | MISSING = MISSING,
    type: AttributeType | MISSING = MISSING,
    default_data: AnyJson | MISSING = MISSING,
    settings: AttributeSettings | MISSING = MISSING,
    remove_labels: LabelNames | MISSING = MISSING,
) -> JsonObject:
    """Change an attribute. Labels and settings that are not named stay; remove_labels deletes
    labels."""
    wanted = changes(
        name=name,
        type=type,
        default_data=default_data,
        settings=settings,
        remove_labels=remove_labels,
    )
    id = await Lists(api, workspace_id, board_id).attribute_id(attribute_id)
    if wanted.keys() - {"name", "type"}:
        known = await _attribute(api, workspace_id, board_id, id)
        wanted = await _merged(api, workspace_id, board_id, known, wanted)
    updated = await api.put(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        wanted,
        ws=workspace_id,
        board=board_id,
        attribute=id,
    )
    await forget_attributes(workspace_id, board_id)
    return updated


@admin_tool(destructive=True, idempotent=True)
async def infinity_delete_attribute(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, attribute_id: AttributeId
) -> JsonObject:
    """Delete an attribute and its values on every item of the board."""
    id = await Lists(api, workspace_id, board_id).attribute_id(attribute_id)
    deleted = await api.delete(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        ws=workspace_id,
        board=board_id,
        attribute=id,
    )
    await forget_attributes(workspace_id, board_id)
    return deleted


async def _attribute(api: InfinityClient, workspace_id: str, board_id: str, id: str) -> JsonObject:
    attribute = await api.get(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        ws=workspace_id,
        board=board_id,
        attribute=id,
    )
    await attributes_shown(workspace_id, board_id, [attribute])
    return attribute


async def _merged(
    api: InfinityClient, workspace_id: str, board_id: str, known: JsonObject, wanted: JsonObject
) -> JsonObject:
    """The changes as Infinity takes them: settings whole, labels with ids, a default by type."""
    removed = wanted.pop("remove_labels", [])
    if removed or "settings" in wanted:
        wanted["settings"] = _settings(known, wanted.get("settings", {}), removed)
    if "default_data" in wanted:
        attribute = {**known, **wanted}
        wanted["default_data"] = await as_default(
            api, workspace_id, board_id, attribute, wanted["default_data"]
        )
    return wanted


def _settings(known: JsonObject, wanted: JsonObject, removed: list[str]) -> JsonObject:
    settings = merged_settings(known, wanted)
    if removed or "labels" in wanted:
        settings["labels"] = changed_labels(labels_of(known), wanted.get("labels"), removed)
    return settings


def _with_labels(settings: JsonObject | MISSING) -> JsonObject | MISSING:
    if settings is MISSING or not settings.get("labels"):
        return settings
    return {**settings, "labels": changed_labels([], settings["labels"])}
