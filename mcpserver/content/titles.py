"""Finds the attribute that is the title of a board's items, for reading and for writing."""

from __future__ import annotations

from mcpserver.content.turns import give_way
from mcpserver.content.values.names import folded, plain
from mcpserver.infinity import JsonObject


async def title_attribute(attributes: list[JsonObject]) -> JsonObject | None:
    """The text attribute called Name or Title, else the first one: Infinity marks no title.

    None on a board without text attributes.
    """
    texts = [attribute for attribute in attributes if attribute.get("type") == "text"]
    for word in ("Name", "Title"):
        for same in (str, plain, folded):
            for attribute in texts:
                await give_way()
                if same(str(attribute.get("name"))) == same(word):
                    return attribute
    return texts[0] if texts else None
