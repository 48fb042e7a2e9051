"""Keys end when others take their place, or when they are revoked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from accounts.models import ApiKey, McpUser
from tests.accounts.authenticated import authenticated
from tests.support import PATIENCE_SECONDS

HOUR = timedelta(hours=1)


def test_rotation_kills_the_other_keys_of_that_user_at_once(alice: McpUser, bob: McpUser) -> None:
    _, old = alice.issue_key()
    _, older = alice.issue_key()
    _, key_of_bob = bob.issue_key()

    record, new = alice.rotate_key(label="laptop", expires_at=timezone.now() + HOUR)

    assert [None, None, "alice", "bob"] == [
        authenticated(key) for key in (old, older, new, key_of_bob)
    ]
    assert "laptop" == record.label
    assert record.expires_at is not None


def test_grace_ends_the_other_keys_later_but_never_lengthens_them(alice: McpUser) -> None:
    now = timezone.now()
    unlimited, _ = alice.issue_key()
    longer, _ = alice.issue_key(expires_at=now + 48 * HOUR)
    sooner, key = alice.issue_key(expires_at=now + HOUR)
    expired, _ = alice.issue_key(expires_at=now - HOUR)

    new, _ = alice.rotate_key(grace=24 * HOUR)

    assert "alice" == authenticated(key)
    ends = dict(alice.keys.values_list("pk", "expires_at"))
    end = ends[unlimited.pk]
    assert end is not None
    assert now + 24 * HOUR <= end <= timezone.now() + 24 * HOUR
    assert end == ends[longer.pk]
    assert (sooner.expires_at, expired.expires_at) == (ends[sooner.pk], ends[expired.pk])
    assert ends[new.pk] is None


def test_grace_does_not_revive_a_revoked_key(alice: McpUser) -> None:
    _, revoked = alice.issue_key()
    alice.revoke_keys()

    alice.rotate_key(grace=HOUR)

    assert authenticated(revoked) is None


def test_rotation_that_fails_leaves_the_old_key(alice: McpUser) -> None:
    _, key = alice.issue_key()

    with pytest.raises(ValidationError):
        alice.rotate_key(label="x" * 101)

    assert "alice" == authenticated(key)


def test_revoking_counts_live_keys_only_and_keeps_the_first_time(alice: McpUser) -> None:
    alice.issue_key(expires_at=timezone.now())
    first, _ = alice.issue_key()
    assert 1 == alice.revoke_keys()
    first.refresh_from_db()

    assert 0 == alice.revoke_keys()

    assert first.revoked_at == ApiKey.objects.get(pk=first.pk).revoked_at


@pytest.mark.django_db(transaction=True)
def test_simultaneous_rotations_leave_one_live_key(alice: McpUser) -> None:
    together = threading.Barrier(4)

    def rotate(_: int) -> None:
        together.wait(timeout=PATIENCE_SECONDS)
        alice.rotate_key()
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(rotate, range(4)))

    assert 4 == alice.keys.count()
    assert 1 == alice.keys.live().count()
