"""The audit log of events, which are everything but calls (docs/audit.md)."""

from __future__ import annotations

import secrets
import subprocess
import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import McpUser, User
from accounts.roles import Role
from accounts.scopes import ACCESS
from credentials.models import Profile
from infinity_mcp.core.events import EventKind, announce
from mcpserver.audit.models import Event
from mcpserver.tools import tool_names
from tests.mcpserver.audit.events import seen
from tests.support import ROOT, environment


@pytest.fixture
def profile(db: None) -> Profile:
    Event.objects.all().delete()  # those of the roles, which come with the tables
    profile = Profile(id="local", name="Local")
    profile.set_token(secrets.token_hex(20))
    profile.save()
    return profile


@pytest.fixture
def alice(profile: Profile) -> McpUser:
    return McpUser.objects.create(name="alice", profile=profile, scopes=list(ACCESS["read-only"]))


@pytest.fixture
def nothing_yet(alice: McpUser) -> None:
    Event.objects.all().delete()


def test_what_is_added_is_in_the_log(alice: McpUser) -> None:
    assert [
        (
            EventKind.ADDED,
            "profile local",
            "name: Local; active: True; scopes: infinity:read, infinity:write, infinity:admin",
        ),
        (
            EventKind.ADDED,
            "MCP user alice",
            "name: alice; profile_id: local; active: True; scopes: infinity:read; toolset: all",
        ),
    ] == seen()


def test_more_rights_are_in_the_log_with_what_there_was_before(
    nothing_yet: None, alice: McpUser
) -> None:
    alice.scopes, alice.notes = list(ACCESS["read-write"]), "for the trip"
    alice.save()

    detail = "scopes: +infinity:write; notes"
    assert [(EventKind.CHANGED, "MCP user alice", detail)] == seen()


def test_change_of_the_toolset_is_in_the_log(nothing_yet: None, alice: McpUser) -> None:
    alice.toolset, alice.allowed_tools = "chosen", ["infinity_get_item"]
    alice.save()

    detail = "toolset: all → chosen; allowed_tools: empty → infinity_get_item"
    assert [(EventKind.CHANGED, "MCP user alice", detail)] == seen()


def test_nothing_of_a_long_change_is_lost(nothing_yet: None, alice: McpUser) -> None:
    tools = sorted(tool_names())
    before, after = tools[:30], tools[10:]
    alice.allowed_tools = list(before)
    alice.save()
    alice.allowed_tools, alice.active = list(after), False
    alice.save()

    first, second = [detail for *_, detail in seen()]
    assert f"allowed_tools: empty → {', '.join(before)}" == first
    changes = [f"+{tool}" for tool in after[20:]] + [f"-{tool}" for tool in before[:10]]
    assert f"active: True → False; allowed_tools: {', '.join(changes)}" == second


def test_saving_without_a_change_leaves_nothing(nothing_yet: None, alice: McpUser) -> None:
    alice.save()
    assert [] == seen()


def test_who_may_act_as_a_user_is_in_the_log(nothing_yet: None, alice: McpUser) -> None:
    ada = User.objects.create_user("ada")
    alice.people.add(ada)
    ada.groups.add(Group.objects.create(name="Auditors"))
    alice.people.clear()

    assert [
        (EventKind.CHANGED, "MCP user alice", "added users: ada"),
        (EventKind.CHANGED, "person ada", "added groups: Auditors"),
        (EventKind.CHANGED, "MCP user alice", "removed all users"),
    ] == seen(EventKind.CHANGED)


def test_a_new_person_and_their_role_are_two_events(
    nothing_yet: None, admin_client: Client
) -> None:
    Event.objects.all().delete()
    password = secrets.token_urlsafe(16)
    form = {"username": "ada", "password1": password, "password2": password, "role": "operator"}
    admin_client.post("/admin/accounts/user/add/", form)

    assert [
        (EventKind.ADDED, "person ada", "username: ada; is_active: True; is_staff: True"),
        (EventKind.CHANGED, "person ada", "added groups: operator"),
    ] == seen(EventKind.ADDED, EventKind.CHANGED)


def test_another_role_ends_the_one_there_was_and_no_other(nothing_yet: None) -> None:
    ada = User.objects.create_user("ada")
    ada.take_role(Role.AUDITOR)
    Event.objects.all().delete()
    ada.take_role(Role.AUDITOR)
    ada.take_role(Role.OPERATOR)

    assert [
        (EventKind.CHANGED, "person ada", "removed groups: auditor"),
        (EventKind.CHANGED, "person ada", "added groups: operator"),
    ] == seen()


