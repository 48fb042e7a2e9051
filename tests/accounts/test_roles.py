"""Superuser, operator, auditor and people without a role: what each sees and may do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client

from accounts.models import ApiKey, McpUser, User
from accounts.roles import Role
from credentials.models import Profile

PEOPLE = "/admin/accounts/user/"
SignIn = Callable[[Role], Client]


@pytest.fixture
def make_person(db: None) -> Callable[[str, Role], User]:
    def make(name: str, role: Role) -> User:
        person = User.objects.create_user(name)
        person.take_role(role)
        return person

    return make


@pytest.fixture
def sign_in(make_person: Callable[[str, Role], User]) -> SignIn:
    def sign_in(role: Role) -> Client:
        client = Client()
        client.force_login(make_person(f"my-{role.value}", role))
        return client

    return sign_in


def pages(user: McpUser, key: ApiKey) -> list[str]:
    """Every page of the admin, as far as it is about what an operator manages."""
    return [
        "/admin/",
        "/admin/accounts/mcpuser/",
        f"/admin/accounts/mcpuser/{user.pk}/change/",
        f"/admin/accounts/mcpuser/{user.pk}/history/",
        "/admin/accounts/apikey/",
        f"/admin/accounts/apikey/{key.pk}/change/",
        "/admin/credentials/profile/",
        f"/admin/credentials/profile/{user.profile.pk}/change/",
        "/admin/oauthbridge/application/",
        "/admin/oauthbridge/connection/",
        PEOPLE,
    ]


def changing_pages(user: McpUser, key: ApiKey) -> list[str]:
    return [
        "/admin/accounts/mcpuser/add/",
        f"/admin/accounts/mcpuser/{user.pk}/delete/",
        f"/admin/accounts/mcpuser/{user.pk}/new_key/",
        f"/admin/accounts/mcpuser/{user.pk}/rotate_keys/",
        f"/admin/accounts/mcpuser/{user.pk}/revoke_keys/",
        f"/admin/accounts/apikey/{key.pk}/revoke/",
        "/admin/credentials/profile/add/",
        f"{PEOPLE}add/",
    ]


@pytest.mark.parametrize("role", [Role.SUPERUSER, Role.OPERATOR])
def test_operators_open_every_page(role: Role, alice: McpUser, sign_in: SignIn) -> None:
    client = sign_in(role)
    key, _ = alice.issue_key()

    for page in [*pages(alice, key), *changing_pages(alice, key)]:
        assert (page, 200) == (page, client.get(page).status_code)


def test_auditor_sees_every_page_and_changes_nothing(alice: McpUser, sign_in: SignIn) -> None:
    client = sign_in(Role.AUDITOR)
    key, text = alice.issue_key()

    for page in pages(alice, key):
        assert (page, 200) == (page, client.get(page).status_code)
    for page in changing_pages(alice, key):
        assert (page, [403, 403]) == (
            page,
            [client.get(page).status_code, client.post(page).status_code],
        )
    for page in pages(alice, key)[1:]:
        client.post(page, {"name": "changed", "scopes": [], "token": "changed", "active": ""})
    assert ApiKey.objects.authenticate(text)
    assert ("alice", True) == (McpUser.objects.get().name, McpUser.objects.get().active)


@pytest.mark.parametrize(
    ("page", "action"),
    [
        ("accounts/mcpuser/", "deactivate"),
        ("accounts/mcpuser/", "assign_profile"),
        ("accounts/mcpuser/", "delete_selected"),
        ("accounts/apikey/", "revoke_selected"),
        ("credentials/profile/", "verify_selected"),
        ("credentials/profile/", "delete_selected"),
    ],
)
def test_auditor_runs_no_action(page: str, action: str, alice: McpUser, sign_in: SignIn) -> None:
    key, text = alice.issue_key()
    chosen = [alice.pk, key.pk, alice.profile.pk]

    sign_in(Role.AUDITOR).post(
        f"/admin/{page}", {"action": action, "_selected_action": chosen, "post": "yes"}
    )

    assert ApiKey.objects.authenticate(text)
    assert Profile.objects.get().verified_at is None


def test_person_without_a_role_has_no_admin(alice: McpUser, sign_in: SignIn) -> None:
    client = sign_in(Role.NONE)
    key, _ = alice.issue_key()

    for page in [*pages(alice, key), *changing_pages(alice, key)]:
        answers = [client.get(page), client.post(page, headers={"Accept": "text/html"})]
        assert (page, [302, 302]) == (page, [answer.status_code for answer in answers])


@pytest.mark.parametrize("role", [Role.SUPERUSER, Role.OPERATOR, Role.AUDITOR])
def test_operator_touches_nobody_with_a_role(
    role: Role, make_person: Callable[[str, Role], User], sign_in: SignIn
) -> None:
    person = make_person("carol", role)
    person.set_password("before")
    person.save()
    client = sign_in(Role.OPERATOR)

    sent = {"username": "mallory", "email": "mallory@example.org", "role": "superuser"}
    answers = [
        client.post(f"{PEOPLE}{person.pk}/change/", sent),
        client.post(f"{PEOPLE}{person.pk}/password/", {"password1": "x", "password2": "x"}),
        client.post(f"{PEOPLE}{person.pk}/delete/", {"post": "yes"}),
    ]

    assert [403, 403, 403] == [answer.status_code for answer in answers]
    person.refresh_from_db()
    assert ("carol", role, True) == (person.username, person.role, person.check_password("before"))


@pytest.mark.parametrize(
    "grab",
    [
        {"role": "superuser"},
        {"role": "operator"},
        {"is_superuser": "on", "is_staff": "on"},
        {"groups": ["1", "2"], "user_permissions": ["1", "2", "3"]},
    ],
)
def test_operator_gives_nobody_a_role(
    grab: dict[str, Any], make_person: Callable[[str, Role], User], sign_in: SignIn
) -> None:
    person = make_person("bob", Role.NONE)
    client = sign_in(Role.OPERATOR)

    client.post(f"{PEOPLE}{person.pk}/change/", {"username": "bob", "is_active": "on", **grab})
    password = {"password1": "long-enough-7b", "password2": "long-enough-7b"}
    client.post(f"{PEOPLE}add/", {"username": "charlie", **password, **grab})

    people = User.objects.filter(username__in=["bob", "charlie"])
    assert [(Role.NONE, False, False)] * 2 == [
        (each.role, each.is_staff, each.user_permissions.exists()) for each in people
    ]


def test_superuser_gives_and_takes_roles(
    make_person: Callable[[str, Role], User], admin_client: Client
) -> None:
    bob = make_person("bob", Role.NONE)

    for role in (Role.AUDITOR, Role.OPERATOR, Role.SUPERUSER, Role.NONE):
        admin_client.post(
            f"{PEOPLE}{bob.pk}/change/", {"username": "bob", "is_active": "on", "role": role.value}
        )
        bob = User.objects.get(pk=bob.pk)
        assert (role, role != Role.NONE) == (bob.role, bob.is_staff)


def test_pages_of_people_show_no_part_of_a_password(
    make_person: Callable[[str, Role], User], sign_in: SignIn
) -> None:
    bob = make_person("bob", Role.NONE)
    bob.set_password("some-password")
    bob.save()
    salt = bob.password.split("$")[1]

    for role in (Role.SUPERUSER, Role.OPERATOR, Role.AUDITOR):
        page = sign_in(role).get(f"{PEOPLE}{bob.pk}/change/").content.decode()
        assert "bob" in page
        assert salt not in page


def test_migrating_again_puts_the_roles_right(db: None) -> None:
    operator = Group.objects.get(name="operator")
    before = set(operator.permissions.all())
    operator.permissions.clear()

    call_command("migrate", verbosity=0)

    assert before == set(operator.permissions.all())
    assert not operator.permissions.filter(codename__contains="group").exists()
