"""Keys of users are made, shown once and revoked in the admin."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import ApiKey, McpUser
from accounts.sessions import Session
from infinity_mcp.core.events import EventKind
from mcpserver.admin import batches
from mcpserver.audit.models import Event
from tests.mcpserver.admin.users import KEY, KEYS, USERS, is_live, new_key, open_form


def test_new_key_is_shown_once_and_works(alice: McpUser, admin_client: Client) -> None:
    form = open_form(admin_client, alice, "new_key")
    sent = {**form, "label": "laptop", "lifetime": "90d"}

    response = admin_client.post(f"{USERS}{alice.pk}/new_key/", sent)

    key = str(KEY.findall(response.content.decode())[0])
    record = alice.keys.get()
    assert is_live(key)
    assert record.expires_at is not None
    assert ("laptop", 89) == (record.label, (record.expires_at - timezone.now()).days)
    assert "no-store" in response["Cache-Control"]
    again = admin_client.post(f"{USERS}{alice.pk}/new_key/", sent, follow=True)
    assert "No key was made" in again.content.decode()
    assert 1 == alice.keys.count()


def test_new_key_is_kept_nowhere(alice: McpUser, admin_client: Client) -> None:
    key = new_key(admin_client, alice)

    pages = [USERS, KEYS, f"{USERS}{alice.pk}/change/", f"{USERS}{alice.pk}/history/"]
    pages += [f"{KEYS}{alice.keys.get().pk}/{page}/" for page in ("change", "history")]
    seen = "".join(admin_client.get(page).content.decode() for page in pages)
    stored = [entry.change_message for entry in LogEntry.objects.all()]
    stored += [str(session.get_decoded()) for session in Session.objects.all()]
    secrets = (key, key[10:], alice.keys.get().digest)
    assert not any(secret in text for secret in secrets for text in (seen, *stored))


def test_another_key_leaves_the_first_alone(alice: McpUser, admin_client: Client) -> None:
    first = new_key(admin_client, alice)
    second = new_key(admin_client, alice)

    assert is_live(first) and is_live(second)


@pytest.mark.parametrize(("overlap", "works"), [("now", False), ("24h", True)])
def test_rotation_ends_the_other_keys_at_once_or_later(
    overlap: str, works: bool, alice: McpUser, admin_client: Client
) -> None:
    old = new_key(admin_client, alice)

    new = new_key(admin_client, alice, "rotate_keys", overlap=overlap)

    assert (works, True) == (is_live(old), is_live(new))


def test_looking_at_a_page_changes_nothing(alice: McpUser, admin_client: Client) -> None:
    key, text = alice.issue_key()

    for page in ("new_key", "rotate_keys", "revoke_keys"):
        admin_client.get(f"{USERS}{alice.pk}/{page}/")
    admin_client.get(f"{KEYS}{key.pk}/revoke/")

    assert 1 == alice.keys.count()
    assert is_live(text)


def test_all_keys_are_revoked(alice: McpUser, admin_client: Client) -> None:
    texts = [alice.issue_key()[1] for _ in range(2)]

    admin_client.post(f"{USERS}{alice.pk}/revoke_keys/")

    assert [False, False] == [is_live(text) for text in texts]


def test_one_key_is_revoked_from_its_page_or_the_list(alice: McpUser, admin_client: Client) -> None:
    one, listed, left = (alice.issue_key() for _ in range(3))

    admin_client.post(f"{KEYS}{one[0].pk}/revoke/")
    admin_client.post(KEYS, {"action": "revoke_selected", "_selected_action": listed[0].pk})

    assert [False, False, True] == [is_live(text) for _, text in (one, listed, left)]


@pytest.mark.parametrize("page", ["add/", "{}/delete/"])
def test_keys_are_neither_added_nor_deleted(
    page: str, alice: McpUser, admin_client: Client
) -> None:
    record, _ = alice.issue_key()

    assert 403 == admin_client.get(KEYS + page.format(record.pk)).status_code


def test_key_is_changed_only_by_revoking_it(alice: McpUser, admin_client: Client) -> None:
    record, _ = alice.issue_key(label="laptop")

    response = admin_client.post(f"{KEYS}{record.pk}/change/", {"label": "changed"})

    assert 403 == response.status_code
    assert "laptop" == alice.keys.get().label


def test_keys_unused_for_90_days_are_flagged(alice: McpUser, admin_client: Client) -> None:
    for days, used in ((100, 5), (100, 95), (100, None), (5, None)):
        key, _ = alice.issue_key()
        now = timezone.now()
        ApiKey.objects.filter(pk=key.pk).update(
            label=f"{days}-{used}",
            created_at=now - timedelta(days=days),
            last_used_at=now - timedelta(days=used) if used else None,
        )

    page = admin_client.get(f"{KEYS}?state=unused").content.decode()

    assert ["100-95", "100-None"] == sorted(re.findall(r"100-\w+|5-None", page))


def test_page_of_a_user_with_many_keys_shows_the_newest_and_leads_to_all(
    alice: McpUser, admin_client: Client
) -> None:
    alice.issue_key("the only live one")
    digests = (f"{n:064x}" for n in range(60))
    now = timezone.now()
    ApiKey.objects.bulk_create(
        ApiKey(user=alice, digest=digest, label=f"ended-{n}-", revoked_at=now)
        for n, digest in enumerate(digests)
    )

    page = admin_client.get(f"{USERS}{alice.pk}/change/").content.decode()

    assert (True, True, False) == tuple(f"ended-{n}-" in page for n in (59, 40, 39))
    assert "the only live one" in page
    listed = f"{KEYS}?user__id__exact={alice.pk}"
    assert f'href="{listed}">61 in all' in page
    assert 61 == admin_client.get(listed).context["cl"].result_count


def test_many_keys_are_revoked_from_the_list(alice: McpUser, admin_client: Client) -> None:
    for _ in range(batches.SIZE + 5):
        alice.issue_key()
    chosen = list(ApiKey.objects.values_list("pk", flat=True))

    admin_client.post(KEYS, {"action": "revoke_selected", "_selected_action": chosen})

    assert 0 == ApiKey.objects.live().count()
    assert len(chosen) == Event.objects.filter(kind=EventKind.KEY_REVOKED).count()
    assert len(chosen) == LogEntry.objects.count()
