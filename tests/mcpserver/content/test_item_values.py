"""Values as agents write them: names, labels, people, dates; and what is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.names import Names
from tests.conftest import MakeUser
from tests.support import Infinity, Server, text_of

pytestmark = pytest.mark.any_database

Create = Callable[..., dict[str, Any]]


@pytest.fixture
def create(server: Server, key: str, roadmap: dict[str, Any], folder_id: str) -> Create:
    """Creates an item with the given arguments; returns its data by attribute name."""

    def created(**arguments: Any) -> dict[str, Any]:
        place = {**roadmap, "folder_id": folder_id}
        item = server.data(key, "infinity_create_item", **place, **arguments)
        return read(item["id"])

    def read(item_id: str) -> dict[str, Any]:
        expand = ["values.attribute"]
        item = server.data(key, "infinity_get_item", **roadmap, item_id=item_id, expand=expand)
        return {v["attribute"]["name"]: v["data"] for v in item["values"]}

    return created


def test_names_stand_for_ids(create: Create) -> None:
    values = create(
        values_by_name={
            "Status": "Doing",
            "Assignee": "ada@example.org",
            "Due": "2026-12-01",
            "Done": False,
        }
    )
    assert {"Assignee": [4242], "Due": "2026-12-01", "Done": False}.items() <= values.items()
    assert 1 == len(values["Status"])


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("Estimate", "12.5", 12.5),
        ("Estimate", 3, 3),
        ("Estimate", None, None),
        ("Done", "yes", True),
        ("Assignee", ["Ada Example", 4243], [4242, 4243]),
        ("Assignee", [], []),
        ("Notes", "one\n\n**two** & List<three>", None),
        ("Name", 42, "42"),
        ("name", "in another case", "in another case"),
    ],
)
def test_values_are_made_fit(create: Create, name: str, given: Any, stored: Any) -> None:
    values = create(values={name: given})
    if name == "Notes":
        stored = "<p>one</p>\n<p><strong>two</strong> &amp; List&lt;three&gt;</p>"
    assert stored == values[name.capitalize()]


@pytest.mark.parametrize("parameter", ["name", "title"])
def test_name_and_title_set_the_title_attribute(create: Create, parameter: str) -> None:
    assert "Buy paper" == create(**{parameter: "Buy paper"})["Name"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"values_by_name": {"Status": "Dooing"}},
            "there is no label 'Dooing'; there are: 'To",
        ),
        ({"values_by_name": {"Statuss": "Doing"}}, "there is no attribute 'Statuss'; there are: "),
        ({"values_by_name": {"Assignee": "zed"}}, "there is no member 'zed'; there are: 'Ada Exam"),
        ({"values_by_name": {"Status": ["Doing", "Done"]}}, "takes one label only"),
        ({"values_by_name": {"Due": "soon"}}, "takes a date like 2026-12-01"),
        ({"values_by_name": {"Due": "2026-02-30"}}, "takes a date like 2026-12-01"),
        ({"values_by_name": {"Estimate": "much"}}, "takes a number, such as 12.5"),
        ({"values_by_name": {"Estimate": True}}, "takes a number"),
        ({"values_by_name": {"Estimate": "1e999"}}, "takes a number"),
        ({"values_by_name": {"Done": "perhaps"}}, "takes true or false"),
        ({"values_by_name": {"Name": ["x"]}}, "takes text"),
        ({"name": "a", "title": "b"}, "name and title mean the same here"),
        ({"name": "a", "values_by_name": {"Name": "b"}}, "'Name' is given twice"),
    ],
)
def test_what_is_wrong_is_refused_before_anything_is_written(
    server: Server,
    key: str,
    roadmap: dict[str, Any],
    folder_id: str,
    infinity: Infinity,
    arguments: dict[str, Any],
    told: str,
) -> None:
    result = server.call(key, "infinity_create_item", **roadmap, folder_id=folder_id, **arguments)
    assert result.is_error
    assert told in text_of(result)
    assert [] == [r for r in infinity.requests() if r["method"] != "GET"]


def test_what_infinity_refuses_is_told_by_the_name_of_the_attribute(
    server: Server, key: str, roadmap: dict[str, Any], folder_id: str
) -> None:
    values = {"Name": "a", "Progress": 400}
    place = {**roadmap, "folder_id": folder_id}
    told = text_of(server.call(key, "infinity_create_item", **place, values_by_name=values))
    assert "'Progress'" in told
    assert "values.1" not in told


def test_every_fault_is_told_at_once(
    server: Server, key: str, roadmap: dict[str, Any], folder_id: str
) -> None:
    wrong = {"Status": "Dooing", "Due": "soon", "Nope": 1}
    told = text_of(
        server.call(
            key, "infinity_create_item", **roadmap, folder_id=folder_id, values_by_name=wrong
        )
    )
    for part in ("Nothing was written", "'Dooing'", "'soon'", "'Nope'"):
        assert part in told


def test_an_update_leaves_other_values_alone(
    server: Server, key: str, roadmap: dict[str, Any], folder_id: str
) -> None:
    item = server.data(
        key,
        "infinity_create_item",
        **roadmap,
        folder_id=folder_id,
        values_by_name={"Name": "a", "Estimate": 5},
    )
    place = {**roadmap, "item_id": item["id"]}
    server.data(key, "infinity_update_item", **place, title="b")
    read = server.data(key, "infinity_get_item", **place, expand=["values.attribute"])
    values = {v["attribute"]["name"]: v["data"] for v in read["values"]}
    assert {"Name": "b", "Estimate": 5}.items() <= values.items()


def test_an_update_of_nothing_is_refused(server: Server, key: str, roadmap: dict[str, Any]) -> None:
    items = server.data(key, "infinity_list_items", **roadmap, limit=1)["data"]
    result = server.call(key, "infinity_update_item", **roadmap, item_id=items[0]["id"])
    assert result.is_error
    assert "give at least one thing to change" in text_of(result)


@pytest.mark.parametrize(
    ("name", "label", "asked", "asked_label"),
    [
        ("Priorite\u0301", "Eleve\u0301", "Priorit\u00e9", "elev\u00e9"),
        ("Due  again ", "In\u00a0work", "Due again", "In work"),
        ("\u200bStage", "Done\ufeff", "stage", "DONE"),
        ("\uff30hase", "\u2714\ufe0f Yes", "Phase", "\u2714 yes"),
    ],
)
def test_names_count_as_a_reader_sees_them(
    server: Server,
    key: str,
    roadmap: dict[str, Any],
    create: Create,
    name: str,
    label: str,
    asked: str,
    asked_label: str,
) -> None:
    settings = {"labels": [label, "Other"]}
    new = {"name": name, "type": "label", "settings": settings}
    made = server.data(key, "infinity_create_attribute", **roadmap, **new)
    labels = made["settings"]["labels"]
    assert [labels[0]["id"]] == create(values={asked: asked_label})[name]


def test_null_is_nobodys_name() -> None:
    people: list[dict[str, Any]] = [
        {"id": 1, "name": "Ada", "email": None},
        {"id": 2, "name": None, "email": None},
    ]
    with pytest.raises(WrongValue, match="there is no member 'None'"):
        asyncio.run(Names(people, "member", ("name", "email")).find("None"))


def test_the_catalogue_of_a_board_is_read_once_a_minute_and_user(
    server: Server,
    make_user: MakeUser,
    roadmap: dict[str, Any],
    folder_id: str,
    infinity: Infinity,
) -> None:
    place = {**roadmap, "folder_id": folder_id}
    for _, key in (make_user("dora"), make_user("emil")):
        with ThreadPoolExecutor(5) as pool:
            calls = [
                pool.submit(server.data, key, "infinity_create_item", **place, title=title)
                for title in ("one", "two", "three", "four", "five")
            ]
        for call in calls:
            call.result()
    assert 2 == sum(request["path"].endswith("/attributes") for request in infinity.requests())
