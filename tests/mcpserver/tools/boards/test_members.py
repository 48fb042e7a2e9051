from __future__ import annotations

from mcpserver.sandbox import RITA_TOKEN
from tests.mcpserver.tools.agent import Agent, ToolCases
from tests.mcpserver.tools.conftest import WORKSPACE, Connect

CAROL_ID = 5150


def roles(workspace: Agent) -> dict[str, str]:
    """Roles by e-mail."""
    members = workspace.records("infinity_list_workspace_members")
    return {member["email"]: member["role"] for member in members}


def test_members_have_roles(workspace: Agent) -> None:
    assert {
        "ada@example.org": "owner",
        "bob@example.org": "full-member",
        "rita@example.org": "restricted-member",
        "dan@example.org": "admin",
        "new.colleague@example.org": "full-member",
    } == roles(workspace)


def test_an_invited_person_becomes_a_full_member_unless_said_otherwise(workspace: Agent) -> None:
    workspace.result("infinity_invite_workspace_member", email="zoe@example.org")
    workspace.result(
        "infinity_invite_workspace_member", email="yan@example.org", role="restricted-member"
    )
    found = roles(workspace)
    assert ["full-member", "restricted-member"] == [
        found["zoe@example.org"],
        found["yan@example.org"],
    ]


def test_a_user_is_added_and_the_role_of_a_member_changed(workspace: Agent) -> None:
    workspace.result("infinity_add_workspace_member", user_id=CAROL_ID)
    assert "full-member" == roles(workspace)["carol@example.org"]
    workspace.result("infinity_add_workspace_member", user_id=str(CAROL_ID), role="admin")
    assert "admin" == roles(workspace)["carol@example.org"]


def test_a_removed_member_is_gone(workspace: Agent) -> None:
    removed = workspace.result("infinity_remove_workspace_member", user_id=4317)
    assert (4317, True) == (removed["id"], removed["deleted"])
    assert "dan@example.org" not in roles(workspace)


def test_members_go_by_name_or_email(workspace: Agent) -> None:
    before = roles(workspace)
    workspace.result("infinity_add_workspace_member", user_id="dan@EXAMPLE.org", role="admin")
    assert {**before, "dan@example.org": "admin"} == roles(workspace)
    made = workspace.result("infinity_create_board", name="New", user_ids=["ada example", 4317])
    assert {4242, 4317} == set(made["user_ids"])
    removed = workspace.result("infinity_remove_workspace_member", user_id="dan example ")
    assert 4317 == removed["id"]
    told = workspace.refused("infinity_remove_workspace_member", user_id="Dan Example")
    assert "there is no member 'Dan Example'; there are: 'Ada Example'" in told


def test_wrong_people_are_refused_before_anything_is_sent(workspace: Agent) -> None:
    cases: ToolCases = [
        ("infinity_invite_workspace_member", {"email": "zoe"}, "email: is not an e-mail address"),
        (
            "infinity_invite_workspace_member",
            {"email": "z@example.org", "role": " "},
            "role: is empty",
        ),
        ("infinity_add_workspace_member", {"user_id": 0}, "user_id: must be more than 0"),
        ("infinity_add_workspace_member", {"user_id": True}, "user_id: must be a number"),
        ("infinity_add_workspace_member", {"user_id": "ada"}, "there is no member 'ada'"),
        ("infinity_remove_workspace_member", {"user_id": -4317}, "user_id: must be more than 0"),
        ("infinity_remove_workspace_member", {"user_id": 1.5}, "user_id: must be a whole number"),
    ]
    for tool, arguments, told in cases:
        assert told in workspace.refused(tool, **arguments)


def test_what_infinity_objects_to_is_told(workspace: Agent) -> None:
    cases: ToolCases = [
        ("infinity_invite_workspace_member", {"email": "bob@example.org"}, "email: The email has"),
        ("infinity_add_workspace_member", {"user_id": CAROL_ID, "role": "boss"}, "role: The selec"),
        ("infinity_add_workspace_member", {"user_id": 77}, "(404)"),
        ("infinity_remove_workspace_member", {"user_id": CAROL_ID}, "(404)"),
    ]
    for tool, arguments, told in cases:
        assert told in workspace.error(tool, **arguments)


def test_a_restricted_member_is_told_that_it_lacks_the_right(connect: Connect) -> None:
    rita = connect(RITA_TOKEN).at(workspace_id=WORKSPACE)
    for tool, arguments in (
        ("infinity_list_workspace_members", {}),
        ("infinity_invite_workspace_member", {"email": "zoe@example.org"}),
        ("infinity_remove_workspace_member", {"user_id": 4317}),
    ):
        assert "may not do this (403)" in rita.error(tool, **arguments)
