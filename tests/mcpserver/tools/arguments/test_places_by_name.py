"""Workspaces, boards, folders and views go by their names wherever an id is asked."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from mcpserver.content.places import named_ids
from mcpserver.sandbox import RITA_TOKEN
from mcpserver.tools import all_tools
from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import Connect, at_roadmap

Ids = dict[str, str]
NAMES = {"workspace_id": "Sandbox Demo Co", "board_id": "Product roadmap"}
ID_SHAPED = "Sprint23abc"
LISTS = ("workspaces", "boards", "folders", "views", "attributes", "members")


@pytest.fixture
def named(agent: Agent) -> Agent:
    """At the workspace and the board by name."""
    return agent.at(**NAMES)


@pytest.fixture
def app(connect: Connect, board: Agent) -> Agent:
    """Another user, whose changes the server does not connect with the agent."""
    return at_roadmap(connect())


def read(agent: Agent) -> dict[str, int]:
    """How often each list was read."""
    ends = [request["path"].rpartition("/")[2] for request in agent.requests()]
    return {name: ends.count(name) for name in LISTS if name in ends}


def test_every_place_is_marked() -> None:
    kinds = {"workspace_id": "workspace", "board_id": "board", "folder_id": "folder"}
    kinds |= {"attribute_id": "attribute", "attribute_ids": "attribute", "view_id": "view"}
    kinds |= {"user_id": "member", "user_ids": "member"}
    for tool in all_tools():
        fields = tool.fn_metadata.arg_model.model_fields
        expected = {name: kind for name, kind in kinds.items() if name in fields}
        if tool.name in ("infinity_create_folder", "infinity_update_folder"):
            expected["parent_id"] = "folder"
        marked = named_ids(list(inspect.signature(tool.fn).parameters.values()))
        assert expected == marked, tool.name


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Tools with arguments by name; None is the first item of the board."""
    yield "infinity_list_workspace_members", {}
    yield "infinity_list_boards", {}
    yield "infinity_get_board", {}
    yield "infinity_list_folders", {}
    yield "infinity_get_folder", {"folder_id": "Ideas"}
    yield "infinity_list_attributes", {}
    yield "infinity_get_attribute", {"attribute_id": "Status"}
    yield "infinity_list_items", {"folder_id": "Ideas"}
    yield "infinity_get_item", {"item_id": None}
    yield "infinity_list_subitems", {"folder_id": "Sprint 14", "parent_item_id": None}
    yield "infinity_list_comments", {"item_id": None}
    yield "infinity_get_item_values", {"item_id": None}
    yield "infinity_get_item_attribute_value", {"item_id": None, "attribute_id": "Status"}
    yield "infinity_list_item_values", {"folder_id": "Ideas"}
    yield "infinity_list_views", {"folder_id": "Ideas"}
    yield "infinity_list_hooks", {}
    yield "infinity_get_view", {"view_id": "By status"}
    yield "infinity_update_view", {"view_id": "By status", "folder_id": "Ideas"}
    yield "infinity_delete_view", {"view_id": "By status"}
    yield "infinity_invite_workspace_member", {"email": "zoe@example.org"}
    yield "infinity_add_workspace_member", {"user_id": "Bob Example", "role": "admin"}
    yield "infinity_remove_workspace_member", {"user_id": "rita@example.org"}
    yield "infinity_create_board", {"name": "New", "user_ids": ["Bob Example"]}
    yield "infinity_create_folder", {"name": "New", "parent_id": "Ideas"}
    yield "infinity_update_folder", {"folder_id": "Hotfixes", "parent_id": "Ideas"}
    yield "infinity_archive_folder", {"folder_id": "Ideas"}
    yield "infinity_create_attribute", {"name": "New", "type": "text"}
    yield "infinity_update_attribute", {"attribute_id": "Status", "name": "State"}
    yield "infinity_delete_attribute", {"attribute_id": "Votes"}
    yield "infinity_create_item", {"folder_id": "Ideas", "title": "New"}
    yield "infinity_update_item", {"item_id": None, "folder_id": "Ideas"}
    yield "infinity_archive_item", {"item_id": None}
    yield (
        "infinity_create_subitem",
        {"folder_id": "Sprint 14", "parent_item_id": None, "title": "New"},
    )
    yield "infinity_add_item_comment", {"item_id": None, "comment_text": "New"}
    yield "infinity_create_comment", {"item_id": None, "text": "New"}
    yield "infinity_create_view", {"folder_id": "Ideas", "name": "New", "type": "table"}
    yield (
        "infinity_create_hook",
        {"url": "https://example.org/", "events": [{"event": "item.created"}]},
    )
    yield "infinity_create_time_entry", {"item_id": None, "attribute_id": "Time spent"}
    yield "infinity_upload_attachment_from_url", {"url": "https://example.org/a.txt"}
    yield (
        "infinity_upload_attachment_from_base64",
        {"file_name": "a.txt", "content_base64": "YQ=="},
    )


