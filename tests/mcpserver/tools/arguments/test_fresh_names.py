"""What a tool has shown is what names mean, and what is unknown is looked up afresh once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import WORKSPACE, Connect, at_roadmap

Ids = dict[str, str]


@pytest.fixture
def app(connect: Connect, board: Agent) -> Agent:
    """Another user, whose changes the server does not connect with the agent."""
    return at_roadmap(connect())


@pytest.fixture
def twins(app: Agent) -> Ids:
    """Two text attributes, by name."""
    return {
        name: app.result("infinity_create_attribute", name=name, type="text")["id"]
        for name in ("One", "Two")
    }


def swap(app: Agent, twins: Ids) -> None:
    """Exchange their names."""
    for name, id in (("Three", twins["One"]), ("One", twins["Two"]), ("Two", twins["One"])):
        app.result("infinity_update_attribute", attribute_id=id, name=name)


def lists_read(agent: Agent, name: str = "attributes") -> int:
    return sum(request["path"].endswith(f"/{name}") for request in agent.requests())


def first_item(board: Agent) -> str:
    return str(board.records("infinity_list_items", limit=1)[0]["id"])


SHOWN: dict[str, Callable[[Agent, Ids], Any]] = {
    "list_attributes": lambda board, twins: board.records("infinity_list_attributes"),
    "list_attributes sorted": lambda board, twins: board.records(
        "infinity_list_attributes", sort_by="created_at", sort_direction="desc", limit=2
    ),
    "list_attributes page": lambda board, twins: board.result(
        "infinity_list_attributes",
        after=board.result("infinity_list_attributes", limit=5)["after"],
    ),
    "get_attribute": lambda board, twins: board.result(
        "infinity_get_attribute", attribute_id=twins["Two"]
    ),
    "get_item": lambda board, twins: board.result(
        "infinity_get_item", item_id=first_item(board), expand=["values.attribute"]
    ),
    "list_items": lambda board, twins: board.records(
        "infinity_list_items", expand=["values.attribute"]
    ),
}


@pytest.mark.parametrize("shown", SHOWN)
def test_what_was_shown_is_what_a_name_means(
    app: Agent, board: Agent, item: Agent, twins: Ids, shown: str
) -> None:
    values = {"One": "first", "Two": "second"}
    item.result("infinity_update_item", values=values)  # by now the names are remembered
    swap(app, twins)
    SHOWN[shown](board, twins)
    item.result("infinity_update_item", values={"One": "shown as One"})
    assert {"One": "shown as One", "Two": "first"}.items() <= app.values(
        item.place["item_id"]
    ).items()


def test_showing_what_is_known_costs_no_further_request(board: Agent, item: Agent) -> None:
    item.result("infinity_update_item", values={"Estimate": 1})
    item.result("infinity_get_item", expand=["values.attribute"])
    board.records("infinity_list_items", expand=["values.attribute"])
    item.result("infinity_update_item", values={"Estimate": 2})
    assert 1 == lists_read(item)
    board.records("infinity_list_attributes")
    item.result("infinity_update_item", values={"Estimate": 3})
    assert 2 == lists_read(item)


def test_a_new_attribute_label_or_member_is_found_at_once(
    app: Agent, connect: Connect, item: Agent
) -> None:
    item.result("infinity_update_item", values={"Status": "Done", "Assignee": "Ada Example"})
    app.result("infinity_create_attribute", name="Stage", type="text")
    item.result("infinity_update_item", values={"Stage": "Draft"})
    app.result("infinity_update_attribute", attribute_id="Status", settings={"labels": ["Waiting"]})
    item.result("infinity_update_item", values={"Status": "Waiting"})
    workspace = connect().at(workspace_id=WORKSPACE)
    workspace.result("infinity_invite_workspace_member", email="zoe@example.org")
    item.result("infinity_update_item", values={"Assignee": "zoe@example.org"})
    assert "Waiting" in item.text("infinity_get_item_values")


def test_an_attribute_renamed_in_the_app_is_found_by_its_new_name(
    app: Agent, item: Agent, twins: Ids
) -> None:
    item.result("infinity_update_item", values={"One": "a"})
    app.result("infinity_update_attribute", attribute_id="One", name="Uno")
    row = item.result("infinity_get_item_attribute_value", attribute_id="Uno")
    assert (twins["One"], "a") == (row["attribute_id"], row["text"])


@pytest.mark.parametrize(
    ("values", "read"),
    [
        ({"Nope": 1, "Nope too": 2}, {"attributes": 1}),
        ({"Status": "Nope", "Nope": 1}, {"attributes": 1}),
        ({"Assignee": "Nope"}, {"members": 1}),
        ({"Assignee": "Nope", "Status": "Nope"}, {"attributes": 1, "members": 1}),
        ({"Estimate": "Nope"}, {}),
    ],
)
def test_a_wrong_name_costs_one_fresh_list_and_is_refused(
    item: Agent, values: dict[str, Any], read: dict[str, int]
) -> None:
    item.result("infinity_update_item", values={"Status": "Done", "Assignee": "Ada Example"})
    before = {name: lists_read(item, name) for name in ("attributes", "members")}
    told = item.refused("infinity_update_item", values=values)
    after = {name: lists_read(item, name) for name in before}
    assert {name: before[name] + read.get(name, 0) for name in before} == after
    assert "Nothing was written: " in told
    for name in read:
        assert f"{name} read just now" in told


def test_a_list_that_was_just_read_is_not_read_again(item: Agent) -> None:
    told = item.refused("infinity_update_item", values={"Nope": 1})
    assert 1 == lists_read(item)
    assert "(From Infinity's list of attributes read just now.)" in told


def test_a_refusal_says_how_old_a_list_is_that_cannot_be_read_again(item: Agent) -> None:
    item.result("infinity_update_item", values={"Status": "Done"})
    fault = {"fault": "forbidden_403", "method": "GET", "path": "*/attributes"}
    httpx2.post(f"{item.infinity.control}/fault", json=fault).raise_for_status()
    told = item.refused("infinity_update_item", values={"Nope": 1})
    assert "there is no attribute 'Nope'; there are: " in told
    assert " s ago" in told
    assert "They could not be read again: The profile's Infinity user may not do this (403)" in told


def test_calls_at_the_same_time_read_a_list_afresh_once(app: Agent, item: Agent) -> None:
    item.result("infinity_update_item", values={"Status": "Done"})
    app.result("infinity_create_attribute", name="Stage", type="text")
    before = lists_read(item)
    with ThreadPoolExecutor(5) as pool:
        calls = [
            pool.submit(item.result, "infinity_update_item", values={"Stage": f"Draft {number}"})
            for number in range(5)
        ]
    for call in calls:
        call.result()
    assert before + 1 == lists_read(item)


def test_a_board_that_has_just_got_a_text_attribute_has_titles(
    app: Agent, workspace: Agent
) -> None:
    made = workspace.result("infinity_create_board", name="New")
    board, other = (each.at(board_id=made["id"]) for each in (workspace, app))
    folder = board.result("infinity_create_folder", name="All")["id"]
    own = [each["id"] for each in board.records("infinity_list_attributes")]
    for attribute in own:
        other.result("infinity_delete_attribute", attribute_id=attribute)
    told = board.refused("infinity_create_item", folder_id=folder, title="a")
    assert "this board has no text attribute that could be the item's title" in told
    other.result("infinity_create_attribute", name="Title", type="text")
    item = board.result("infinity_create_item", folder_id=folder, title="a")
    assert {"Title": "a"} == {
        name: data for name, data in board.values(item["id"]).items() if name == "Title"
    }


@pytest.mark.parametrize(
    ("names", "title"),
    [
        (("name", "Name"), "Name"),
        (("NAME", " Name", "Title"), " Name"),
        (("title", "Title"), "Title"),
        (("Title", "name"), "name"),
    ],
)
def test_the_title_is_the_attribute_whose_name_is_nearest(
    workspace: Agent, names: tuple[str, ...], title: str
) -> None:
    board = workspace.at(board_id=workspace.result("infinity_create_board", name="New")["id"])
    folder = board.result("infinity_create_folder", name="All")["id"]
    for attribute in board.records("infinity_list_attributes"):
        board.result("infinity_delete_attribute", attribute_id=attribute["id"])
    for name in names:
        board.result("infinity_create_attribute", name=name, type="text")
    item = board.result("infinity_create_item", folder_id=folder, title="a")
    assert [title] == [name for name, data in board.values(item["id"]).items() if data == "a"]


def test_many_unknown_names_are_told_with_the_candidates_once(item: Agent) -> None:
    told = item.refused("infinity_update_item", values={f"Nope {n}": 1 for n in range(150)})
    assert 1 == told.count("there are: ")
    assert "'Nope 0', 'Nope 1'" in told
    assert "and 130 more" in told
    assert len(told) < 4000


def test_who_left_the_workspace_is_forgotten(item: Agent, workspace: Agent) -> None:
    item.result("infinity_update_item", values={"Assignee": "Rita Example"})
    people = {
        each["name"]: each["id"] for each in workspace.records("infinity_list_workspace_members")
    }
    workspace.result("infinity_remove_workspace_member", user_id=people["Rita Example"])
    told = item.refused("infinity_update_item", values={"Assignee": "Rita Example"})
    assert "there is no member 'Rita Example'" in told


# --- Names wherever an attribute's id is asked ----------------------------------------------------


def test_attributes_go_by_name_wherever_their_id_is_asked(
    board: Agent, item: Agent, attribute_ids: Ids, folder_ids: Ids
) -> None:
    got = board.result("infinity_get_attribute", attribute_id="status ")
    assert attribute_ids["Status"] == got["id"]
    changed = board.result("infinity_update_attribute", attribute_id="Votes", name="Likes")
    assert attribute_ids["Votes"] == changed["id"]
    entry = item.result("infinity_create_time_entry", attribute_id="time spent")
    assert attribute_ids["Time spent"] == entry["attribute_id"]
    place = {"time_entry_id": entry["id"], "attribute_id": "Time spent", "description": "a"}
    assert "a" == board.result("infinity_update_time_entry", **place)["description"]
    first, second = (each["id"] for each in board.records("infinity_list_items", limit=2))
    link = {"from_item_id": first, "to_item_id": second, "attribute_id": "Related to"}
    assert (
        attribute_ids["Related to"]
        == board.result("infinity_create_reference", **link)["attribute_id"]
    )
    row = item.result("infinity_get_item_attribute_value", attribute_id="STATUS")
    assert attribute_ids["Status"] == row["attribute_id"]
    wanted = ["Name", attribute_ids["Status"], "Due", "status"]
    ids = [attribute_ids[name] for name in ("Name", "Status", "Due")]
    made = board.result("infinity_create_folder", name="New", attribute_ids=wanted)
    assert ids == made["attribute_ids"]
    place = {"folder_id": folder_ids["Ideas"], "attribute_ids": wanted}
    assert ids == board.result("infinity_update_folder", **place)["attribute_ids"]
    gone = board.result("infinity_delete_attribute", attribute_id="Likes")
    assert (attribute_ids["Votes"], True) == (gone["id"], gone["deleted"])


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("infinity_get_attribute", {}),
        ("infinity_update_attribute", {"name": "a"}),
        ("infinity_delete_attribute", {}),
        ("infinity_create_time_entry", {"item_id": "i"}),
        ("infinity_update_time_entry", {"time_entry_id": "t"}),
        ("infinity_create_reference", {"from_item_id": "i", "to_item_id": "j"}),
        ("infinity_get_item_attribute_value", {"item_id": "i"}),
    ],
)
def test_an_unknown_attribute_is_refused_with_the_candidates(
    board: Agent, tool: str, arguments: dict[str, Any]
) -> None:
    told = board.refused(tool, attribute_id="Nope", **arguments)
    assert "there is no attribute 'Nope'; there are: " in told
    assert "'Status'" in told
    told = board.refused("infinity_create_folder", name="New", attribute_ids=["Name", "Nope"])
    assert "there is no attribute 'Nope'" in told


def test_an_id_is_sent_without_a_look_at_the_names(board: Agent, attribute_ids: Ids) -> None:
    before = lists_read(board)
    board.result("infinity_get_attribute", attribute_id=attribute_ids["Status"])
    board.result("infinity_update_attribute", attribute_id=attribute_ids["Votes"], name="a")
    board.result("infinity_create_folder", name="a", attribute_ids=[attribute_ids["Name"]])
    assert before == lists_read(board)


def test_a_folder_says_what_it_no_longer_shows(board: Agent, folder_ids: Ids) -> None:
    place = {"folder_id": folder_ids["Ideas"]}
    shown = board.result("infinity_get_folder", **place)["attribute_ids"]
    text = board.text("infinity_update_folder", **place, attribute_ids=shown[:-1])
    assert f"no longer shows these, whose values are kept: {shown[-1]}.\n" in text
    assert text.startswith("> To show attributes again, send attribute_ids with all")
    text = board.text("infinity_update_folder", **place, attribute_ids=shown)
    assert not text.startswith(">")


def test_a_member_is_who_the_list_of_members_showed(workspace: Agent, item: Agent) -> None:
    members = workspace.records("infinity_list_workspace_members")
    item.result("infinity_update_item", values={"Assignee": members[0]["name"]})
    assert 1 == lists_read(item, "members")
