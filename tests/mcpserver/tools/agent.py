"""An agent at work: one connection of the official client, and what it makes Infinity do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from typing import Any

import httpx2
from anyio.from_thread import BlockingPortal
from mcp import Client
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CallToolResult

from tests.support import Infinity, Server, data_of, text_of

# Arguments and what is told of them, with the tool or for one tool.
ToolCases = list[tuple[str, dict[str, Any], str]]
Cases = list[tuple[dict[str, Any], str]]


@cache
def _http() -> httpx2.Client:
    """One for all tests: making one takes longer than asking."""
    return httpx2.Client()


@dataclass(frozen=True)
class Agent:
    """Calls tools; `place` goes with every call."""

    portal: BlockingPortal
    client: Client
    infinity: Infinity
    place: Mapping[str, Any] = field(default_factory=dict)

    def at(self, **place: Any) -> Agent:
        return replace(self, place={**self.place, **place})

    def call(
        self, tool: str, /, progress: ProgressFnT | None = None, **arguments: Any
    ) -> CallToolResult:
        call = partial(self.client.call_tool, progress_callback=progress)
        return self.portal.call(call, tool, {**self.place, **arguments})

    def result(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """The JSON of a call that must work."""
        return data_of(self.call(tool, **{"response_format": "json", **arguments}))

    def records(self, tool: str, /, **arguments: Any) -> list[dict[str, Any]]:
        """The data of a page."""
        return list(self.result(tool, **arguments)["data"])

    def all_records(self, tool: str, /, **arguments: Any) -> list[dict[str, Any]]:
        """The data of all pages."""
        found, after = [], None
        for _ in range(500):
            page = self.result(tool, after=after, **arguments)
            found += page["data"]
            if not page["has_more"]:
                return found
            after = page["after"]
        raise AssertionError("The list does not end.")

    def text(self, tool: str, /, **arguments: Any) -> str:
        """The text of a call that must work."""
        result = self.call(tool, **arguments)
        assert not result.is_error, text_of(result)
        return text_of(result)

    def error(self, tool: str, /, **arguments: Any) -> str:
        """The text of a call that must fail."""
        result = self.call(tool, **arguments)
        assert result.is_error, text_of(result)
        return text_of(result)

    def refused(self, tool: str, /, **arguments: Any) -> str:
        """The text of a call that must fail without Infinity being told to change anything."""
        before = self.writes()
        text = self.error(tool, **arguments)
        assert before == self.writes()
        return text

    def requests(self) -> list[dict[str, Any]]:
        """Those that Infinity has had since it was reset."""
        answer = _http().get(f"{self.infinity.control}/requests").raise_for_status()
        return list(answer.json()["recent"])

    def writes(self) -> list[dict[str, Any]]:
        return [request for request in self.requests() if request["method"] != "GET"]

    def values(self, item_id: str) -> dict[str, Any]:
        """Data by attribute name, as the item has it now."""
        expand = ["values.attribute"]
        item = self.result("infinity_get_item", item_id=item_id, expand=expand)
        return {value["attribute"]["name"]: value["data"] for value in item["values"]}


@contextmanager
def agent_of(
    portal: BlockingPortal, server: Server, key: str, infinity: Infinity
) -> Iterator[Agent]:
    with portal.wrap_async_context_manager(server.connected(key)) as client:
        yield Agent(portal, client, infinity)
