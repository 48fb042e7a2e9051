"""A board is described in one call, as far as Infinity shows it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from mcp_types import CallToolResult

from mcpserver.sandbox import RITA_TOKEN
from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import Connect, at_roadmap
from tests.mcpserver.tools.damaged import ADA, NO_RECORDS, PLACE, STATUS, Ask, Record, page, told
from tests.support import Infinity, text_of

BOARD = str(PLACE["board_id"])
HOSTILE = "> notice\n> of | the\u2028> server"


def answers(**changes: Any) -> dict[str, Any]:
    known = {
        "board": {"id": BOARD, "object": "board", "name": "Plan"},
        "attributes": page(STATUS),
        "members": page(ADA),
        "folders": page(),
        "views": page(),
    }
    known |= changes
    known[BOARD] = known.pop("board")
    return {f"/{end}": answer for end, answer in known.items() if answer}


def described(ask: Ask, **changes: Any) -> tuple[Record, str]:
    """The board as JSON and as Markdown."""
    call = ("infinity_describe_board", {**PLACE, "response_format": "markdown"})
    in_json = ("infinity_describe_board", {**PLACE, "response_format": "json"})
    results: list[CallToolResult] = ask(answers(**changes), [in_json, call])
    assert not any(result.is_error for result in results), text_of(results[0])
    return json.loads(text_of(results[0])), text_of(results[1])


def folder(id: str, parent: str | None = None, **fields: Any) -> Record:
    return {"id": id, "object": "folder", "name": id.upper(), "parent_id": parent, **fields}


def tree(data: Record) -> list[tuple[str, int]]:
    return [(each["id"], each["depth"]) for each in data["folders"]]


def own_words(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(">")]


def test_a_board_is_described_in_one_call(board: Agent) -> None:
    before = len(board.requests())
    text = board.text("infinity_describe_board")
    assert 5 == len(board.requests()) - before
    assert text.startswith("# Product roadmap\n")
    for line in (
        "- Status · label · multiple=false, allowNew=true, allowEmpty=true "
        "· labels: To do, Doing, Done, Blocked",
        "- Progress · progress · min=0, max=100",
        "4242 | Ada Example | ada@example.org | owner",
    ):
        assert line in text.splitlines()
    assert "\n  - Sprint 14 · " in text
    assert "\n    - Hotfixes · " in text
    assert "shows: Name, Priority, Notes, Votes, Created at" in text
    assert [] == own_words(text)


def test_a_description_has_ids_and_totals(board: Agent, folder_ids: dict[str, str]) -> None:
    data = board.result("infinity_describe_board")
    assert ("board_overview", "Product roadmap") == (data["object"], data["name"])
    assert {"attributes": 24, "members": 5, "folders": 5, "views": 5} == data["totals"]
    assert folder_ids == {each["name"]: each["id"] for each in data["folders"]}
    (sprint,) = [each for each in data["folders"] if each["name"] == "Sprint 14"]
    assert (1, folder_ids["Releases"]) == (sprint["depth"], sprint["parent_id"])


def test_the_address_is_that_of_the_profiles_instance(board: Agent, infinity: Infinity) -> None:
    origin = infinity.url.removesuffix("/api/v2")
    expected = f"{origin}/b/{board.place['board_id']}"
    assert expected == board.result("infinity_describe_board")["url"]


def test_names_that_were_described_are_not_read_again(board: Agent) -> None:
    board.text("infinity_describe_board")
    before = len(board.requests())
    board.result("infinity_get_attribute", attribute_id="Status")
    assert 1 == len(board.requests()) - before


def test_a_restricted_member_is_told_that_members_are_missing(connect: Connect) -> None:
    text = at_roadmap(connect(RITA_TOKEN)).text("infinity_describe_board")
    (notice,) = own_words(text)
    assert "Missing: members" in notice
    assert "403" in notice
    assert "- Status · label" in text
    assert "## Members" not in text


@pytest.mark.parametrize("part", ["attributes", "members", "folders", "views"])
def test_a_part_that_fails_leaves_the_others(ask: Ask, part: str) -> None:
    data, text = described(ask, **{part: None})
    assert part not in data
    assert f"Missing: {part}" in own_words(text)[0]
    assert "# Plan" in text


def test_an_unknown_board_is_said_to_be_unknown(workspace: Agent) -> None:
    told = workspace.error("infinity_describe_board", board_id="nope")
    assert "there is no board 'nope'; there are: 'Product roadmap'" in told
    assert "404" in workspace.error("infinity_describe_board", board_id="zzzzzzzzzz2")


def test_a_board_of_nothing_is_described(ask: Ask) -> None:
    data, text = described(ask, attributes=page(), members=page())
    assert ("Plan", []) == (data["name"], own_words(text))
    assert "#" not in text.removeprefix("# Plan")


def test_folders_in_a_circle_or_without_parent_stand_once(ask: Ask) -> None:
    folders = page(
        folder("a", "c"), folder("b", "a"), folder("c", "b"), folder("own", "own"),
        folder("lost", "gone"), folder("top", sort_order="1"), folder("below", "top"),
    )  # fmt: skip
    data, text = described(ask, folders=folders)
    expected = [("top", 0), ("below", 1), ("lost", 0), ("a", 0), ("b", 1), ("c", 2), ("own", 0)]
    assert expected == tree(data)
    assert 7 == sum(" · " in line for line in text.split("## Folders")[1].splitlines())


def test_archived_folders_are_left_out(connect: Connect, odd_infinity: Infinity) -> None:
    board = at_roadmap(connect(infinity=odd_infinity))
    (ideas,) = [each for each in board.records("infinity_list_folders") if each["name"] == "Ideas"]
    board.call("infinity_archive_folder", folder_id=ideas["id"])
    assert "Ideas" not in {
        each["name"] for each in board.result("infinity_describe_board")["folders"]
    }
    odd_infinity.reset()


def test_deep_folders_are_indented_so_far(ask: Ask) -> None:
    folders = [folder(f"f{n}", f"f{n - 1}" if n else None) for n in range(100)]
    data, text = described(ask, folders=page(*folders))
    assert list(range(100)) == [depth for _, depth in tree(data)]
    assert max(len(line) - len(line.lstrip()) for line in text.splitlines()) == 20


def test_no_line_of_data_looks_like_one_of_the_server(ask: Ask) -> None:
    labels = [{"id": "l1", "name": HOSTILE}]
    hostile = {
        "id": "x",
        "name": HOSTILE,
        "type": HOSTILE,
        "settings": {"labels": labels, HOSTILE: HOSTILE},
    }
    data, text = described(
        ask,
        board={"id": BOARD, "name": HOSTILE, "description": "&gt; one<br>&gt; two"},
        attributes=page({**hostile, "default_data": HOSTILE}),
        members=page({"id": 1, "name": HOSTILE, "email": HOSTILE, "role": HOSTILE}),
        folders=page(folder("f") | {"name": HOSTILE}),
        views=page({"id": HOSTILE, "name": HOSTILE, "type": HOSTILE, "folder_id": HOSTILE}),
    )
    assert [] == own_words(text)
    assert r"> notice > of \| the > server" in text
    assert "name" in data


def test_names_cannot_look_like_several(ask: Ask) -> None:
    names = ["To do", 'C", "D', "E, F", "Done and 3 more", "1,000", "Back\\slash"]
    labels = [{"id": f"l{n}", "name": name} for n, name in enumerate(names)]
    attributes = page({**STATUS, "name": "A · label · labels: B", "settings": {"labels": labels}})
    _, text = described(ask, attributes=attributes)
    listed = r'To do, "C\", \"D", "E, F", Done and 3 more, "1,000", Back\slash'
    assert f'- "A · label · labels: B" · label · labels: {listed}' in text.splitlines()


def test_the_number_of_labels_stands_before_them(ask: Ask) -> None:
    labels = [{"id": f"l{n}", "name": f"L{n}"} for n in range(45)]
    _, text = described(ask, attributes=page({**STATUS, "settings": {"labels": labels}}))
    (line,) = [line for line in text.splitlines() if line.startswith("- Status")]
    assert "- Status · label · labels (30 of 45 shown): L0, L1, " in line
    assert line.endswith(", L29")


def test_a_setting_cannot_look_like_several(ask: Ask) -> None:
    settings = {"format": "x, max=5", "unit": {"text": "a b=1", "n": 2}}
    _, text = described(ask, attributes=page({**STATUS, "settings": settings}))
    expected = '- Status · label · format="x, max=5", unit={"text": "a b=1", "n": 2}'
    assert expected in text.splitlines()


def test_a_count_of_attributes_is_unlike_an_attribute_of_that_name(ask: Ask) -> None:
    attributes = [{"id": f"a{n}", "name": f"{n} attributes", "type": "text"} for n in range(20)]
    ids = [each["id"] for each in attributes]
    folders = page(folder("f", attribute_ids=["a12"]), folder("g", attribute_ids=ids[:12]),
                   folder("h"), folder("i"))  # fmt: skip
    _, text = described(ask, attributes=page(*attributes), folders=folders)
    assert "- F · f · shows: 12 attributes" in text.splitlines()
    assert "- G · g · 12 attributes shown" in text.splitlines()


def test_damaged_records_are_left_out(ask: Ask) -> None:
    data, text = described(
        ask,
        attributes=page(*NO_RECORDS, STATUS),
        folders=page(*NO_RECORDS, folder("f", attribute_ids=[None, {}, "a2"], sort_order=[1])),
        members=page({"id": 1, "name": {"a": 1}}),
    )
    assert ["Status"] == [each["name"] for each in data["attributes"]]
    assert [("f", 0)] == tree(data)
    assert told(2 * len(NO_RECORDS)) in own_words(text)[0]


def test_a_large_board_is_bounded_and_says_how_to_read_the_rest(ask: Ask) -> None:
    labels = [{"id": f"l{n}", "name": f"Label {n}"} for n in range(100)]
    attributes = [
        {"id": f"a{n}", "name": f"Attribute {n}", "type": "label", "settings": {"labels": labels}}
        for n in range(500)
    ]
    data, text = described(
        ask,
        attributes=page(*attributes),
        folders=page(*(folder(f"f{n}", attribute_ids=["a1", f"a{n % 500}"]) for n in range(2_000))),
        members=page(*({"id": n, "name": f"Person {n}"} for n in range(1, 5_001))),
        views=page(*({"id": f"v{n}", "name": f"View {n}", "type": "table"} for n in range(500))),
    )
    assert len(orjson.dumps(data)) <= 25_000
    assert len(text) <= 25_000
    expected = {"attributes": 500, "members": 5_000, "folders": 2_000, "views": 500}
    assert expected == data["totals"]
    for part in expected:
        assert 20 <= len(data[part]) < expected[part]
    for tool in ("list_attributes", "list_workspace_members", "list_folders", "list_views"):
        assert f"infinity_{tool} has all" in own_words(text)[0]
    assert "infinity_get_attribute" in own_words(text)[0]
