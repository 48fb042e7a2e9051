"""credentials_list."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, McpUser
from accounts.scopes import READ, SCOPES, WRITE
from credentials.models import Profile
from mcpserver.tools import core_tools

Capture = pytest.CaptureFixture[str]


def listing(capsys: Capture) -> str:
    call_command("credentials_list")
    return capsys.readouterr().out


def listing_as_json(capsys: Capture) -> dict[str, Any]:
    call_command("credentials_list", "--json")
    listed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return listed


@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_listing_holds_no_secret(
    arguments: list[str], alice: McpUser, token: str, capsys: Capture, settings: Settings
) -> None:
    record, key = alice.issue_key()

    call_command("credentials_list", *arguments)

    output = capsys.readouterr().out
    secrets = (key, record.digest, token, alice.profile.encrypted_token)
    assert record.prefix in output
    assert not any(secret in output for secret in (*secrets, *settings.CREDENTIAL_STORE_KEYS))


def test_json_has_the_documented_shape(alice: McpUser, capsys: Capture) -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    key, _ = alice.issue_key(label="laptop", expires_at=moment)
    ApiKey.objects.update(created_at=moment, last_used_at=moment)
    Profile.objects.update(
        base_url="sandbox:", version="v9", verified_at=moment, verified_as="Bob", scopes=[READ]
    )
    McpUser.objects.update(scopes=[READ, WRITE], toolset="chosen", allowed_tools=["a_tool"])

    assert {
        "profiles": [
            {
                "id": "local",
                "name": "Local Infinity",
                "base_url": "sandbox:",
                "version": "v9",
                "scopes": [READ],
                "active": True,
                "verified_at": "2026-01-02T03:04:05+00:00",
                "verified_as": "Bob",
                "token_expires_at": None,
            }
        ],
        "users": [
            {
                "id": alice.pk,
                "name": "alice",
                "profile": "local",
                "scopes": [READ, WRITE],
                "effective_scopes": [READ],
                "toolset": "chosen",
                "allowed_tools": ["a_tool"],
                "state": "live",
                "expires_at": None,
                "keys": [
                    {
                        "id": key.pk,
                        "label": "laptop",
                        "prefix": key.prefix,
                        "created_at": "2026-01-02T03:04:05+00:00",
                        "last_used_at": "2026-01-02T03:04:05+00:00",
                        "expires_at": "2026-01-02T03:04:05+00:00",
                        "revoked_at": None,
                        "state": "expired",
                    }
                ],
            }
        ],
    } == listing_as_json(capsys)


def test_empty_installation_is_told_what_to_do(db: None, capsys: Capture) -> None:
    assert "credentials_add_profile" in listing(capsys)
    assert {"profiles": [], "users": []} == listing_as_json(capsys)


def test_profiles_without_users_tell_the_next_step(profile: Profile, capsys: Capture) -> None:
    assert "credentials_add_user" in listing(capsys)


def test_table_shows_states(alice: McpUser, bob: McpUser, capsys: Capture) -> None:
    alice.issue_key(label="laptop")
    bob.issue_key(expires_at=timezone.now() - timedelta(days=1))
    McpUser.objects.filter(pk=bob.pk).update(active=False, scopes=list(SCOPES))
    McpUser.objects.create(name="carol", profile=bob.profile, scopes=[READ], toolset="core")

    lines = [line.split() for line in listing(capsys).splitlines()]

    assert ["alice", "local", "read", "all", "live"] in lines
    assert ["bob", "local", "read,", "write,", "admin", "all", "inactive"] in lines
    assert ["carol", "local", "read", "core", f"({len(core_tools())})", "live"] in lines
    assert ["live", "expired"] == [line[-1] for line in lines if "mcp_" in " ".join(line)]


def test_table_fits_100_columns(
    make_user: Callable[[str], McpUser], profile: Profile, capsys: Capture
) -> None:
    profile.base_url = "https://infinity.example.org/" + "x" * 200
    profile.name = profile.verified_as = "n" * 200
    profile.save()
    make_user("a" * 64).issue_key(label="l" * 100)

    lines = listing(capsys).splitlines()

    assert 100 == max(len(line) for line in lines)
    assert any("…" in line for line in lines)


def test_control_characters_do_not_reach_the_terminal(profile: Profile, capsys: Capture) -> None:
    Profile.objects.update(verified_as="Bob\x1b[2J\r\nroot")

    output = listing(capsys)

    assert "Bob?[2J??root" in output
    assert "\x1b" not in output


def test_damaged_rows_are_listed_with_the_others(
    alice: McpUser, bob: McpUser, capsys: Capture
) -> None:
    McpUser.objects.filter(pk=alice.pk).update(scopes=7, allowed_tools="damaged")
    Profile.objects.update(encrypted_token="damaged")

    lines = [line.split() for line in listing(capsys).splitlines()]

    assert ["alice", "local", "0", "live"] in lines
    assert ["bob", "local", "read", "all", "live"] in lines
    assert 2 == len(listing_as_json(capsys)["users"])


def test_listing_takes_three_queries_for_any_number_of_users(
    make_user: Callable[[str], McpUser], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for name in ("alice", "bob", "charlie"):
        make_user(name).issue_key()

    with django_assert_num_queries(3):
        call_command("credentials_list")


def test_listing_needs_no_store_key(alice: McpUser, settings: Settings, capsys: Capture) -> None:
    settings.CREDENTIAL_STORE_KEYS = []

    assert "alice" in listing(capsys)
