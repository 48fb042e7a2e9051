from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.tools.agent import Agent, Cases

URL = "https://hooks.example.org/launch?key=a%20b"
EVENTS = [{"event": "item.created"}, {"event": "comment.created", "data": {"a": [1]}}]


@pytest.fixture
def hook(board: Agent) -> Agent:
    """At a new hook."""
    made = board.result("infinity_create_hook", url=URL, events=EVENTS)
    return board.at(hook_id=made["id"])


def read(board: Agent, hook: Agent) -> dict[str, Any]:
    hooks = board.records("infinity_list_hooks")
    (found,) = [each for each in hooks if each["id"] == hook.place["hook_id"]]
    return found


def test_a_new_hook_is_listed_with_what_it_was_given(board: Agent, hook: Agent) -> None:
    assert {"url": URL, "events": EVENTS}.items() <= read(board, hook).items()


def test_events_spelled_as_json_text_are_understood(board: Agent) -> None:
    made = board.result("infinity_create_hook", url=URL, events='[{"event": "item.updated"}]')
    assert [{"event": "item.updated"}] == made["events"]


@pytest.mark.parametrize(
    "changes", [{"url": "https://hooks.example.org/b"}, {"events": [{"event": "value.updated"}]}]
)
def test_an_update_changes_what_it_names_and_nothing_else(
    board: Agent, hook: Agent, changes: dict[str, Any]
) -> None:
    before = read(board, hook)
    hook.result("infinity_update_hook", **changes)
    assert {**before, **changes} == read(board, hook)


@pytest.mark.parametrize("response_format", ["markdown", "json"])
def test_no_result_holds_a_secret(board: Agent, response_format: str) -> None:
    board = board.at(response_format=response_format)
    made = board.call("infinity_create_hook", url=URL, events=EVENTS)
    hook_id = board.records("infinity_list_hooks", response_format="json")[-1]["id"]
    for result in (
        made,
        board.call("infinity_update_hook", hook_id=hook_id, events=EVENTS),
        board.call("infinity_list_hooks"),
        board.call("infinity_delete_hook", hook_id=hook_id),
    ):
        assert not result.is_error
        assert "secret" not in result.model_dump_json()


def test_a_wrong_hook_is_refused_before_anything_is_sent(board: Agent) -> None:
    cases: Cases = [
        ({"url": "hooks.example.org"}, "url: is not an http(s) URL"),
        ({"url": "ftp://hooks.example.org"}, "url: is not an http(s) URL"),
        ({"url": "https://hooks example.org"}, "url: is not an http(s) URL"),
        ({"events": []}, "events: "),
        ({"events": "item.created"}, "events: takes a JSON list such as"),
        ({"events": ["item.created"]}, "events: takes a JSON list such as"),
        ({"url": None}, "url is required"),
    ]
    for arguments, told in cases:
        whole = {"url": URL, "events": EVENTS, **arguments}
        assert told in board.refused("infinity_create_hook", **whole)


def test_a_wrong_update_is_refused_before_anything_is_sent(hook: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"url": "hooks"}, "url: is not an http(s) URL"),
        ({"events": "[1]"}, "events: takes a JSON list"),
    ]
    for changes, told in cases:
        assert told in hook.refused("infinity_update_hook", **changes)


def test_an_event_that_infinity_does_not_know_is_told(hook: Agent) -> None:
    told = hook.error("infinity_update_hook", events=[{"event": "board.created"}])
    assert "Infinity says: events.0.event: " in told


def test_a_deleted_hook_is_gone(board: Agent, hook: Agent) -> None:
    assert hook.result("infinity_delete_hook")["deleted"] is True
    assert 1 == len(board.records("infinity_list_hooks"))
    assert "(404)" in hook.error("infinity_delete_hook")
