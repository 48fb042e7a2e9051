from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp_types import CallToolResult

from mcpserver.sandbox import ADA_TOKEN
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.infinity.upstream import RawRequest, http, raw_server
from tests.mcpserver.tools.agent import Agent, agent_of
from tests.mcpserver.tools.damaged import Ask, Calls
from tests.mcpserver.tools.labels import DOING, TODO
from tests.support import Infinity, Server, free_port, running_infinity

Connect = Callable[..., Agent]

WORKSPACE = "31337"
# The sandbox where it does all it may do otherwise.
ODD = {
    "create_status": 200,
    "delete_status": 204,
    "wrap_single": "true",
    "time_format": "space",
    "empty_settings_as_list": "true",
    "archived_readable": "false",
    "lists_include_deleted": "true",
    "values_in_answers": "true",
    "value_ids": "true",
    "expanded_attribute_id": "false",
    "expanded_folder_id": "false",
    "computed_values": "false",
    "reference_delete_removed": "true",
    "removed_status": 410,
    "invite_answer": "invitation",
}

_numbers = itertools.count(1)


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker("any_database")  # tools know of none


@pytest.fixture(scope="package")
def odd_infinity(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Infinity]:
    with running_infinity(tmp_path_factory.mktemp("odd"), **ODD) as running:
        yield running


@pytest.fixture(scope="package")
def portal() -> Iterator[BlockingPortal]:
    """Where the clients run, so that tests can call them without being coroutines."""
    with start_blocking_portal() as running:
        yield running


@pytest.fixture
def connect(
    portal: BlockingPortal,
    server: Server,
    make_user: MakeUser,
    make_profile: MakeProfile,
    infinity: Infinity,
) -> Iterator[Connect]:
    """Makes an agent with a user and a profile of its own.

    Their names are new each time: what the server remembers of a user is not to reach other tests.
    """
    with ExitStack() as stack:

        def connected(token: str = ADA_TOKEN, infinity: Infinity = infinity) -> Agent:
            name = f"agent-{next(_numbers)}"
            profile = make_profile(name, token, base_url=infinity.url)
            _, key = make_user(name, profile=profile)
            return stack.enter_context(agent_of(portal, server, key, infinity))

        yield connected


@pytest.fixture
def agent(connect: Connect) -> Agent:
    """May do everything in the sandbox."""
    return connect()


@pytest.fixture
def workspace(agent: Agent) -> Agent:
    return agent.at(workspace_id=WORKSPACE)


@pytest.fixture
def board(workspace: Agent) -> Agent:
    """At the board "Product roadmap"."""
    return at_roadmap(workspace)


def at_roadmap(agent: Agent) -> Agent:
    boards = agent.records("infinity_list_boards", workspace_id=WORKSPACE)
    ids = {board["name"]: board["id"] for board in boards}
    return agent.at(workspace_id=WORKSPACE, board_id=ids["Product roadmap"])


@pytest.fixture
def folder_ids(board: Agent) -> dict[str, str]:
    """By name."""
    return _ids(board.records("infinity_list_folders"))


@pytest.fixture
def attribute_ids(board: Agent) -> dict[str, str]:
    """By name."""
    return _ids(board.records("infinity_list_attributes"))


@pytest.fixture
def item(board: Agent) -> Agent:
    """At the item "Export a board as CSV": it has a value of each kind, sub-items and comments."""
    return board.at(item_id=board.records("infinity_list_items", limit=1)[0]["id"])


def _ids(records: list[dict[str, Any]]) -> dict[str, str]:
    return {record["name"]: record["id"] for record in records}


@pytest.fixture
def stage(board: Agent) -> Agent:
    """At a new label attribute "Stage" with the labels Draft and Final."""
    made = board.result(
        "infinity_create_attribute",
        name="Stage",
        type="label",
        settings={"multiple": True, "labels": ["Draft", {"name": "Final", "color": "#B3EC8D"}]},
    )
    return board.at(attribute_id=made["id"])


@pytest.fixture
def todo(board: Agent) -> Agent:
    """At a new label attribute with the labels Todo and Doing."""
    labels = [
        {"id": TODO, "name": "Todo", "color": "#111111"},
        {"id": DOING, "name": "Doing", "color": "#222222"},
    ]
    made = board.result(
        "infinity_create_attribute", name="State", type="label", settings={"labels": labels}
    )
    return board.at(attribute_id=made["id"])


@pytest.fixture
def sent() -> list[RawRequest]:
    """What Infinity was asked."""
    return []


@pytest.fixture
def ask(
    server: Server, make_user: MakeUser, make_profile: MakeProfile, sent: list[RawRequest]
) -> Ask:
    """Calls tools of a server whose Infinity answers GET by the end of the path, and writes with
    the record that they are answered with."""
    port = free_port()
    name = f"damaged-{next(_numbers)}"  # what is remembered of a user is not to reach other tests
    profile = make_profile(name, base_url=f"http://127.0.0.1:{port}/api/v2")
    _, key = make_user(name, profile=profile)

    def asked(answers: dict[str, Any], calls: Calls) -> list[CallToolResult]:
        def respond(requests: list[RawRequest]) -> bytes:
            sent.append(requests[-1])
            path = requests[-1].target.partition("?")[0]
            (end,) = [end for end in answers if path.endswith(end)] or ["missing"]
            return http(answers.get(end), connection="close")

        async def run() -> list[CallToolResult]:
            async with raw_server(respond, port=port), server.connected(key) as client:
                as_json = {"response_format": "json"}
                return [await client.call_tool(tool, as_json | given) for tool, given in calls]

        return asyncio.run(run())

    return asked
