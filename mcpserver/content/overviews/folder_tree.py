"""Orders the folders of a board as a tree, in which every folder stands once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

from mcpserver.content.overviews.parts import name_of
from mcpserver.content.turns import give_way
from mcpserver.infinity import JsonObject
from mcpserver.infinity.records import is_id


@dataclass(frozen=True)
class Folder:
    """What is shown of a folder. `position` orders it among its siblings."""

    id: str
    name: str
    parent_id: str
    position: float
    attribute_ids: tuple[str, ...]


class FolderReader:
    """Makes folders of records. Attribute ids are kept once: thousands of folders may each list
    hundreds."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}
        self._lists: dict[tuple[str, ...], tuple[str, ...]] = {}

    def folder(self, record: JsonObject) -> Folder:
        """The folder of a record."""
        parent = record.get("parent_id")
        return Folder(
            id=str(record["id"]),
            name=name_of(record),
            parent_id=str(parent) if is_id(parent) else "",
            position=_position(record.get("sort_order")),
            attribute_ids=self._attribute_ids(record.get("attribute_ids")),
        )

    def _attribute_ids(self, given: Any) -> tuple[str, ...]:
        listed = given if isinstance(given, list) else []
        ids = (str(each) for each in listed if is_id(each))
        whole = tuple(self._ids.setdefault(id, id) for id in ids)
        return self._lists.setdefault(whole, whole)


async def folder_tree(folders: list[Folder]) -> list[tuple[Folder, int]]:
    """The folders in the order of the tree, each with its depth.

    A folder whose parent is missing stands at the top, and one of each circle.
    """
    known = {folder.id: folder for folder in folders}
    children: defaultdict[str, list[Folder]] = defaultdict(list)
    for folder in sorted(known.values(), key=lambda folder: folder.position, reverse=True):
        await give_way()
        children[folder.parent_id if folder.parent_id in known else ""].append(folder)
    tree: dict[str, tuple[Folder, int]] = {}
    # After the real tree, circles: no root leads to them.
    for root in [*reversed(children[""]), *known.values()]:
        left = [(root, 0)]
        while left:
            await give_way()
            folder, depth = left.pop()
            if folder.id not in tree:
                tree[folder.id] = (folder, depth)
                left += [(child, depth + 1) for child in children[folder.id]]
    return list(tree.values())


def _position(sort_order: Any) -> float:
    """A `sort_order` as a number; anything else comes last."""
    try:
        number = float(str(sort_order)[:100])
    except ValueError:
        return inf
    return inf if isnan(number) else number
