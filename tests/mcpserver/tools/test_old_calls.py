"""Calls as clients of the Node server made them: its 32 tools, with the parameters it listed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
import pytest

from mcpserver.sandbox import ADA_TOKEN
from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import WORKSPACE
from tests.support import PLAIN, text_of

Json = dict[str, Any]
BOARDS, MEMBERS = f"/workspaces/{WORKSPACE}/boards", f"/workspaces/{WORKSPACE}/members"
ATTRIBUTES, FOLDERS, ITEMS = "@board/attributes", "@board/folders", "@board/items"
COMMENTS = f"{ITEMS}/@item/comments"

IN_WORKSPACE = {"workspace_id": WORKSPACE}
ON_BOARD = {**IN_WORKSPACE, "board_id": "@board"}
ON_ITEM = {**ON_BOARD, "item_id": "@item"}
# Optional parameters that its clients filled in, or left empty.
PAGE = {"limit": 100, "sort_by": "created_at", "sort_direction": "desc"}
EMPTY = {"after": "", "before": None, "sort_by": "", "sort_direction": None}
EXPAND = {"expand": ["values", "values.attribute", "folder", "created_by"]}
COMMENT_EXPAND = {"expand": ["item", "item.values", "created_by"]}
LABELS = {"labels": [{"id": "0c9f4e1a-1111-4c3d-9a55-000000000001", "name": "Soon"}]}

# Values as Infinity has them: the Node server sent on whatever it got.
RAW: Json = {
    "@Name": "Buy paper",
    "@Status": ["#Doing"],
    "@Assignee": [4242, 4243],
    "@Due": "2026-12-01",
    "@Done": True,
    "@Estimate": 2.5,
    "@Notes": "<p>Soon <strong>enough</strong></p>",
    "@Areas": ["#Web", "#API"],
    "@Progress": 40,
    "@Confidence": 3,
    "@Requested by": "ops@example.net",
    "@Phone": "+49 30 5550100",
    "@Links": [{"url": "https://example.org/a", "name": "A"}],
}
NAMED: Json = {"Status": "Doing", "Assignee": "Ada Example", "Done": True}
NAMED_STORED: Json = {"@Status": ["#Doing"], "@Assignee": [4242], "@Done": True}


@dataclass(frozen=True)
class Old:
    """A call, a text that its result has in either format, and what Infinity has afterwards: a
    record in the list at `path` that has `after`, or none with this id once it is `gone`."""

    tool: str
    arguments: Json
    shows: str = ""
    path: str = ""
    after: Json = field(default_factory=dict)
    gone: Any = None


READS = [
    Old("get_profile", {}, "Ada Example"),
    Old("list_workspaces", PAGE, WORKSPACE),
    Old("list_workspace_members", {**IN_WORKSPACE, **PAGE}, "Bob Example"),
    Old("list_boards", {"workspace_id": int(WORKSPACE), **EMPTY}, "Product roadmap"),
    Old("get_board", ON_BOARD, "Product roadmap"),
    Old("list_folders", {**ON_BOARD, **PAGE}, "Sprint 14"),
    Old("get_folder", {**ON_BOARD, "folder_id": "@folder"}, "Backlog"),
    Old("list_attributes", {**ON_BOARD, **PAGE}, "Requested by"),
    Old("get_attribute", {**ON_BOARD, "attribute_id": "@Status"}, "Blocked"),
    Old("list_items", {**ON_BOARD, **EMPTY, **EXPAND}, "Export a board as CSV"),
    Old("list_items", {**ON_BOARD, **PAGE, **EXPAND, "folder_id": "@folder"}, "Audit log"),
    Old("list_items", {**ON_BOARD, "before": "@second", **EXPAND}, "@item"),
    Old("get_item", {**ON_ITEM, **EXPAND}, "Export a board as CSV"),
    Old("list_subitems", {**ON_BOARD, **PAGE, **EXPAND, "parent_item_id": "@item"}, "Column pick"),
    Old("list_subitems", {**ON_BOARD, **EMPTY, "parent_item_id": "@item"}, "@item"),
    Old("list_comments", {**ON_ITEM, **PAGE, **COMMENT_EXPAND}, "Thanks!"),
    Old("get_comment", {**ON_ITEM, "comment_id": "@comment", **COMMENT_EXPAND}, "Excel wants"),
]
MEMBER_WRITES = [
    Old(
        "invite_workspace_member",
        {**IN_WORKSPACE, "email": "zoe@example.org", "role": "full-member"},
        "zoe@example.org",
        MEMBERS,
        {"email": "zoe@example.org"},
    ),
    Old(
        "add_workspace_member",
        {**IN_WORKSPACE, "user_id": 4317, "role": "restricted-member"},
        "4317",
        MEMBERS,
        {"id": 4317, "role": "restricted-member"},
    ),
    Old("remove_workspace_member", {**IN_WORKSPACE, "user_id": 4243}, path=MEMBERS, gone=4243),
    Old(
        "create_board",
        {
            **IN_WORKSPACE,
            **{"name": "New", "description": None, "color": "#f57740", "user_ids": [4243]},
        },
        "New",
        BOARDS,
        {"name": "New", "color": "#f57740", "user_ids": [4242, 4243]},
    ),
]
FOLDER: Json = {"name": "New", "color": "#9FE1E7", "sort_order": "7", "settings": {"a": [1]}}
ATTRIBUTE: Json = {"name": "New", "type": "label", "settings": LABELS, "default_data": []}
BOARD_WRITES = [
    Old(
        "create_folder",
        {**ON_BOARD, **FOLDER, "parent_id": "@folder", "attribute_ids": ["@Name"]},
        "New",
        FOLDERS,
        {**FOLDER, "parent_id": "@folder", "attribute_ids": ["@Name"]},
    ),
    Old("create_folder", {**ON_BOARD, "name": "New", "parent_id": None, "color": None}, "New",
        FOLDERS, {"name": "New", "parent_id": None}),
    Old("update_folder", {**ON_BOARD, **FOLDER, "folder_id": "@folder"}, "New",
        FOLDERS, {**FOLDER, "id": "@folder"}),
    Old("archive_folder", {**ON_BOARD, "folder_id": "@folder"}, path=FOLDERS, gone="@folder"),
    Old("create_attribute", {**ON_BOARD, **ATTRIBUTE}, "Soon", ATTRIBUTES, ATTRIBUTE),
    Old("update_attribute",
        {**ON_BOARD, "attribute_id": "@Name", "name": "Task", "type": "text", "default_data": "a"},
        "Task", ATTRIBUTES, {"id": "@Name", "name": "Task", "default_data": "a"}),
    Old("delete_attribute", {**ON_BOARD, "attribute_id": "@Votes"}, path=ATTRIBUTES, gone="@Votes"),
]  # fmt: skip
NEW_ITEM = {**ON_BOARD, "folder_id": "@folder"}
ITEM_WRITES = [
    Old("create_item", {**NEW_ITEM, "values": RAW, "parent_id": None, "sort_order": "7"},
        "Buy paper", ITEMS, {"values": RAW, "sort_order": "7"}),
    Old("create_item", {**NEW_ITEM, "name": "Named", "values_by_name": NAMED},
        "Named", ITEMS, {"values": {"@Name": "Named", **NAMED_STORED}}),
    Old("update_item", {**ON_ITEM, "values": RAW}, "Buy paper",
        ITEMS, {"id": "@item", "values": RAW}),
    Old("update_item", {**ON_ITEM, "title": "Titled", "values_by_name": NAMED, "values": {}},
        "Titled", ITEMS, {"id": "@item", "values": {"@Name": "Titled", **NAMED_STORED}}),
    Old("update_item", {**ON_ITEM, "folder_id": "@folder", "sort_order": "7"}, "@folder",
        ITEMS, {"id": "@item", "folder_id": "@folder", "sort_order": "7"}),
    Old("archive_item", ON_ITEM, path=ITEMS, gone="@item"),
    Old("create_subitem",
        {**NEW_ITEM, "folder_id": "@sprint", "parent_item_id": "@item", "values": RAW},
        "Buy paper", ITEMS, {"parent_id": "@item", "values": RAW}),
    Old("create_subitem",
        {**NEW_ITEM, "folder_id": "@sprint", "parent_item_id": "@item", "title": "Small",
         "values_by_name": NAMED, "sort_order": "7"},
        "Small", ITEMS, {"parent_id": "@item", "values": {"@Name": "Small", **NAMED_STORED}}),
]  # fmt: skip
COMMENT_WRITES = [
    Old("create_comment", {**ON_ITEM, "text": "<p>Hello</p>", "parent_id": None}, "Hello",
        COMMENTS, {"text": "<p>Hello</p>", "parent_id": None}),
    Old("create_comment", {**ON_ITEM, "text": "Yes", "parent_id": "@comment"}, "Yes",
        COMMENTS, {"text": "<p>Yes</p>", "parent_id": "@comment"}),
    Old("add_item_comment", {**ON_ITEM, "comment_text": "1 < 2"}, "1 ",
        COMMENTS, {"text": "<p>1 &lt; 2</p>"}),
    Old("update_comment", {**ON_ITEM, "comment_id": "@comment", "text": "<p>Now</p>"}, "Now",
        COMMENTS, {"id": "@comment", "text": "<p>Now</p>"}),
    Old("delete_comment", {**ON_ITEM, "comment_id": "@comment"}, path=COMMENTS, gone="@comment"),
]  # fmt: skip
CALLS = [*READS, *MEMBER_WRITES, *BOARD_WRITES, *ITEM_WRITES, *COMMENT_WRITES]


class Stored:
    """What the sandbox has, read without the server; ids by `@` and a name, of labels by `#`."""

    def __init__(self, http: httpx2.Client) -> None:
        self._http = http
        boards = self._get(BOARDS)["data"]
        board = next(each["id"] for each in boards if each["name"] == "Product roadmap")
        self.ids: dict[Any, Any] = {"@board": board}
        for attribute in self.records(ATTRIBUTES):
            self.ids[f"@{attribute['name']}"] = attribute["id"]
            for label in (attribute["settings"] or {}).get("labels", []):
                self.ids[f"#{label['name']}"] = label["id"]
        folders = {each["name"]: each["id"] for each in self.records(FOLDERS)}
        self.ids |= {"@folder": folders["Backlog"], "@sprint": folders["Sprint 14"]}
        self.ids["@item"] = self.records(ITEMS)[0]["id"]
        self.ids["@comment"] = self.records(COMMENTS)[0]["id"]
        self.ids["@second"] = self._get(self._path(ITEMS), limit=2)["after"]

    def records(self, path: str) -> list[Json]:
        expand = {"expand[]": "values"} if path == ITEMS else {}
        records: list[Json] = self._get(self._path(path), limit=100, **expand)["data"]
        for record in records:
            if path == ITEMS:
                record["values"] = {e["attribute_id"]: e["data"] for e in record["values"]}
        return records

    def named(self, value: Any) -> Any:
        """The value with ids in the places of names."""
        if isinstance(value, dict):
            return {self.named(key): self.named(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.named(each) for each in value]
        return self.ids.get(value, value)

    def _path(self, path: str) -> str:
        path = path.replace("@item", self.ids.get("@item", ""))
        return path.replace("@board", f"{BOARDS}/{self.ids.get('@board')}")

    def _get(self, path: str, **query: Any) -> Json:
        answer = self._http.get(path, params=query).raise_for_status()
        return dict(answer.json())


def has(record: Any, expected: Any) -> bool:
    """Whether a record has what is expected, and maybe more."""
    if isinstance(expected, Mapping):
        return isinstance(record, dict) and all(
            key in record and has(record[key], each) for key, each in expected.items()
        )
    if isinstance(expected, list):
        return len(record) == len(expected) and all(map(has, record, expected))
    return bool(record == expected)


@pytest.fixture
def stored(agent: Agent) -> Iterator[Stored]:
    headers = {"Authorization": f"Bearer {ADA_TOKEN}"}
    with httpx2.Client(base_url=agent.infinity.url, headers=headers, verify=PLAIN) as http:
        yield Stored(http)


@pytest.mark.parametrize("format", ["markdown", "json"])
@pytest.mark.parametrize("old", CALLS, ids=lambda old: old.tool)
def test_a_call_of_the_node_servers_clients_still_works(
    agent: Agent, stored: Stored, old: Old, format: str
) -> None:
    arguments = stored.named(old.arguments)
    result = agent.call(f"infinity_{old.tool}", **arguments, response_format=format)
    text = text_of(result)
    assert not result.is_error, text
    assert (json.loads(text) if format == "json" else None) == result.structured_content
    assert str(stored.named(old.shows)) in text
    if not old.path:
        return
    records = stored.records(old.path)
    if old.gone:
        assert stored.named(old.gone) not in [record["id"] for record in records]
    else:
        expected = stored.named(old.after)
        assert any(has(record, expected) for record in records), (expected, records)


def test_all_32_tools_of_the_node_server_are_called() -> None:
    assert 32 == len({old.tool for old in CALLS})
