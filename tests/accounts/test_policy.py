from __future__ import annotations

import dataclasses

import pytest

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import ADMIN, READ, WRITE
from credentials.access import TokenFromEnvironment

EVERYTHING = Policy(frozenset({READ, WRITE, ADMIN}))
READER = Policy(frozenset({READ}))


def tools(*names: str) -> Policy:
    return Policy(frozenset({READ}), frozenset(names))


def test_every_tool_of_a_held_scope_is_allowed() -> None:
    assert READER.allows("get_board", READ)


def test_tool_of_a_scope_not_held_is_refused() -> None:
    assert not READER.allows("delete_board", ADMIN)


def test_listed_tool_still_needs_its_scope() -> None:
    assert tools("get_board").allows("get_board", READ)
    assert not tools("get_board").allows("get_board", WRITE)


def test_tool_beyond_the_list_is_refused() -> None:
    assert not tools("get_board").allows("get_item", READ)


def test_empty_tool_set_allows_none() -> None:
    assert not tools().allows("get_board", READ)


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (EVERYTHING, EVERYTHING, EVERYTHING),
        (EVERYTHING, READER, READER),
        (READER, Policy(frozenset({WRITE})), Policy(frozenset())),
        (EVERYTHING, tools("a"), tools("a")),
        (EVERYTHING, tools(), tools()),
        (tools("a", "b"), tools("b", "c"), tools("b")),
        (tools("a"), tools("b"), tools()),
    ],
)
def test_narrowing_keeps_what_both_allow_in_either_order(
    one: Policy, other: Policy, both: Policy
) -> None:
    assert both == one.narrowed_by(other)
    assert both == other.narrowed_by(one)


def test_empty_intersection_is_not_widened_by_a_further_one() -> None:
    assert tools() == tools("a").narrowed_by(tools("b")).narrowed_by(EVERYTHING)


def test_scopes_are_listed_in_their_own_order() -> None:
    assert [READ, WRITE, ADMIN] == EVERYTHING.ordered_scopes


@pytest.mark.parametrize(
    ("scopes", "access"),
    [
        ({READ}, "read-only"),
        ({READ, WRITE}, "read-write"),
        ({READ, WRITE, ADMIN}, "admin"),
        ({ADMIN, READ}, "read, admin"),
        (set(), "nothing"),
    ],
)
def test_scopes_are_told_as_the_word_that_gives_them(scopes: set[str], access: str) -> None:
    assert access == Policy(frozenset(scopes)).access


def test_caller_is_frozen_and_shows_no_secret(token: str) -> None:
    caller = Caller(
        user="environment",
        user_id=None,
        profile=TokenFromEnvironment(token=token),
        policy=READER,
        credential="environment",
        credential_id=None,
    )

    assert token not in repr(caller)
    with pytest.raises(dataclasses.FrozenInstanceError):
        caller.user = "bob"  # type: ignore[misc]
