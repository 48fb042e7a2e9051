from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from credentials.models import Profile

pytestmark = pytest.mark.urls("tests.credentials.admin_urls")


@pytest.fixture
def profile(make_profile: Callable[[str, str], Profile], token: str) -> Profile:
    return make_profile("local", token)


@pytest.mark.parametrize("page", ["", "local/change/", "local/history/", "local/delete/"])
def test_pages_show_neither_token_nor_ciphertext(
    page: str, profile: Profile, token: str, admin_client: Client
) -> None:
    response = admin_client.get(f"/admin/credentials/profile/{page}")

    content = response.content.decode()
    assert 200 == response.status_code
    assert "local" in content
    assert token not in content
    assert profile.encrypted_token not in content
    assert "encrypted" not in content


def test_profile_is_not_made_in_the_admin(db: None, admin_client: Client) -> None:
    assert 403 == admin_client.get("/admin/credentials/profile/add/").status_code


def test_changed_profile_keeps_id_and_token(
    profile: Profile, token: str, admin_client: Client
) -> None:
    response = admin_client.post(
        "/admin/credentials/profile/local/change/",
        {"id": "other", "name": "New", "scopes": '["infinity:read"]', "encrypted_token": "x"},
    )

    assert 302 == response.status_code
    stored = Profile.objects.get()
    assert ("local", "New", ["infinity:read"], False) == (
        stored.id,
        stored.name,
        stored.scopes,
        stored.active,
    )
    assert token == stored.open_token()


def test_where_a_token_is_sent_cannot_be_changed_without_the_token(
    profile: Profile, admin_client: Client
) -> None:
    admin_client.post(
        "/admin/credentials/profile/local/change/",
        {"name": "New", "scopes": '["infinity:read"]', "base_url": "https://evil.example.org"},
    )

    assert ("New", "") == (Profile.objects.get().name, Profile.objects.get().base_url)
