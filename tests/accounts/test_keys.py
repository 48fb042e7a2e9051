"""API keys: what is stored of them, when they are live, how they are rotated."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import ApiKey, McpUser
from accounts.policy import Policy
from accounts.scopes import READ
from credentials.models import Profile
from tests.accounts.authenticated import authenticated

HOUR = timedelta(hours=1)


def unknown_key() -> str:
    return f"mcp_{secrets.token_urlsafe(32)}"


def test_key_lets_its_user_in_and_nobody_else(alice: McpUser, bob: McpUser) -> None:
    _, key_of_alice = alice.issue_key()
    _, key_of_bob = bob.issue_key()

    assert "alice" == authenticated(key_of_alice)
    assert "bob" == authenticated(key_of_bob)


def test_keys_have_256_random_bits_in_the_format_of_the_node_server(alice: McpUser) -> None:
    keys = {alice.issue_key()[1] for _ in range(5)}

    assert 5 == len(keys)
    assert all(re.fullmatch(r"mcp_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_only_prefix_and_digest_of_a_key_are_stored(alice: McpUser) -> None:
    record, key = alice.issue_key(label="laptop")

    stored = ApiKey.objects.values().get(pk=record.pk)
    assert key[:8] == stored["prefix"]
    assert hashlib.sha256(key.encode()).hexdigest() == stored["digest"]
    assert key[8:] not in repr(stored)
    assert record.digest not in f"{record!r} {record}"


def test_imported_digest_without_a_prefix_works(alice: McpUser) -> None:
    key = unknown_key()
    imported = ApiKey(user=alice, digest=hashlib.sha256(key.encode()).hexdigest())
    imported.full_clean()
    imported.save()

    assert "alice" == authenticated(key)


@pytest.mark.parametrize("digest", ["x" * 64, "A" * 64, "a" * 63])
def test_what_is_no_digest_is_refused(digest: str, alice: McpUser) -> None:
    with pytest.raises(ValidationError) as caught:
        ApiKey(user=alice, digest=digest).full_clean()

    assert {"digest"} == set(caught.value.message_dict)


def test_record_without_a_digest_lets_nobody_in_and_keeps_nobody_out(
    alice: McpUser, bob: McpUser
) -> None:
    ApiKey.objects.create(user=alice, digest="")
    _, key_of_bob = bob.issue_key()

    assert authenticated("") is None
    assert "bob" == authenticated(key_of_bob)


def test_overlong_label_is_refused(alice: McpUser) -> None:
    with pytest.raises(ValidationError):
        alice.issue_key(label="x" * 101)

    assert not alice.keys.exists()


@pytest.mark.parametrize(
    "key",
    [
        "",
        " ",
        "mcp_",
        "\x00",
        "mcp_" + "x" * 43,
        "schlüssel",
        "\ud800",
        "🔑" * 47,
        "' OR 1=1 --",
        "%",
        "mcp_%",
        "x" * 10_000_000,
    ],
)
def test_anything_that_is_no_key_is_refused(key: str, alice: McpUser) -> None:
    alice.issue_key()

    assert authenticated(key) is None


@pytest.mark.parametrize(
    "change", [str.upper, str.lower, "{} ".format, "{}\n".format, " {}".format]
)
def test_nearly_the_key_is_refused(change: Callable[[str], str], alice: McpUser) -> None:
    _, key = alice.issue_key()

    assert authenticated(change(key)) is None


def test_digest_is_no_key(alice: McpUser) -> None:
    record, _ = alice.issue_key()

    assert authenticated(record.digest) is None


def test_expired_key_is_refused(alice: McpUser) -> None:
    now = timezone.now()
    _, expired = alice.issue_key(expires_at=now)
    _, lasting = alice.issue_key(expires_at=now + HOUR)

    assert authenticated(expired) is None
    assert "alice" == authenticated(lasting)


def test_revoked_key_is_refused_at_once(alice: McpUser) -> None:
    _, key = alice.issue_key()
    assert "alice" == authenticated(key)

    alice.revoke_keys()

    assert authenticated(key) is None


@pytest.mark.parametrize("change", [{"active": False}, {"expires_at": timezone.now()}])
def test_key_of_a_user_that_is_not_live_is_refused(
    change: dict[str, object], alice: McpUser, bob: McpUser
) -> None:
    _, key_of_alice = alice.issue_key()
    _, key_of_bob = bob.issue_key()

    McpUser.objects.filter(pk=alice.pk).update(**change)

    assert authenticated(key_of_alice) is None
    assert "bob" == authenticated(key_of_bob)


def test_key_of_an_inactive_profile_is_refused(alice: McpUser) -> None:
    _, key = alice.issue_key()

    Profile.objects.update(active=False)

    assert authenticated(key) is None


def test_damaged_user_neither_raises_nor_locks_out_others(alice: McpUser, bob: McpUser) -> None:
    _, key_of_alice = alice.issue_key()
    _, key_of_bob = bob.issue_key()
    McpUser.objects.filter(pk=alice.pk).update(scopes=7, allowed_tools="damaged")

    record = ApiKey.objects.authenticate(key_of_alice)

    assert record is not None
    assert Policy(frozenset(), frozenset()) == record.caller().policy
    assert "bob" == authenticated(key_of_bob)


def test_caller_takes_one_query_for_everything(
    alice: McpUser, token: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    record, key = alice.issue_key()

    with django_assert_num_queries(1):
        found = ApiKey.objects.authenticate(key)
        assert found is not None
        caller = found.caller()
        assert token == caller.profile.open_token()

    assert ("alice", alice.pk, "local") == (caller.user, caller.user_id, caller.profile.id)
    assert ("key", record.pk) == (caller.credential, caller.credential_id)
    assert Policy(frozenset({READ})) == caller.policy
    assert not any(secret in repr(caller) for secret in (token, key, record.digest))


def test_hopeless_key_costs_no_query(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(0):
        assert ApiKey.objects.authenticate("x" * 257) is None
        assert ApiKey.objects.authenticate("é") is None


@pytest.mark.parametrize(
    ("expires_in", "revoked", "expected"),
    [
        (None, False, "live"),
        (HOUR, False, "live"),
        (-HOUR, False, "expired"),
        (None, True, "revoked"),
        (-HOUR, True, "revoked"),
    ],
)
def test_state_of_a_key(expires_in: timedelta | None, revoked: bool, expected: str) -> None:
    now = timezone.now()
    key = ApiKey(
        expires_at=now + expires_in if expires_in else None, revoked_at=now if revoked else None
    )

    assert expected == key.state


def test_use_is_noted(alice: McpUser) -> None:
    key, _ = alice.issue_key()
    before = timezone.now()

    key.update_last_used()

    stored = ApiKey.objects.get(pk=key.pk).last_used_at
    assert stored is not None
    assert before <= stored <= timezone.now()


def test_use_is_noted_once_a_minute_by_any_number_of_processes(
    alice: McpUser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key, _ = alice.issue_key()
    elsewhere = ApiKey.objects.get(pk=key.pk)
    key.update_last_used()
    noted = ApiKey.objects.get(pk=key.pk).last_used_at

    with django_assert_num_queries(0):
        key.update_last_used()
    with django_assert_num_queries(1):
        elsewhere.update_last_used()

    assert noted == ApiKey.objects.get(pk=key.pk).last_used_at


@pytest.mark.parametrize("seconds", [61, -3600], ids=["a minute ago", "by a clock that was wrong"])
def test_use_is_noted_again(
    seconds: int, alice: McpUser, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    key, _ = alice.issue_key()
    before = timezone.now()
    key.last_used_at = before - timedelta(seconds=seconds)
    key.save()

    with django_assert_num_queries(1):
        key.update_last_used()

    stored = ApiKey.objects.get(pk=key.pk).last_used_at
    assert stored is not None
    assert before <= stored <= timezone.now()
