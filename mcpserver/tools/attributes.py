"""Defines the tools for attributes and their labels."""

from __future__ import annotations

from pydantic import MISSING

from mcpserver.content import notices
from mcpserver.content.board_cache import ATTRIBUTES, forget, shown
from mcpserver.content.item_values import default_data as as_default
from mcpserver.content.values.labels import changed_labels, first_names, labels_of, new_labels
from mcpserver.content.values.merging import merged_settings, read_undamaged
from mcpserver.gateway.clients import InfinityApi
from mcpserver.infinity import InfinityClient, JsonObject
from mcpserver.tools._params import (
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
from mcpserver.tools._registry import admin_tool, read_tool, write_tool


@read_tool
async def infinity_list_attributes(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, paging: Paging
) -> JsonObject:
    """The attributes of a board: which values its items have, and the labels to choose from."""
    page = await api.list(
        "workspaces/{ws}/boards/{board}/attributes", paging.query(), ws=workspace_id, board=board_id
    )
    whole = paging.is_whole(page)
    await shown(ATTRIBUTES, page["data"], workspace_id, board_id, whole=whole)
    return page


@read_tool
async def infinity_get_attribute(
    api: InfinityApi, workspace_id: WorkspaceId, board_id: BoardId, attribute_id: AttributeId
) -> JsonObject:
    """One attribute, with its settings."""
    return await _attribute(api, workspace_id, board_id, attribute_id)


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
    attribute = given(name=name, type=type, settings=await _with_labels(settings))
    if default_data not in (MISSING, None):
        attribute["default_data"] = await as_default(
            api, workspace_id, board_id, attribute, default_data
        )
    created = await api.post(
        "workspaces/{ws}/boards/{board}/attributes", attribute, ws=workspace_id, board=board_id
    )
    await forget(ATTRIBUTES, workspace_id, board_id)
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
    told: JsonObject = {}
    if wanted.keys() - {"name", "type"}:
        wanted, told = await _merged(api, workspace_id, board_id, attribute_id, wanted)
    updated = await api.put(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        wanted,
        ws=workspace_id,
        board=board_id,
        attribute=attribute_id,
    )
    await forget(ATTRIBUTES, workspace_id, board_id)
    return {**updated, **told}


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
    await forget(ATTRIBUTES, workspace_id, board_id)
    return deleted


async def _attribute(api: InfinityClient, workspace_id: str, board_id: str, id: str) -> JsonObject:
    attribute = await api.get(
        "workspaces/{ws}/boards/{board}/attributes/{attribute}",
        ws=workspace_id,
        board=board_id,
        attribute=id,
    )
    await shown(ATTRIBUTES, [attribute], workspace_id, board_id)
    return attribute


async def _merged(
    api: InfinityClient, workspace_id: str, board_id: str, id: str, wanted: JsonObject
) -> tuple[JsonObject, JsonObject]:
    """The changes as Infinity takes them: whole settings, labels with ids, a default by type.
    Then what the result tells besides: the names of labels."""
    reading = _attribute(api, workspace_id, board_id, id)
    told: JsonObject = {}
    if wanted.keys() & {"settings", "remove_labels"}:
        known = await read_undamaged(api, reading)
        wanted, told = await _with_settings(known, wanted)
    else:
        known = await reading
    if "default_data" in wanted:
        attribute = {**known, **wanted}
        data = await as_default(api, workspace_id, board_id, attribute, wanted["default_data"])
        return {**wanted, "default_data": data}, told
    if not (gone := _removed_defaults(known, wanted)):
        return wanted, told
    notices.add("Labels that were removed are no default any more (see removed_from_default).")
    stay = [id for id in known["default_data"] if id not in {label["id"] for label in gone}]
    return {**wanted, "default_data": stay}, {**told, "removed_from_default": first_names(gone)}


async def _with_settings(known: JsonObject, wanted: JsonObject) -> tuple[JsonObject, JsonObject]:
    given_settings = wanted.get("settings", {})
    removed = wanted.get("remove_labels", [])
    settings = merged_settings(known, given_settings)
    told: JsonObject = {}
    if removed or "labels" in settings:
        labels = given_settings.get("labels")
        changed = await changed_labels(labels_of(known), labels, removed)
        settings["labels"] = changed.labels
        if changed.unnamed:
            notices.add(
                "To remove labels, name them in remove_labels: "
                f"{len(changed.unnamed)} that settings does not name stay (see labels_kept)."
            )
            told = {"labels_kept": first_names(changed.unnamed)}
    rest = {key: wanted[key] for key in wanted if key != "remove_labels"}
    return {**rest, "settings": settings}, told


def _removed_defaults(known: JsonObject, wanted: JsonObject) -> list[JsonObject]:
    """The labels of the default that the change removes."""
    stay = {label["id"] for label in labels_of(wanted)}
    removed = [label for label in labels_of(known) if label["id"] not in stay]
    default = known.get("default_data")
    return [label for label in removed if isinstance(default, list) and label["id"] in default]


async def _with_labels(settings: JsonObject | MISSING) -> JsonObject | MISSING:
    if settings is MISSING or "labels" not in settings:
        return settings
    return {**settings, "labels": await new_labels(settings["labels"])}
