from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import McpUser

pytestmark = pytest.mark.urls("tests.credentials.admin_urls")


@pytest.mark.parametrize(
    "page", ["user/", "user/add/", "mcpuser/", "mcpuser/add/", "apikey/", "mcpuser/{user}/change/"]
)
def test_pages_open(page: str, alice: McpUser, admin_client: Client) -> None:
    alice.issue_key()

    response = admin_client.get(f"/admin/accounts/{page.format(user=alice.pk)}")

    assert 200 == response.status_code


@pytest.mark.parametrize("page", ["", "{key}/change/", "{key}/history/"])
def test_key_pages_show_neither_key_nor_digest(
    page: str, alice: McpUser, admin_client: Client
) -> None:
    record, key = alice.issue_key(label="laptop")

    response = admin_client.get(f"/admin/accounts/apikey/{page.format(key=record.pk)}")

    content = response.content.decode()
    assert 200 == response.status_code
    assert record.prefix in content
    assert not any(secret in content for secret in (key, record.digest))


@pytest.mark.parametrize("page", ["add/", "{key}/delete/"])
def test_keys_are_neither_added_nor_deleted_in_the_admin(
    page: str, alice: McpUser, admin_client: Client
) -> None:
    record, _ = alice.issue_key()

    response = admin_client.get(f"/admin/accounts/apikey/{page.format(key=record.pk)}")

    assert 403 == response.status_code


def test_key_cannot_be_changed_in_the_admin(alice: McpUser, admin_client: Client) -> None:
    record, _ = alice.issue_key(label="laptop")

    response = admin_client.post(
        f"/admin/accounts/apikey/{record.pk}/change/", {"label": "changed"}
    )

    assert 403 == response.status_code
    assert "laptop" == alice.keys.get().label


@pytest.mark.parametrize("scopes", ['["infinity:everything"]', "[]", '"infinity:read"', "nonsense"])
def test_invalid_scopes_are_refused_in_the_admin(
    scopes: str, alice: McpUser, admin_client: Client
) -> None:
    response = admin_client.post(
        f"/admin/accounts/mcpuser/{alice.pk}/change/",
        {"name": "alice", "profile": "local", "scopes": scopes, "allowed_tools": "[]"},
    )

    assert 200 == response.status_code
    assert McpUser.objects.get().active
