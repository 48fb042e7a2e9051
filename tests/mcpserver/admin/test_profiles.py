"""Profiles in the admin: the token goes in, is asked about at Infinity, and never comes out."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

import jwt
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from credentials.models import Profile
from mcpserver.sandbox import ADA_TOKEN
from tests.conftest import MakeProfile, MakeUser
from tests.support import Infinity

PROFILES = "/admin/credentials/profile/"


def fields(**changes: Any) -> dict[str, Any]:
    filled = {"name": "Local", "active": "on", "access": "admin", "base_url": "", "version": ""}
    return {**filled, **changes}


@pytest.fixture
def token() -> str:
    return f"infinity-{secrets.token_urlsafe(30)}"


@pytest.fixture
def profile(db: None, token: str) -> Profile:
    profile = Profile(id="local", name="Local")
    profile.set_token(token)
    profile.save()
    return profile


@pytest.mark.parametrize("page", ["", "add/", "local/change/", "local/history/", "local/delete/"])
def test_pages_show_neither_token_nor_ciphertext(
    page: str, profile: Profile, token: str, admin_client: Client
) -> None:
    response = admin_client.get(f"{PROFILES}{page}")

    content = response.content.decode()
    assert 200 == response.status_code
    assert not any(secret in content for secret in (token, profile.encrypted_token))


def test_token_of_a_refused_form_is_not_shown_again(db: None, admin_client: Client) -> None:
    token = secrets.token_urlsafe(20)

    response = admin_client.post(f"{PROFILES}add/", fields(id="no id", token=token))

    assert 200 == response.status_code
    assert token not in response.content.decode()
    assert not Profile.objects.exists()


def test_new_profile_is_verified_at_once(
    transactional_db: None, infinity: Infinity, admin_client: Client
) -> None:
    response = admin_client.post(
        f"{PROFILES}add/",
        fields(id="team", token=f" {ADA_TOKEN}\n", base_url=infinity.url, access="read-only"),
        follow=True,
    )

    stored = Profile.objects.get(pk="team")
    assert (ADA_TOKEN, ["infinity:read"]) == (stored.open_token(), stored.scopes)
    assert "Ada Example <ada@example.org>" == stored.verified_as
    assert "it sees the workspaces: Sandbox Demo Co" in response.content.decode()


def test_sandbox_needs_no_token(transactional_db: None, admin_client: Client) -> None:
    admin_client.post(f"{PROFILES}add/", fields(id="play", base_url="sandbox:"))

    assert "Ada Example <ada@example.org>" == Profile.objects.get(pk="play").verified_as


def test_profile_without_token_is_refused(db: None, admin_client: Client) -> None:
    response = admin_client.post(f"{PROFILES}add/", fields(id="team"))

    assert "A profile needs its token" in response.content.decode()
    assert not Profile.objects.exists()


def test_missing_store_key_is_said_in_the_form(
    db: None, admin_client: Client, settings: Any
) -> None:
    settings.CREDENTIAL_STORE_KEYS = []

    response = admin_client.post(f"{PROFILES}add/", fields(id="team", token="some-token"))

    assert "No store key is configured" in response.content.decode()


def test_changed_profile_keeps_id_and_token(
    profile: Profile, token: str, admin_client: Client
) -> None:
    change = fields(id="other", name="New", access="read-only", active="")
    response = admin_client.post(f"{PROFILES}local/change/", change)

    assert 302 == response.status_code
    stored = Profile.objects.get()
    assert ("local", "New", ["infinity:read"], False) == (
        stored.id,
        stored.name,
        stored.scopes,
        stored.active,
    )
    assert token == stored.open_token()


def test_replaced_token_is_in_the_history_by_name_only(
    profile: Profile, admin_client: Client
) -> None:
    new = secrets.token_urlsafe(20)

    admin_client.post(f"{PROFILES}local/change/", fields(token=new))

    assert new == Profile.objects.get().open_token()
    message = LogEntry.objects.get().get_change_message()
    assert "Infinity token" in message
    assert new not in message


def test_where_a_token_is_sent_cannot_be_changed_without_the_token(
    profile: Profile, admin_client: Client
) -> None:
    moved = fields(base_url="https://evil.example.org")
    response = admin_client.post(f"{PROFILES}local/change/", moved)

    assert "enter it again" in response.content.decode()
    assert "" == Profile.objects.get().base_url


def test_refused_token_is_said_in_words(make_profile: MakeProfile, admin_client: Client) -> None:
    make_profile(id="local", token=secrets.token_urlsafe(20))

    response = admin_client.post(
        PROFILES, {"action": "verify_selected", "_selected_action": "local"}, follow=True
    )

    assert "token" in response.context["messages"]._loaded_data[0].message
    assert "error" == next(iter(response.context["messages"])).level_tag
    assert Profile.objects.get().verified_at is None


def test_verifying_is_a_button_of_the_form(make_profile: MakeProfile, admin_client: Client) -> None:
    profile = make_profile(id="local")

    change = fields(base_url=profile.base_url, credentials_profile_save_and_verify="")
    admin_client.post(f"{PROFILES}local/change/", change)

    assert Profile.objects.get().verified_at is not None


@pytest.mark.parametrize(("days", "warned"), [(12, True), (-1, True), (40, False)])
def test_token_that_ends_soon_is_pointed_out(
    days: int, warned: bool, profile: Profile, admin_client: Client
) -> None:
    ends = timezone.now() + timedelta(days=days, hours=1)
    profile.set_token(jwt.encode({"exp": ends.timestamp()}, secrets.token_hex(32)))
    profile.save()

    page = admin_client.get(f"{PROFILES}local/change/").content.decode()

    assert warned == ("Make a new one in Infinity" in page)
    assert f"{ends:%d %b %Y}" in page


def test_used_profile_says_how_to_be_free_of_its_users(
    make_user: MakeUser, admin_client: Client
) -> None:
    alice = make_user("alice")[0]
    page = admin_client.get(f"{PROFILES}{alice.profile.pk}/delete/").content.decode()

    link = re.search(r'href="(/admin/accounts/mcpuser/\?[^"]+)"', page)
    assert link
    assert [alice] == list(admin_client.get(link[1]).context["cl"].result_list)
