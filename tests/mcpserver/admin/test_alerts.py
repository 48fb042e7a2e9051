"""Alerts for operators: when they appear and when they end."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, McpUser, User
from accounts.signin.limits import Limit
from credentials.models import Profile
from infinity_mcp.core.events import EventKind, announce
from infinity_mcp.core.sqlite import WritableFile
from mcpserver.admin.alerts import Alert, alerts
from mcpserver.audit.models import Event, Outcome, ToolCall
from mcpserver.gateway.verification import verify
from tests.support import free_port

Look = Callable[[], list[Alert]]


@pytest.fixture
def look(admin_user: User) -> Look:
    return lambda: alerts(admin_user)


@pytest.fixture
def profile(db: None) -> Profile:
    return make_profile("marketing")


def make_profile(id: str, **fields: Any) -> Profile:
    profile = Profile(id=id, name=id)
    profile.set_token("a-token-of-the-sandbox")
    for name, value in fields.items():
        setattr(profile, name, value)
    profile.save()
    return profile


def make_call(
    profile: str = "marketing", ago: timedelta = timedelta(hours=1), **fields: Any
) -> None:
    ToolCall.objects.create(
        started_at=timezone.now() - ago,
        user="alice",
        profile=profile,
        tool="infinity_get_item",
        **{"changes": False, "outcome": Outcome.FAILED, **fields},
    )


def only(found: list[Alert]) -> tuple[str, str]:
    [alert] = found
    return alert.urgency, alert.text


def test_all_is_well(look: Look, profile: Profile, admin_client: Client) -> None:
    user = McpUser.objects.create(name="alice", profile=profile)
    user.issue_key()
    make_call(outcome=Outcome.OK)
    make_call(error="not_found")
    assert [] == look()
    assert "All is well." in admin_client.get("/admin/").content.decode()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="of a file")
def test_a_database_that_cannot_be_written(
    look: Look, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcpserver.admin.alerts.database_file", WritableFile())
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = ON")
        try:
            urgency, text = only(look())
        finally:
            cursor.execute("PRAGMA query_only = OFF")
    assert "error" == urgency
    assert "The database cannot be written" in text


def test_a_store_key_that_is_missing(look: Look, profile: Profile, settings: Settings) -> None:
    settings.CREDENTIAL_STORE_KEYS = []
    assert ("error", "No Infinity token can be opened.") == only(look())
    assert "credentials_init" in look()[0].advice


def test_tokens_that_another_store_key_encrypted(
    look: Look, profile: Profile, settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = [Fernet.generate_key().decode()]
    make_profile("support")
    assert ("error", "The stored Infinity token of marketing cannot be read.") == only(look())
    Profile.objects.update(active=False)
    assert [] == look()


def test_a_token_that_infinity_refused(look: Look, profile: Profile, admin_client: Client) -> None:
    Event.objects.all().delete()  # that it was added just now
    make_call(error="token_refused")
    profile.name = "Renamed since"
    profile.save()
    assert ("error", "Infinity refused the token of marketing, last 1\xa0hour ago.") == only(look())
    assert "/admin/credentials/profile/marketing/change/" == look()[0].url


@pytest.mark.parametrize("trouble", ["call", "verification"])
@pytest.mark.parametrize("replaced", [True, False])
def test_a_refused_token_that_was_replaced_or_verified(
    look: Look, profile: Profile, trouble: str, replaced: bool
) -> None:
    Event.objects.all().delete()
    if trouble == "call":
        make_call(error="token_refused", ago=timedelta(seconds=1))
    else:
        announce(EventKind.VERIFICATION_FAILED, "profile marketing")
    assert 1 == len(look())
    if replaced:
        profile.set_token("another-token-of-the-sandbox")
        profile.save()
    else:
        profile.note_verified("Ada")
    assert [] == look()


def test_a_profile_that_could_not_be_verified(look: Look, db: None) -> None:
    unreachable = make_profile("marketing", base_url=f"http://127.0.0.1:{free_port()}")
    assert verify([unreachable])[0].problem
    assert ("error", "Verification failed for marketing, last 0\xa0minutes ago.") == only(look())
    event = Event.objects.get(kind=EventKind.VERIFICATION_FAILED)
    assert ("profile marketing", "unreachable") == (event.subject, event.detail)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1.0, ("error", "The Infinity token of marketing has expired.")),
        (10.01, ("warning", "The Infinity token of marketing expires in 1\xa0week, 3\xa0days.")),
        (31.0, None),
    ],
)
def test_a_token_that_ends(
    look: Look, profile: Profile, days: float, expected: tuple[str, str] | None
) -> None:
    profile.token_expires_at = timezone.now() + timedelta(days=days)
    profile.save()
    assert ([only(look())] if expected else look()) == ([expected] if expected else [])


def test_a_change_that_was_cut_off(look: Look, profile: Profile) -> None:
    make_call(outcome=Outcome.UNFINISHED, changes=True, ago=timedelta(seconds=20))
    assert [] == look()  # it may be under way
    make_call(outcome=Outcome.UNFINISHED, changes=True)
    text = "1 call changing something did not finish in the last 7 days."
    assert ("warning", text) == only(look())


@pytest.mark.parametrize("error", ["budget_spent", "rate_limited"])
def test_a_profile_over_infinitys_limit(look: Look, profile: Profile, error: str) -> None:
    make_call(error=error)
    make_call(error=error)
    make_call(error=error, ago=timedelta(days=2))
    text = "2 calls through marketing went over Infinity's rate limit lately."
    assert ("warning", text) == only(look())


def test_a_user_over_its_limit(look: Look, db: None) -> None:
    why = "alice may make 30 requests a minute."
    for count in (2, 3):
        Event.objects.create(
            kind=EventKind.THROTTLED, subject="MCP user alice", count=count, detail=why
        )
    text = f"MCP user alice was slowed down 5 times lately: {why}"
    assert ("warning", text) == only(look())


def test_somebody_who_guesses_is_told_of_by_what_was_wrong(look: Look, db: None) -> None:
    limit = Limit("wrong passwords from one address", 0, 60)
    for _ in range(2):
        assert not limit.take(secrets.token_hex(8))
    told = "was slowed down 2 times lately: Too many wrong passwords from one address."
    assert ("warning", f"A client {told}") == only(look())


def test_who_was_slowed_down_once_was_so_once(look: Look, db: None) -> None:
    why = "Too many wrong keys came from this address."
    Event.objects.create(kind=EventKind.THROTTLED, address="203.0.113.9", detail=why)
    assert f"203.0.113.9 was slowed down once lately: {why}" == only(look())[1]
    assert "guessing" in look()[0].advice


def test_keys_that_nobody_uses(look: Look, profile: Profile) -> None:
    user = McpUser.objects.create(name="alice", profile=profile)
    keys = [user.issue_key()[0] for _ in range(4)]
    long_ago = timezone.now() - timedelta(days=91)
    ApiKey.objects.update(created_at=long_ago)
    ApiKey.objects.filter(pk=keys[0].pk).update(last_used_at=timezone.now())
    ApiKey.objects.filter(pk=keys[1].pk).update(last_used_at=long_ago)
    ApiKey.objects.filter(pk=keys[2].pk).revoke()
    assert ("warning", "2 keys were not used for 90 days.") == only(look())


def test_oauth_that_nobody_can_use(profile: Profile, settings: Settings) -> None:
    settings.OAUTH_ENABLED, settings.OAUTH_MCP_USER = True, "chatgpt"
    auditor = User.objects.create_user("bob", is_staff=True)
    codenames = ("view_mcpuser", "view_toolcall")
    auditor.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    assert [
        "OAuth proposes the MCP user chatgpt, which cannot be used.",
        "OAuth is on, but no person may allow a client to act as an MCP user.",
    ] == [alert.text for alert in alerts(auditor)]

    McpUser.objects.create(name="chatgpt", profile=profile).people.add(auditor)
    assert [] == alerts(auditor)


def test_nobody_is_told_of_what_they_may_not_see(profile: Profile, settings: Settings) -> None:
    settings.CREDENTIAL_STORE_KEYS = []
    make_call(outcome=Outcome.UNFINISHED, changes=True)
    viewer = User.objects.create_user("bob", is_staff=True)
    viewer.user_permissions.add(Permission.objects.get(codename="view_toolcall"))
    assert [ToolCall] == [alert.model for alert in alerts(viewer)]


def test_the_page_shows_each_with_its_link(
    admin_client: Client, profile: Profile, settings: Settings
) -> None:
    settings.CREDENTIAL_STORE_KEYS = []
    make_call(outcome=Outcome.UNFINISHED, changes=True)
    page = admin_client.get("/admin/").content.decode()
    assert page.index("No Infinity token can be opened.") < page.index("did not finish")
    assert '<a href="/admin/credentials/profile/">' in page
    assert '<a href="/admin/mcpserver/toolcall/?outcome' in page


def test_every_link_leads_to_what_it_is_about(
    look: Look, admin_client: Client, settings: Settings
) -> None:
    settings.OAUTH_ENABLED, settings.OAUTH_MCP_USER = True, "chatgpt"
    profile = make_profile("marketing", token_expires_at=timezone.now())
    McpUser.objects.create(name="alice", profile=profile).issue_key()
    ApiKey.objects.update(created_at=timezone.now() - timedelta(days=91))
    make_call(outcome=Outcome.UNFINISHED, changes=True)
    for error in ("budget_spent", "rate_limited"):
        make_call(error=error)
    Event.objects.create(kind=EventKind.THROTTLED, address="203.0.113.9")
    found = look()
    assert 7 == len(found)
    for alert in found:
        assert 200 == admin_client.get(alert.url).status_code, alert


def test_more_of_everything_costs_no_more_queries(
    look: Look, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        profile = make_profile(f"p{number}", token_expires_at=timezone.now())
        McpUser.objects.create(name=f"u{number}", profile=profile).issue_key()
        for error in ("token_refused", "budget_spent"):
            make_call(profile.id, error=error)
    with django_assert_max_num_queries(12):
        assert look()