def test_removing_is_in_the_log_however_it_is_done(nothing_yet: None) -> None:
    McpUser.objects.all().delete()
    assert [(EventKind.REMOVED, "MCP user alice", "")] == seen()


def test_a_replaced_token_is_in_the_log_without_it(nothing_yet: None, profile: Profile) -> None:
    token = secrets.token_hex(20)
    profile.set_token(token)
    profile.save()

    assert [(EventKind.TOKEN_REPLACED, "profile local", "")] == seen()
    assert token not in str(Event.objects.values())


def test_a_verified_profile_is_in_the_log(nothing_yet: None, profile: Profile) -> None:
    profile.verified_at, profile.verified_as = timezone.now(), "Ada"
    profile.save(update_fields=["verified_at", "verified_as"])
    assert [(EventKind.PROFILE_VERIFIED, "profile local", "")] == seen()


def test_another_store_key_is_in_the_log(nothing_yet: None) -> None:
    Profile.objects.reencrypt_all()
    assert [(EventKind.STORE_KEY_ROTATED, "store key", "1 profiles")] == seen()


def test_the_life_of_keys_is_in_the_log(nothing_yet: None, alice: McpUser) -> None:
    first, text = alice.issue_key("laptop")
    second, _ = alice.rotate_key(timedelta(hours=1))
    alice.revoke_keys()

    subject = "MCP user alice"
    end = f"works until {timezone.now() + timedelta(hours=1):%Y-%m-%d %H}"
    kinds = [kind for kind, *_ in seen()]
    assert [
        EventKind.KEY_ISSUED,
        EventKind.KEY_ISSUED,
        EventKind.KEY_EXPIRES,
        EventKind.KEY_REVOKED,
        EventKind.KEY_REVOKED,
    ] == kinds
    assert (EventKind.KEY_ISSUED, subject, f"{first} laptop") == seen()[0]
    assert seen()[2][2].startswith(f"{first} laptop {end}")
    assert (EventKind.KEY_REVOKED, subject, f"{second}") == seen()[-1]
    assert text not in str(Event.objects.values())


def test_a_change_whose_record_cannot_be_kept_is_not_made(
    alice: McpUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**fields: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Event.objects, "create", fail)
    with pytest.raises(OSError):
        alice.issue_key()
    assert not alice.keys.exists()


def test_line_breaks_are_escaped(db: None) -> None:
    announce(EventKind.CONNECTION_DENIED, "client x\nforged", "\x1b[31m")
    assert [(EventKind.CONNECTION_DENIED, r"client x\nforged", r"\x1b[31m")] == seen(
        EventKind.CONNECTION_DENIED
    )


def test_what_the_admin_does_is_in_the_log_with_who_did_it(
    nothing_yet: None, alice: McpUser, admin_client: Client
) -> None:
    form = {
        "name": "alice",
        "profile": "local",
        "access": "read-only",
        "toolset": "all",
        "notes": "Left the company",
        "keys-TOTAL_FORMS": "0",
        "keys-INITIAL_FORMS": "0",
    }
    answer = admin_client.post(f"/admin/accounts/mcpuser/{alice.pk}/change/", form)
    assert 302 == answer.status_code

    changed = Event.objects.get(kind=EventKind.CHANGED)
    assert ("admin", "127.0.0.1") == (changed.actor, changed.address)
    assert "active: True → False; notes" == changed.detail
    entry = Event.objects.get(kind=EventKind.ADMIN_CHANGE)
    assert ("admin", "MCP user alice") == (entry.actor, entry.subject)
    assert "Left" not in entry.detail


def test_what_a_command_does_is_in_the_log_as_its(transactional_db: None) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "createsuperuser", "--noinput", "--username", "ada"],
        cwd=ROOT,
        env=environment(
            DJANGO_SUPERUSER_EMAIL="ada@example.org",
            DJANGO_SUPERUSER_PASSWORD=secrets.token_urlsafe(16),
        ),
        check=True,
    )
    event = Event.objects.get(subject="person ada")
    assert (EventKind.ADDED, "manage.py createsuperuser") == (event.kind, event.actor)
