"""Every tool is called, and every operation of Infinity's API is reached."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from mcp_types import Tool

from tests.mcpserver.tools.agent import Agent

# All operations of Infinity's API, version 2026-04-20.morava.
OPERATIONS = """
GET    /profile
GET    /workspaces
GET    /workspaces/{ws}/members
POST   /workspaces/{ws}/members/invite
PUT    /workspaces/{ws}/members/{user}
DELETE /workspaces/{ws}/members/{user}
POST   /workspaces/{ws}/attachments/file
POST   /workspaces/{ws}/attachments/url
GET    /workspaces/{ws}/boards
POST   /workspaces/{ws}/boards
GET    /workspaces/{ws}/boards/{board}
GET    /workspaces/{ws}/boards/{board}/folders
POST   /workspaces/{ws}/boards/{board}/folders
GET    /workspaces/{ws}/boards/{board}/folders/{folder}
PUT    /workspaces/{ws}/boards/{board}/folders/{folder}
DELETE /workspaces/{ws}/boards/{board}/folders/{folder}
GET    /workspaces/{ws}/boards/{board}/attributes
POST   /workspaces/{ws}/boards/{board}/attributes
GET    /workspaces/{ws}/boards/{board}/attributes/{attribute}
PUT    /workspaces/{ws}/boards/{board}/attributes/{attribute}
DELETE /workspaces/{ws}/boards/{board}/attributes/{attribute}
GET    /workspaces/{ws}/boards/{board}/items
POST   /workspaces/{ws}/boards/{board}/items
GET    /workspaces/{ws}/boards/{board}/items/{item}
PUT    /workspaces/{ws}/boards/{board}/items/{item}
DELETE /workspaces/{ws}/boards/{board}/items/{item}
GET    /workspaces/{ws}/boards/{board}/items/{item}/comments
POST   /workspaces/{ws}/boards/{board}/items/{item}/comments
GET    /workspaces/{ws}/boards/{board}/items/{item}/comments/{comment}
PUT    /workspaces/{ws}/boards/{board}/items/{item}/comments/{comment}
DELETE /workspaces/{ws}/boards/{board}/items/{item}/comments/{comment}
GET    /workspaces/{ws}/boards/{board}/views
POST   /workspaces/{ws}/boards/{board}/views
GET    /workspaces/{ws}/boards/{board}/views/{view}
PUT    /workspaces/{ws}/boards/{board}/views/{view}
DELETE /workspaces/{ws}/boards/{board}/views/{view}
POST   /workspaces/{ws}/boards/{board}/references
DELETE /workspaces/{ws}/boards/{board}/references/{reference}
GET    /workspaces/{ws}/boards/{board}/hooks
POST   /workspaces/{ws}/boards/{board}/hooks
PUT    /workspaces/{ws}/boards/{board}/hooks/{hook}
DELETE /workspaces/{ws}/boards/{board}/hooks/{hook}
POST   /workspaces/{ws}/boards/{board}/time-tracking
PUT    /workspaces/{ws}/boards/{board}/time-tracking/{entry}
DELETE /workspaces/{ws}/boards/{board}/time-tracking/{entry}
"""

OPERATION_LINES = [" ".join(line.split()) for line in OPERATIONS.strip().splitlines()]

# Arguments by name: what tools need beside the ids that other tools return.
ARGUMENTS: dict[str, Any] = {
    "user_id": 4317,
    "email": "zoe@example.org",
    "name": "New",
    "text": "New",
    "comment_text": "New",
    "url": "https://example.org/new.txt",
    "file_name": "new.txt",
    "content_base64": "bmV3",
    "events": [{"event": "item.created"}],
}
# Arguments of one tool alone; what an update changes among them.
OWN_ARGUMENTS: dict[str, dict[str, Any]] = {
    "infinity_create_attribute": {"type": "text"},
    "infinity_create_view": {"type": "table"},
    "infinity_update_folder": {"name": "Newer"},
    "infinity_update_attribute": {"name": "Newer"},
    "infinity_update_item": {"title": "Newer"},
    "infinity_update_comment": {"text": "Newer"},
    "infinity_update_view": {"name": "Newer"},
    "infinity_update_hook": {"url": "https://example.org/newer"},
    "infinity_update_time_entry": {"description": "Newer"},
}


def operation_of(request: dict[str, Any]) -> str:
    """The operation that a logged request reached; the request itself when it is none."""
    line = f"{request['method']} {request['path'].removeprefix('/api/v2')}"
    for operation in OPERATION_LINES:
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", operation), line):
            return operation
    return line


def in_order(tools: list[Tool]) -> list[Tool]:
    """Tools that remove something come last, and what is inside goes before what it is in."""
    kept: list[Tool] = []
    removing: list[Tool] = []
    for tool in tools:
        removes = re.search("_(archive|delete|remove)_", tool.name)
        (removing if removes else kept).append(tool)
    return [*kept, *reversed(removing)]


@dataclass
class Work:
    """Calls tools, with arguments that other tools returned."""

    agent: Agent
    arguments: dict[str, Any] = field(default_factory=lambda: dict(ARGUMENTS))
    own_arguments: dict[str, dict[str, Any]] = field(default_factory=lambda: dict(OWN_ARGUMENTS))

    def call(self, tool: Tool) -> None:
        required = tool.input_schema.get("required", [])
        known = {name: self.arguments[name] for name in required if name in self.arguments}
        own = self.own_arguments.get(tool.name, {})
        self._learn(tool.name, self.agent.result(tool.name, **known | own))

    def _learn(self, tool: str, result: dict[str, Any]) -> None:
        records = result["data"] if "has_more" in result else [result]
        made = re.fullmatch(r"infinity_(?:list|create)_(\w+?)s?", tool)
        if made and "id" in records[0]:
            self.arguments.setdefault(f"{made[1]}_id", records[0]["id"])
        if tool == "infinity_list_items":
            for name in ("parent_item_id", "from_item_id", "to_item_id"):
                self.arguments[name] = records[0]["id"]
        if tool == "infinity_list_attributes":
            ids = {attribute["type"]: attribute["id"] for attribute in records}
            for name, type in (("reference", "reference"), ("time_entry", "time_tracking")):
                self.own_arguments[f"infinity_create_{name}"] = {"attribute_id": ids[type]}


def test_the_tools_reach_every_operation(agent: Agent) -> None:
    work = Work(agent)
    for tool in in_order(agent.portal.call(agent.client.list_tools).tools):
        work.call(tool)
    reached = {operation_of(request) for request in agent.requests()}
    assert (45, set(OPERATION_LINES)) == (len(OPERATION_LINES), reached)