OWN = {"id", "url", "created_at", "updated_at", "started_at", "link", "secret"}  # new at each call
LITERAL = {"name", "title", "email", "text"}


def ids_for(workspace: Agent, board: Agent, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments with ids for names."""
    ids: dict[str, Any] = {}
    for name in ("folders", "attributes", "views", "workspace_members"):
        place = workspace if name == "workspace_members" else board
        for record in place.records(f"infinity_list_{name}"):
            ids |= {record[key]: record["id"] for key in ("name", "email") if record.get(key)}
    return {
        name: each if name in LITERAL else one_or_several(ids, each)
        for name, each in arguments.items()
    }


def one_or_several(ids: dict[str, Any], given: Any) -> Any:
    if isinstance(given, list):
        return [ids[each] if isinstance(each, str) else each for each in given]
    return ids.get(given, given)


@pytest.mark.parametrize(("tool", "arguments"), list(cases()))
def test_names_do_what_ids_do(
    workspace: Agent, board: Agent, item: Agent, tool: str, arguments: dict[str, Any]
) -> None:
    (fields,) = (
        each.fn_metadata.arg_model.model_fields for each in all_tools() if each.name == tool
    )
    arguments = {name: each or item.place["item_id"] for name, each in arguments.items()}
    names = {name: each for name, each in NAMES.items() if name in fields}
    ids = {name: str(board.place[name]) for name in names}
    by_id = ids_for(workspace, board, arguments)
    nowhere = replace(board, place={})

    def done(**wanted: Any) -> tuple[dict[str, Any], str]:
        board.infinity.reset()
        result = nowhere.result(tool, **wanted)
        last = board.requests()[-1]
        return {key: result[key] for key in result.keys() - OWN}, f"{last['method']} {last['path']}"

    assert done(**ids, **by_id) == done(**names, **arguments)


def test_an_id_costs_no_request_and_a_name_one_list_a_minute(
    board: Agent, named: Agent, folder_ids: Ids
) -> None:
    board.infinity.reset()
    board.result("infinity_get_folder", folder_id=folder_ids["Ideas"])
    assert 1 == len(board.requests())
    for _ in range(3):  # what was listed for the fixtures is known
        named.result("infinity_get_folder", folder_id="Ideas")
    assert {"workspaces": 1} == read(named)
    assert 5 == len(named.requests())


def test_an_unknown_name_costs_one_fresh_list_and_is_refused(
    workspace: Agent, board: Agent, folder_ids: Ids
) -> None:
    board.infinity.reset()
    told = board.refused("infinity_create_item", title="a", folder_id="Nope")
    assert "there is no folder 'Nope'; there are: " in told
    assert "'Sprint 14'" in told
    assert "(From Infinity's list of folders read just now.)" in told
    assert {"folders": 1} == read(board)
    told = board.refused("infinity_create_item", title="a", folder_id="Nope", board_id="Nope")
    assert "there is no board 'Nope'; there are: 'Product roadmap', 'Office & people'." in told
    told = workspace.refused("infinity_list_boards", workspace_id="Carol's Sandbox")
    assert "there is no workspace \"Carol's Sandbox\"; there are: 'Sandbox Demo Co'." in told


def test_a_record_of_another_place_is_not_found(named: Agent) -> None:
    told = named.refused("infinity_archive_folder", folder_id="Contracts")
    assert "there is no folder 'Contracts'" in told


def test_an_ambiguous_name_is_refused_with_ids_and_parents(board: Agent, folder_ids: Ids) -> None:
    ids = [
        board.result("infinity_create_folder", name="Done", parent_id=parent)["id"]
        for parent in ("Ideas", None)
    ]
    told = board.refused("infinity_archive_folder", folder_id="Done")
    expected = f"use an id: {ids[0]} (in 'Ideas'), {ids[1]} (at the top)"
    assert f"several folders are called 'Done'; {expected}" in told
    assert "several views are called 'All'; use an id: " in board.error(
        "infinity_get_view", view_id="All"
    )
    assert ids[0] == board.result("infinity_archive_folder", folder_id=ids[0])["id"]
    assert ids[1] == board.result("infinity_archive_folder", folder_id="done ")["id"]


@pytest.mark.parametrize("name", [ID_SHAPED, "Engineering", "2026", "R&D / Ops?", "../x", "#1%2f"])
def test_every_name_is_understood(workspace: Agent, board: Agent, named: Agent, name: str) -> None:
    folder = board.result("infinity_create_folder", name=name)["id"]
    place = {"folder_id": name}
    made = named.result("infinity_create_item", title="a", **place)
    assert folder == made["folder_id"]
    assert [made["id"]] == [each["id"] for each in named.records("infinity_list_items", **place)]
    assert folder == named.result("infinity_update_folder", **place, color="#111111")["id"]
    assert folder == named.result("infinity_archive_folder", **place)["id"]
    made = workspace.result("infinity_create_board", name=name)["id"]
    assert made == named.result("infinity_get_board", board_id=name)["id"]


def test_a_write_by_a_name_like_an_id_is_made_once(board: Agent) -> None:
    folder = board.result("infinity_create_folder", name=ID_SHAPED)["id"]
    before = len(board.records("infinity_list_items"))
    board.result("infinity_create_item", title="a", folder_id=ID_SHAPED)
    assert before + 1 == len(board.records("infinity_list_items"))
    board.infinity.reset()
    told = board.error("infinity_create_item", title="a", folder_id=folder)
    assert "Infinity says: folder_id: " in told
    assert 1 == len(board.writes())


def test_ids_that_are_names_of_nothing_are_refused_as_infinity_does(board: Agent) -> None:
    assert "(404)" in board.error("infinity_get_folder", folder_id="zzzzzzzzzz1")
    assert "(404)" in board.error("infinity_list_folders", board_id="zzzzzzzzzz1")
    assert "(404)" in board.error("infinity_list_folders", workspace_id="2026")
    assert "(403)" in board.error("infinity_list_folders", workspace_id="31338")


def test_a_fault_that_no_place_causes_costs_no_look_at_names(board: Agent) -> None:
    folder = board.result("infinity_create_folder", name="New")["id"]
    before = read(board)
    told = board.error("infinity_update_folder", folder_id=folder, sort_order="first")
    assert "Infinity says: sort_order" in told
    assert before == read(board)


def test_a_folder_that_was_replaced_is_looked_up_afresh(app: Agent, board: Agent) -> None:
    board.records("infinity_list_folders")
    app.result("infinity_archive_folder", folder_id="Ideas")
    told = board.error("infinity_create_item", title="a", folder_id="Ideas")
    assert "there is no folder 'Ideas'" in told
    board.records("infinity_list_folders")
    app.result("infinity_archive_folder", folder_id="Backlog")
    new = app.result("infinity_create_folder", name="Backlog")["id"]
    made = board.result("infinity_create_item", title="a", folder_id="Backlog")
    assert new == made["folder_id"]


def test_nothing_is_written_to_a_place_that_has_another_name_now(
    app: Agent, board: Agent, folder_ids: Ids
) -> None:
    board.result("infinity_get_folder", folder_id="Ideas")
    app.result("infinity_update_folder", folder_id=folder_ids["Ideas"], name="Wishes")
    app.result("infinity_update_folder", folder_id=folder_ids["Backlog"], name="Ideas")
    made = board.result("infinity_create_item", title="a", folder_id="Ideas")
    assert folder_ids["Backlog"] == made["folder_id"]
    told = board.refused("infinity_archive_folder", folder_id="Backlog")
    assert "there is no folder 'Backlog'" in told


def test_a_write_by_names_reads_each_list_once(named: Agent) -> None:
    named.infinity.reset()
    named.result("infinity_create_folder", name="New", parent_id="Ideas")
    lists = ("workspaces", "boards", "folders")
    ends = [
        request["path"].rpartition("/")[2]
        for request in named.requests()
        if request["method"] == "GET"
    ]
    assert sorted(lists) == sorted(ends)


def test_a_folder_renamed_in_the_app_is_found_by_its_new_name(
    app: Agent, board: Agent, folder_ids: Ids
) -> None:
    app.result("infinity_update_folder", folder_id="Ideas", name="Wishes")
    assert folder_ids["Ideas"] == board.result("infinity_get_folder", folder_id="Wishes")["id"]


def test_own_changes_count_at_once(board: Agent, folder_ids: Ids) -> None:
    board.result("infinity_update_folder", folder_id="Ideas", name="Wishes")
    assert "there is no folder 'Ideas'" in board.error("infinity_get_folder", folder_id="Ideas")
    board.result("infinity_archive_folder", folder_id="Wishes")
    assert "there is no folder 'Wishes'" in board.error("infinity_get_folder", folder_id="Wishes")
    new = board.result("infinity_create_folder", name="Wishes")["id"]
    assert new == board.result("infinity_get_folder", folder_id="Wishes")["id"]


def test_a_restricted_member_finds_what_it_may_see(connect: Connect) -> None:
    rita = connect(RITA_TOKEN).at(**NAMES)
    assert rita.records("infinity_list_folders")
    told = rita.error("infinity_list_folders", board_id="Office & people")
    assert "there is no board 'Office & people'; there are: 'Product roadmap'." in told


def test_lists_that_may_not_be_read_leave_infinitys_error(board: Agent) -> None:
    fault = {"fault": "forbidden_403", "method": "GET", "path": "*/workspaces"}
    httpx2.post(f"{board.infinity.control}/fault", json=fault).raise_for_status()
    told = board.error("infinity_list_folders", board_id="zzzzzzzzzz1")
    assert "Infinity does not know this (404)" in told
