"""The audit log of everything but calls (security.md 29)."""

from __future__ import annotations

import secrets
import subprocess
import sys
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import McpUser, User
from accounts.roles import Role
from accounts.scopes import ACCESS
from credentials.events import EventKind, announce
from credentials.models import Profile
from mcpserver.models import Event
from mcpserver.server import tool_names
from tests.support import ROOT, environment

Seen = list[tuple[str, str, str]]
# What a server of other tests may write down only now.
COUNTED = (EventKind.ACCESS_REFUSED, EventKind.CREDENTIAL_REFUSED, EventKind.THROTTLED)


def seen(*kinds: EventKind) -> Seen:
    """What is in the log, oldest first: kind, subject, detail."""
    events = Event.objects.order_by("id")
    events = events.filter(kind__in=kinds) if kinds else events.exclude(kind__in=COUNTED)
    return list(events.values_list("kind", "subject", "detail"))


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
            "name: alice; profile_id: local; active: True; scopes: infinity:read",
        ),
    ] == seen()


def test_more_rights_are_in_the_log_with_what_there_was_before(
    nothing_yet: None, alice: McpUser
) -> None:
    alice.scopes, alice.notes = list(ACCESS["read-write"]), "for the trip"
    alice.save()

    detail = "scopes: +infinity:write; notes"
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
        EventKind.KEY_EXPIRES,
        EventKind.KEY_ISSUED,
        EventKind.KEY_REVOKED,
        EventKind.KEY_REVOKED,
    ] == kinds
    assert (EventKind.KEY_ISSUED, subject, f"{first} laptop") == seen()[0]
    assert seen()[1][2].startswith(f"{first} laptop {end}")
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


class TestSigningIn:
    @pytest.fixture
    def ada(self, transactional_db: None) -> tuple[User, str]:
        cache.clear()  # where wrong passwords are counted
        password = secrets.token_urlsafe(16)
        return User.objects.create_user("ada", password=password, is_staff=True), password

    def sign_in(self, client: Client, username: str, password: str) -> int:
        form = {"username": username, "password": password}
        return client.post("/admin/login/?next=/admin/", form).status_code

    def test_signing_in_and_out_is_in_the_log(self, ada: tuple[User, str], client: Client) -> None:
        assert 302 == self.sign_in(client, "ada", ada[1])
        client.post("/admin/logout/")

        signs = Event.objects.filter(actor="ada", subject="person ada").order_by("id")
        assert [
            (EventKind.SIGNED_IN, "127.0.0.1"),
            (EventKind.SIGNED_OUT, "127.0.0.1"),
        ] == list(signs.values_list("kind", "address"))

    def test_a_wrong_password_is_in_the_log_without_it(
        self, ada: tuple[User, str], client: Client
    ) -> None:
        wrong = secrets.token_urlsafe(16)
        self.sign_in(client, "ada", wrong)
        assert [(EventKind.SIGN_IN_REFUSED, "person ada", "")] == seen(EventKind.SIGN_IN_REFUSED)
        assert wrong not in str(Event.objects.values())

    def test_a_password_typed_as_the_name_is_not_in_the_log(
        self, ada: tuple[User, str], client: Client
    ) -> None:
        self.sign_in(client, ada[1], "x")
        assert [(EventKind.SIGN_IN_REFUSED, "nobody's name", "")] == seen(EventKind.SIGN_IN_REFUSED)

    def test_a_throttled_guesser_is_in_the_log_once(
        self, ada: tuple[User, str], client: Client
    ) -> None:
        for _ in range(15):
            self.sign_in(client, "ada", "wrong")
        assert 10 == len(seen(EventKind.SIGN_IN_REFUSED))
        why = "Too many wrong passwords for one name from one address."
        [event] = Event.objects.filter(detail=why)
        assert ("127.0.0.1", 5) == (event.address, event.count)

    def test_a_right_password_without_a_role_is_in_the_log(self, client: Client, db: None) -> None:
        password = secrets.token_urlsafe(16)
        User.objects.create_user("ada", password=password)
        for _ in range(3):
            assert 200 == self.sign_in(client, "ada", password)
        [event] = Event.objects.filter(kind=EventKind.SIGN_IN_REFUSED)
        assert ("person ada", "No role to enter the admin with", 3) == (
            event.subject,
            event.detail,
            event.count,
        )


class TestRefusals:
    def refused(self) -> list[tuple[str, str, str, int]]:
        events = Event.objects.filter(kind=EventKind.ACCESS_REFUSED).order_by("id")
        return list(events.values_list("actor", "subject", "detail", "count"))

    def test_pages_that_somebody_may_not_see_are_in_the_log(self, client: Client, db: None) -> None:
        client.force_login(User.objects.create_user("ada", is_staff=True))
        for _ in range(2):
            assert 403 == client.get("/admin/credentials/profile/").status_code
        assert [("ada", "page /admin/credentials/profile/", "Not allowed", 2)] == self.refused()

    def test_forms_of_other_sites_are_in_the_log_by_their_route(self, db: None) -> None:
        client = Client(enforce_csrf_checks=True)
        for number in range(3):
            assert 403 == client.post(f"/connect/{number}/").status_code
        why = "The form is not of this server, or out of date"
        assert [("", "page /connect/<int:pk>/", why, 3)] == self.refused()

    def test_a_minute_later_it_is_another_entry(self, db: None) -> None:
        client = Client(enforce_csrf_checks=True)
        client.post("/login/")
        Event.objects.update(happened_at=timezone.now() - timedelta(minutes=2))
        client.post("/login/")
        assert [1, 1] == [count for *_, count in self.refused()]
