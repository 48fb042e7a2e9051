"""Says what is true of an item after a write: its title, its address, and what changed."""

from __future__ import annotations

from mcpserver.content import notices
from mcpserver.content.addresses import app_address
from mcpserver.content.board_cache import Lists
from mcpserver.content.filtered_pages import PASSING
from mcpserver.content.item_reader import MEMBER_KINDS, Reader, item_with_values, values_of
from mcpserver.content.overviews.parts import clipped, filled
from mcpserver.content.titles import title_attribute
from mcpserver.content.values.conversions import kind_of
from mcpserver.infinity import InfinityClient, InfinityError, JsonObject

SHOWN = 200  # characters of a value


async def item_to_archive(
    api: InfinityClient, workspace_id: str, board_id: str, item_id: str
) -> JsonObject:
    """The item before it is archived, {} if Infinity does not show it. Raises InfinityError for an
    error that may pass, because what is archived is to be named."""
    try:
        return await item_with_values(api, workspace_id, board_id, item_id)
    except PASSING as error:
        error.advise("Nothing was archived.")
        raise
    except InfinityError:
        return {}


async def written_item(
    lists: Lists,
    board_id: str,
    answer: JsonObject,
    values: list[JsonObject],
    before: JsonObject | None = None,
) -> JsonObject:
    """Infinity's answer to a write with `title`, `url` and `changed`, a row for each of the
    `values` that were sent: `{attribute_id, attribute_name, attribute_type, text, was}`.

    `before` is the item as it was, None if it is new. The write is done: names that cannot be read
    now are left out.
    """
    item = {**(before or {}), **answer}
    title, rows = "", list[JsonObject]()
    try:
        title, rows = await _title_and_rows(lists, values, before or {})
    except InfinityError:  # whose text may be Infinity's
        notices.add(
            "It is done. The title and what changed are not shown, because the board's attributes "
            "or members could not be read now."
        )
    folder_id = item.get("folder_id")
    is_placed = item.get("id") and folder_id
    url = app_address(board_id, str(folder_id), str(item["id"])) if is_placed else ""
    return {**answer, **filled({"title": title, "url": url, "changed": rows})}


async def _title_and_rows(
    lists: Lists, values: list[JsonObject], before: JsonObject
) -> tuple[str, list[JsonObject]]:
    sent = {str(value["attribute_id"]): value["data"] for value in values}
    old = values_of(before)
    if not sent and not old:
        return "", []
    attributes = {str(each["id"]): each for each in await lists.attributes()}
    changed = [attributes.get(id, {"id": id}) for id in sent]
    names_people = any(kind_of(attribute) in MEMBER_KINDS for attribute in changed)
    reader = Reader(list(attributes.values()), await lists.members() if names_people else [])
    title = await title_attribute(reader.attributes) or {"id": ""}
    now = {**old, **sent}
    shown = await reader.texts(
        [(title, now.get(str(title["id"])))]
        + [(attribute, sent[str(attribute["id"])]) for attribute in changed]
        + [(attribute, old.get(str(attribute["id"]))) for attribute in changed]
    )
    texts = [clipped(text, SHOWN) for text in shown]
    rows = [
        {
            "attribute_id": attribute["id"],
            "attribute_name": attribute.get("name"),
            "attribute_type": attribute.get("type"),
            "text": new,
            **({"was": was} if before else {}),
        }
        for attribute, new, was in zip(
            changed, texts[1 : len(changed) + 1], texts[len(changed) + 1 :], strict=True
        )
    ]
    return texts[0], rows
