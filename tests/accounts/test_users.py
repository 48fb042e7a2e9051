from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.utils import timezone

import mcpserver.tools
from accounts.models import McpUser, User
from accounts.policy import Policy
from accounts.scopes import ADMIN, READ, SCOPES, WRITE
from credentials.models import Profile
from mcpserver.tools import core_tools
from mcpserver.tools._core import CORE


def test_people_are_a_model_of_this_project() -> None:
    assert User is get_user_model()


@pytest.mark.parametrize("name", ["codex", "a", "Claude.Code_2-x@example.org", "x" * 64])
def test_ordinary_name_is_accepted(name: str, profile: Profile) -> None:
    McpUser(name=name, profile=profile, scopes=[READ]).full_clean()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 65),
        ("name", "two words"),
        ("name", "codex\n"),
        ("name", "élise"),
        ("name", "a/b"),
        ("scopes", []),
        ("scopes", "infinity:read"),
        ("scopes", ["infinity:everything"]),
        ("scopes", [READ, READ]),
        ("allowed_tools", "get_board"),
        ("allowed_tools", [""]),
        ("allowed_tools", [1]),
        ("toolset", ""),
        ("toolset", "everything"),
        ("toolset", "chosen"),
    ],
)
def test_invalid_user_is_refused(field: str, value: object, profile: Profile) -> None:
    user = McpUser(name="codex", profile=profile, scopes=[READ])
    setattr(user, field, value)

    with pytest.raises(ValidationError) as caught:
        user.full_clean()

    assert {field} == set(caught.value.message_dict)


def test_second_user_of_a_name_is_refused(alice: McpUser) -> None:
    with pytest.raises(ValidationError):
        McpUser(name="alice", profile=alice.profile, scopes=[READ]).full_clean()


def test_profile_in_use_cannot_be_deleted(alice: McpUser) -> None:
    with pytest.raises(ProtectedError):
        alice.profile.delete()


@pytest.mark.parametrize(
    ("own", "ceiling", "expected"),
    [
        (SCOPES, SCOPES, set(SCOPES)),
        (SCOPES, [READ], {READ}),
        ([READ], SCOPES, {READ}),
        ([READ, WRITE], [WRITE, ADMIN], {WRITE}),
        ([READ], [ADMIN], set()),
    ],
)
def test_profile_caps_the_scopes_of_its_users(
    own: list[str], ceiling: list[str], expected: set[str]
) -> None:
    user = McpUser(name="alice", profile=Profile(scopes=list(ceiling)), scopes=list(own))

    assert Policy(frozenset(expected)) == user.policy


@pytest.mark.parametrize(
    ("toolset", "allowed", "expected"),
    [
        ("all", [], None),
        ("chosen", ["get_board"], frozenset({"get_board"})),
        ("chosen", [], frozenset()),
        ("core", [], core_tools()),
        # Rows as only an earlier version or a damage leaves them: the list narrows.
        ("all", ["get_board"], frozenset({"get_board"})),
        ("core", ["get_board", "infinity_list_boards"], frozenset({"infinity_list_boards"})),
    ],
)
def test_toolset_limits_the_policy(
    toolset: str, allowed: list[str], expected: frozenset[str] | None
) -> None:
    user = McpUser(profile=Profile(), scopes=[READ], toolset=toolset, allowed_tools=allowed)

    assert Policy(frozenset({READ}), expected) == user.policy


def test_tool_that_becomes_core_reaches_users_of_the_core_tools(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user = McpUser(profile=Profile(), scopes=[READ], toolset="core")
    assert "infinity_get_board" not in (user.policy.tools or ())

    monkeypatch.setattr(mcpserver.tools, "CORE", CORE | {"infinity_get_board"})

    assert "infinity_get_board" in (user.policy.tools or ())


@pytest.mark.parametrize("damaged", [None, "infinity:read", 7, {"infinity:read": True}, [None]])
def test_damaged_rights_grant_nothing(damaged: Any) -> None:
    whole = {"scopes": [READ]}

    nobody = Policy(frozenset())
    assert nobody == McpUser(profile=Profile(), scopes=damaged).policy
    assert nobody == McpUser(profile=Profile(scopes=damaged), **whole).policy
    for toolset in ("all", "core", "chosen"):
        user = McpUser(profile=Profile(), toolset=toolset, allowed_tools=damaged, **whole)
        assert frozenset() == user.policy.tools
    assert frozenset() == McpUser(profile=Profile(), toolset=damaged, **whole).policy.tools


@pytest.mark.parametrize(
    ("active", "expired", "profile_active", "expected"),
    [
        (True, False, True, "live"),
        (True, False, False, "profile inactive"),
        (True, True, False, "expired"),
        (False, True, False, "inactive"),
    ],
)
def test_state_tells_why_a_user_is_not_live(
    active: bool, expired: bool, profile_active: bool, expected: str
) -> None:
    now = timezone.now()
    user = McpUser(
        profile=Profile(active=profile_active), active=active, expires_at=now if expired else None
    )

    assert expected == user.state
    assert (expected == "live") == user.is_live(now)


def test_user_lives_until_it_expires(alice: McpUser) -> None:
    alice.expires_at = timezone.now()

    assert alice.is_live(alice.expires_at - timedelta(microseconds=1))
    assert not alice.is_live(alice.expires_at)
