"""MCP users and keys in the admin."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import ApiKey, McpUser, User
from credentials.models import Profile
from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event
from mcpserver.tools import tool_names
from tests.conftest import MakeProfile
from tests.mcpserver.admin.users import KEYS, USERS, fields, new_key


@pytest.mark.parametrize(
    "page", ["", "add/", "{}/change/", "{}/delete/", "{}/new_key/", "{}/rotate_keys/"]
)
def test_pages_open(page: str, alice: McpUser, admin_client: Client) -> None:
    alice.issue_key()

    answer = admin_client.get(USERS + page.format(alice.pk))
    assert 200 == answer.status_code
    assert b'href="/connect/"' in answer.content  # in the menu


@pytest.mark.parametrize(
    ("access", "scopes"),
    [
        ("read-only", ["infinity:read"]),
        ("admin", ["infinity:read", "infinity:write", "infinity:admin"]),
        ("exact", ["infinity:write"]),
    ],
)
def test_access_is_given_in_words(
    access: str, scopes: list[str], profile: Profile, admin_client: Client
) -> None:
    admin_client.post(f"{USERS}add/", fields(access=access, scopes=["infinity:write"]))

    assert scopes == McpUser.objects.get().scopes


@pytest.mark.parametrize(
    "wrong",
    [
        {"access": "exact"},
        {"access": "everything"},
        {"access": "exact", "scopes": ["infinity:everything"]},
        {"access": "admin", "toolset": "everything"},
        {"access": "admin", "toolset": ""},
        {"access": "admin", "toolset": "chosen", "allowed_tools": ["infinity_no_such_tool"]},
        {"access": "admin", "toolset": "chosen", "allowed_tools": []},
    ],
)
def test_what_does_not_exist_is_refused(
    wrong: dict[str, Any], alice: McpUser, admin_client: Client
) -> None:
    response = admin_client.post(f"{USERS}{alice.pk}/change/", fields(**wrong))

    assert 200 == response.status_code
    stored = McpUser.objects.get()
    assert (["infinity:read"], "all") == (stored.scopes, stored.toolset)


def test_form_offers_every_tool_and_shows_those_that_a_user_gets(
    alice: McpUser, admin_client: Client
) -> None:
    alice.allowed_tools = ["infinity_list_boards", "infinity_delete_hook", "infinity_old_tool"]
    alice.save()

    response = admin_client.get(f"{USERS}{alice.pk}/change/")

    page = response.content.decode()
    assert all(f'value="{tool}"' in page for tool in (*tool_names(), "infinity_old_tool"))
    assert ["infinity_list_boards"] == re.findall(r"<li>(infinity_\w+)</li>", page)


def test_users_are_deactivated_and_activated_in_bulk(
    make_alice: Callable[..., McpUser], admin_client: Client
) -> None:
    chosen = [make_alice(name).pk for name in ("alice", "bob")]
    make_alice("charlie")

    admin_client.post(USERS, {"action": "deactivate", "_selected_action": chosen})
    assert ["charlie"] == [user.name for user in McpUser.objects.filter(active=True)]
    admin_client.post(USERS, {"action": "activate", "_selected_action": chosen[:1]})
    assert ["bob"] == [user.name for user in McpUser.objects.filter(active=False)]


def test_what_is_as_chosen_already_is_not_changed_again(
    make_alice: Callable[..., McpUser], admin_client: Client
) -> None:
    users = [make_alice(name) for name in ("alice", "bob")]
    McpUser.objects.filter(name="bob").update(active=False)
    Event.objects.all().delete()

    chosen = [user.pk for user in users]
    admin_client.post(USERS, {"action": "deactivate", "_selected_action": chosen})

    changed = Event.objects.filter(kind=EventKind.CHANGED)
    assert ["MCP user alice"] == [event.subject for event in changed]
    assert [str(users[0].pk)] == [entry.object_id for entry in LogEntry.objects.all()]


@pytest.mark.parametrize(
    ("action", "part"),
    [("deactivate", "RELEASE"), ("delete_selected", 'DELETE FROM "accounts_mcpuser" ')],
)
def test_many_users_are_changed_a_part_at_a_time(
    action: str, part: str, profile: Profile, admin_client: Client
) -> None:
    """No transaction is long, as SQLite lets no other connection write during one."""
    McpUser.objects.bulk_create(McpUser(name=f"agent-{n}", profile=profile) for n in range(250))
    chosen = list(McpUser.objects.values_list("pk", flat=True))

    with CaptureQueriesContext(connection) as captured:
        asked = {"action": action, "_selected_action": chosen, "post": "yes"}
        admin_client.post(USERS, asked)

    assert 0 == McpUser.objects.filter(active=True).count()
    ends = [n for n, each in enumerate(captured) if each["sql"].startswith(part)]
    writes = [n for n, each in enumerate(captured) if "mcpserver_event" in each["sql"]]
    longest = max(sum(a < n < b for n in writes) for a, b in pairwise([-1, *ends, 10**6]))
    assert 100 == longest


@pytest.mark.parametrize(
    "page",
    [f"{USERS}abc/{page}/" for page in ("new_key", "rotate_keys", "revoke_keys")]
    + [f"{KEYS}abc/revoke/", f"{KEYS}99/revoke/"],
)
def test_pages_of_nobody_are_not_there(page: str, admin_client: Client) -> None:
    assert [404, 404] == [ask(page).status_code for ask in (admin_client.get, admin_client.post)]


def test_profile_is_assigned_in_bulk(
    make_alice: Callable[..., McpUser], admin_client: Client
) -> None:
    other = Profile(id="other", name="Other")
    other.set_token("other-token")
    other.save()
    chosen = [make_alice(name).pk for name in ("alice", "bob")]
    action = {"action": "assign_profile", "_selected_action": chosen}

    asked = admin_client.post(USERS, action).content.decode()
    assert "alice (now local)" in asked
    admin_client.post(USERS, {**action, "profile": "other"})

    assert 2 == other.mcp_users.count()


def test_user_with_keys_is_deleted_after_a_question(alice: McpUser, admin_client: Client) -> None:
    keys = [alice.issue_key()[0] for _ in range(3)]
    ApiKey.objects.filter(pk=keys[0].pk).revoke()
    Event.objects.all().delete()

    asked = admin_client.get(f"{USERS}{alice.pk}/delete/").content.decode()
    assert "API keys: 3" in asked
    admin_client.post(f"{USERS}{alice.pk}/delete/", {"post": "yes"})

    assert (0, 0) == (McpUser.objects.count(), ApiKey.objects.count())
    event = Event.objects.get(kind=EventKind.KEY_REVOKED)
    assert ("MCP user alice", "2 keys, with their MCP user") == (event.subject, event.detail)


@pytest.mark.parametrize(
    "page", [USERS, KEYS, "/admin/credentials/profile/", "/admin/accounts/user/"]
)
def test_lists_take_no_more_queries_for_more_rows(
    page: str,
    make_alice: Callable[..., McpUser],
    admin_client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(30):
        make_alice(f"user-{number}").issue_key()
        User.objects.create_user(f"person-{number}")
        profile = Profile(id=f"profile-{number}", name="One of many", encrypted_token="x")
        profile.save()

    with django_assert_max_num_queries(12):
        assert 200 == admin_client.get(page).status_code


def test_verified_profile_lets_a_new_user_call(
    make_profile: MakeProfile, server: Any, admin_client: Client
) -> None:
    make_profile("local")
    admin_client.post(f"{USERS}add/", fields(access="read-only"))
    alice = McpUser.objects.get()

    old = new_key(admin_client, alice)
    new = new_key(admin_client, alice, "rotate_keys", overlap="1h")

    assert [200, 200] == [server.post(key).status_code for key in (old, new)]
    admin_client.post(f"{USERS}{alice.pk}/revoke_keys/")
    assert [401, 401] == [server.post(key).status_code for key in (old, new)]


def test_adding_a_user_leads_to_its_first_key(profile: Profile, admin_client: Client) -> None:
    page = admin_client.post(f"{USERS}add/", fields(access="read-only"), follow=True)

    [user] = McpUser.objects.all()
    content = page.content.decode()
    assert f"{USERS}{user.pk}/change/" == page.request["PATH_INFO"]
    assert "Next: agents need a key" in content
    assert "No key yet" in content
    assert f'href="{USERS}{user.pk}/new_key/"' in content


def test_history_leads_to_the_events_of_the_user(alice: McpUser, admin_client: Client) -> None:
    alice.issue_key("laptop")
    page = admin_client.get(f"{USERS}{alice.pk}/history/").content.decode()

    link = re.search(r'href="(/admin/mcpserver/event/\?q=[^"]+)"', page)
    assert link
    assert "laptop" in admin_client.get(link[1]).content.decode()


def test_names_and_times_are_shown_as_they_are(alice: McpUser, admin_client: Client) -> None:
    page = admin_client.get(f"{USERS}{alice.pk}/change/").content.decode()

    assert re.search(r'tracking-tight">alice</a>', page)
    assert f"{alice.created_at:%Y-%m-%d %H:%M} UTC" in page
