from __future__ import annotations

from typing import Any

import pytest

from tests.mcpserver.sandbox.api import Api
from tests.mcpserver.sandbox.conftest import Switched

MEMBERS = "/workspaces/31337/members"


def roles(api: Api) -> dict[int, str]:
    return {row["id"]: row["role"] for row in api.rows(MEMBERS)}


def test_members_have_their_role_at_the_top(ada: Api) -> None:
    expected = {
        "id": 4243,
        "object": "user",
        "name": "Bob Example",
        "email": "bob@example.org",
        "photo_url": None,
        "role": "full-member",
        "deleted": False,
    }
    assert expected == ada.rows(MEMBERS)[1]


def test_full_member_lists_members(bob: Api) -> None:
    assert 5 == len(bob.rows(MEMBERS))


def test_restricted_member_may_not_list_members(rita: Api) -> None:
    assert 403 == rita.get(MEMBERS).status_code


def test_listing_can_be_allowed_to_restricted_members(switched: Switched) -> None:
    api = switched(restricted_lists_members=True)
    api.token = "sandbox-rita"
    assert 5 == len(api.rows(MEMBERS))


def test_invitation_adds_a_member_without_a_name(ada: Api) -> None:
    answer = ada.post(f"{MEMBERS}/invite", {"email": "new@example.org", "role": "admin"})
    member = answer.json()
    assert (201, None, "new@example.org", "admin") == (
        answer.status_code,
        member["name"],
        member["email"],
        member["role"],
    )
    assert "admin" == roles(ada)[member["id"]]


def test_invitation_without_a_role_is_for_a_full_member(ada: Api) -> None:
    answer = ada.post(f"{MEMBERS}/invite", {"email": "new@example.org"})
    assert "full-member" == answer.json()["role"]


def test_invitation_can_answer_with_an_invitation(switched: Switched) -> None:
    api = switched(invite_answer="invitation")
    answer = api.post(f"{MEMBERS}/invite", {"email": "new@example.org"})
    assert ["id", "email", "created_at"] == list(answer.json())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": ""}, "email"),
        ({"email": None}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b"}, "email"),
        ({"email": 5}, "email"),
        ({"email": "Bob@example.org"}, "email"),
        ({"email": "new@example.org", "role": "owner"}, "role"),
        ({"email": "new@example.org", "role": "full_member"}, "role"),
        ({"email": "new@example.org", "role": None}, "role"),
    ],
)
def test_bad_invitation_is_refused(ada: Api, body: dict[str, Any], field: str) -> None:
    answer = ada.post(f"{MEMBERS}/invite", body)
    assert (422, [field]) == (answer.status_code, list(answer.json()["errors"]))


def test_existing_user_is_added(ada: Api, carol: Api) -> None:
    answer = ada.put(f"{MEMBERS}/5150", {"role": "restricted-member"})
    assert (200, "restricted-member") == (answer.status_code, answer.json()["role"])
    assert [31337, 31338] == [row["id"] for row in carol.rows("/workspaces")]


def test_role_is_changed(ada: Api) -> None:
    ada.put(f"{MEMBERS}/4301", {"role": "full-member"})
    assert "full-member" == roles(ada)[4301]


@pytest.mark.parametrize("body", [{}, {"role": "boss"}, {"role": "owner"}, {"role": ""}])
def test_bad_role_is_refused(ada: Api, body: dict[str, Any]) -> None:
    answer = ada.put(f"{MEMBERS}/4301", body)
    assert (422, ["role"]) == (answer.status_code, list(answer.json()["errors"]))


@pytest.mark.parametrize("user", ["1", "bob"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_unknown_user_is_not_found(ada: Api, method: str, user: str) -> None:
    assert 404 == ada.request(method, f"{MEMBERS}/{user}", json={"role": "admin"}).status_code


def test_removed_member_loses_access(ada: Api, bob: Api) -> None:
    roadmap = bob.board()
    answer = ada.delete(f"{MEMBERS}/4243")
    assert (200, 4243, True) == (answer.status_code, answer.json()["id"], answer.json()["deleted"])
    assert 403 == bob.get(roadmap.path).status_code
    assert 4243 not in roles(ada)
    assert 4243 not in ada.get(roadmap.path).json()["user_ids"]


def test_removed_member_is_gone(ada: Api) -> None:
    ada.delete(f"{MEMBERS}/4243")
    assert 404 == ada.delete(f"{MEMBERS}/4243").status_code


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_owner_cannot_be_changed(ada: Api, method: str) -> None:
    assert 403 == ada.request(method, f"{MEMBERS}/4242", json={"role": "admin"}).status_code


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "invite"), ("PUT", "4301"), ("DELETE", "4301")],
)
def test_only_managers_change_members(bob: Api, method: str, path: str) -> None:
    body = {"email": "new@example.org", "role": "admin"}
    assert 403 == bob.request(method, f"{MEMBERS}/{path}", json=body).status_code
