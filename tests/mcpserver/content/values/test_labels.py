"""Many labels at once: how many there may be, and that they take no longer than their number."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.label_forms import MAX_LABELS
from mcpserver.content.values.labels import changed_labels, new_labels
from tests.measuring import thread_seconds, turns_given

FORMS: list[Callable[[int], Any]] = [
    lambda count: [f"name {n}" for n in range(count)],
    lambda count: {f"name {n}": "#00FF00" for n in range(count)},
    lambda count: [{"name": f"name {n}", "color": "#00FF00"} for n in range(count)],
]


@pytest.mark.parametrize("form", FORMS)
def test_more_labels_than_an_attribute_may_have_are_refused(form: Callable[[int], Any]) -> None:
    assert MAX_LABELS == len(asyncio.run(new_labels(form(MAX_LABELS))))
    with pytest.raises(WrongValue, match=f"at most {MAX_LABELS}"):
        asyncio.run(new_labels(form(MAX_LABELS + 1)))


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ('{"name":"a"}', "a"),
        ('{"name":"a","color":"#00FF00"}', "a"),
        *((name, name) for name in ("[2024]", "{draft}", "[Draft] Plan", "[1] first", "(a)")),
        *((name, name) for name in ("```a```", "{x: y} refactor", "['90s] party", "[3], see [4]")),
        *((name, name) for name in ("{1,3}", "{", "[2024, Q1]", '["x"] in config')),
        *(({"name": name}, name) for name in ('{"name":"a"}', "{x: y}", "```a```")),
    ],
)
def test_a_label_that_spells_an_object_is_that_object(given: Any, name: str) -> None:
    assert [name, "b"] == [label["name"] for label in asyncio.run(new_labels([given, "b"]))]


@pytest.mark.parametrize("text", ['["a","b"]', '["a", "b"', "{'name': 'a'}", '{"name":"a"', "[]"])
def test_a_list_that_is_written_as_one_label_is_refused(text: str) -> None:
    with pytest.raises(WrongValue):
        asyncio.run(new_labels([text, "b"]))
    known = [{"id": "1", "name": text}]
    assert (known, []) == asyncio.run(changed_labels(known, [text]))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('["a", "b"]', ["a", "b"]),
        ('```json\n["a", {"name": "b"}]\n```', ["a", "b"]),
        *((text, [text]) for text in ("[2024]", "[Draft] Plan", "{x: y} refactor", "```a```")),
    ],
)
def test_labels_in_one_text_are_a_list_or_one_name(text: str, names: list[str]) -> None:
    assert names == [label["name"] for label in asyncio.run(new_labels(text))]


@pytest.mark.parametrize("form", FORMS)
def test_labels_take_their_number(form: Callable[[int], Any]) -> None:
    def change(count: int) -> float:
        known = [{"id": str(uuid.uuid4()), "name": f"name {n}"} for n in range(count)]
        return thread_seconds(lambda: asyncio.run(changed_labels(known, form(count))))

    few = change(MAX_LABELS // 10)
    assert change(MAX_LABELS) < 30 * few + 0.1


@pytest.mark.parametrize("form", FORMS)
def test_others_have_their_turn_between_two_labels(form: Callable[[int], Any]) -> None:
    known = [{"id": str(n), "name": f"NAME {n}"} for n in range(MAX_LABELS)]
    names = [f"name {n}" for n in range(MAX_LABELS)]
    assert turns_given(lambda: new_labels(form(MAX_LABELS))) > MAX_LABELS
    assert turns_given(lambda: changed_labels(known, form(MAX_LABELS))) > MAX_LABELS
    assert turns_given(lambda: changed_labels(known, None, names)) > MAX_LABELS
