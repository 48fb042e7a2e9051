"""A folder whose list is empty may be a name that has the form of an id."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.infinity.upstream import RawRequest
from tests.mcpserver.tools.damaged import PLACE, Ask, page
from tests.support import data_of

NAMED = {"id": "Hq7wTz3KfPb", "object": "folder", "name": "Sprint23abc"}
LISTS: list[tuple[str, dict[str, Any], str]] = [
    ("infinity_list_items", {}, "/items"),
    ("infinity_list_item_values", {}, "/items"),
    ("infinity_list_subitems", {"parent_item_id": "i1"}, "/items"),
    ("infinity_list_views", {}, "/views"),
]


def asked_of(sent: list[RawRequest], end: str) -> list[str]:
    """The folders whose records were asked."""
    targets = [request.target.partition("?") for request in sent]
    queries = [query for path, _, query in targets if path.endswith(end)]
    return [part for query in queries for part in query.split("&") if part.startswith("folder_id")]


@pytest.mark.parametrize(("tool", "more", "end"), LISTS)
def test_a_name_like_an_id_is_looked_up_if_nothing_is_listed(
    ask: Ask, sent: list[RawRequest], tool: str, more: dict[str, Any], end: str
) -> None:
    answers = {"/items": page(), "/views": page(), "/folders": page(NAMED), "/attributes": page()}
    answers["/items/i1"] = {"id": "i1", "object": "item"}
    call = (tool, {**PLACE, **more, "folder_id": NAMED["name"]})

    for result in ask(answers, [call, call]):
        assert [] == data_of(result)["data"]

    assert [f"folder_id={NAMED[key]}" for key in ("name", "id")] * 2 == asked_of(sent, end)
    assert 1 == sum(request.target.partition("?")[0].endswith("/folders") for request in sent)


def test_a_folder_that_is_empty_is_read_once(ask: Ask, sent: list[RawRequest]) -> None:
    call = ("infinity_list_items", {**PLACE, "folder_id": NAMED["id"]})

    ask({"/items": page(), "/folders": page(NAMED)}, [call, call])

    assert [f"folder_id={NAMED['id']}"] * 2 == asked_of(sent, "/items")
    assert 3 == len(sent)


def test_an_unknown_folder_is_listed_as_infinity_does(ask: Ask, sent: list[RawRequest]) -> None:
    call = ("infinity_list_items", {**PLACE, "folder_id": "zzzzzzzzzz1"})

    (result,) = ask({"/items": page(), "/folders": page(NAMED)}, [call])

    assert [] == data_of(result)["data"]
    assert ["folder_id=zzzzzzzzzz1"] == asked_of(sent, "/items")


def test_an_empty_list_is_answered_if_folders_cannot_be_read(
    ask: Ask, sent: list[RawRequest]
) -> None:
    call = ("infinity_list_items", {**PLACE, "folder_id": NAMED["name"]})

    (result,) = ask({"/items": page(), "/folders": "no page"}, [call])

    assert [] == data_of(result)["data"]
    assert 1 == len(asked_of(sent, "/items"))
