"""The commands around MCP users and their keys."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from accounts.keys import digest_of
from accounts.models import ApiKey, McpUser
from accounts.scopes import READ
from credentials.management.base import parse_duration
from credentials.models import Profile
from mcpserver.audit.models import Event
from tests.accounts.management.keys import HOUR, Capture, is_let_in, printed_key
from tests.credentials.installation import Installation


class TestRotateUserKey:
    def test_old_key_dies_at_once(self, alice: McpUser, capsys: Capture) -> None:
        _, old = alice.issue_key()

        call_command("credentials_rotate_user_key", "--name=alice", "--label=new laptop")

        assert not is_let_in(old)
        assert is_let_in(printed_key(capsys.readouterr().out))
        assert "new laptop" == alice.keys.live().get().label

    def test_old_key_lives_on_during_the_grace(self, alice: McpUser, capsys: Capture) -> None:
        record, old = alice.issue_key()

        call_command("credentials_rotate_user_key", "--name=alice", "--grace=24h")

        assert is_let_in(old)
        assert is_let_in(printed_key(capsys.readouterr().out))
        record.refresh_from_db()
        assert record.expires_at is not None
        assert record.expires_at <= timezone.now() + 24 * HOUR

    def test_key_file_is_overwritten_with_a_key_that_ends(
        self, alice: McpUser, tmp_path: Path, capsys: Capture
    ) -> None:
        path = tmp_path / "key.txt"
        path.write_text("old")
        rotate = ("credentials_rotate_user_key", "--name=alice", "--expires-in=7d")

        call_command(*rotate, f"--key-file={path}")

        assert is_let_in(path.read_text().strip())
        assert "mcp_" not in capsys.readouterr().out
        assert alice.keys.get().expires_at is not None

    def test_unwritable_key_file_leaves_the_old_key(self, alice: McpUser, tmp_path: Path) -> None:
        _, old = alice.issue_key()

        with pytest.raises(CommandError, match="Cannot write"):
            call_command("credentials_rotate_user_key", "--name=alice", f"--key-file={tmp_path}")

        assert is_let_in(old)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--name=charlie"], "no MCP user 'charlie'. There are: alice"),
            (["--name=alice", "--grace=0h"], "'0h' is not a duration"),
            (["--name=alice", "--grace="], "'' is not a duration"),
        ],
    )
    def test_mistake_leaves_the_old_key(
        self, arguments: list[str], message: str, alice: McpUser
    ) -> None:
        _, old = alice.issue_key()

        with pytest.raises(CommandError, match=message):
            call_command("credentials_rotate_user_key", *arguments)

        assert is_let_in(old)


class TestRevokeUserKey:
    def test_all_keys_of_the_user_die(self, alice: McpUser, bob: McpUser, capsys: Capture) -> None:
        keys = [alice.issue_key()[1] for _ in range(2)]
        _, key_of_bob = bob.issue_key()

        call_command("credentials_revoke_user_key", "--name=alice")

        assert [False, False, True] == [is_let_in(key) for key in (*keys, key_of_bob)]
        assert "Revoked 2 keys of alice." == capsys.readouterr().out.strip()

    def test_prefix_picks_one_key(self, alice: McpUser) -> None:
        _, keep = alice.issue_key()
        record, lost = alice.issue_key()

        call_command("credentials_revoke_user_key", "--name=alice", f"--prefix={record.prefix}")

        assert not is_let_in(lost)
        assert is_let_in(keep)

    def test_a_key_of_which_only_the_digest_is_known_is_revoked_as_it_is_listed(
        self, alice: McpUser
    ) -> None:
        _, kept = alice.issue_key()
        imported = alice.adopt_key(digest_of("made elsewhere"))

        call_command("credentials_revoke_user_key", "--name=alice", "--prefix=(imported)")

        imported.refresh_from_db()
        assert "revoked" == imported.state
        assert is_let_in(kept)

    @pytest.mark.parametrize("prefix", ["", "mcp_", "mcp_????"])
    def test_prefix_of_no_key_revokes_none_and_names_the_live_ones(
        self, prefix: str, alice: McpUser
    ) -> None:
        record, key = alice.issue_key()

        with pytest.raises(CommandError, match=re.escape(record.prefix)):
            call_command("credentials_revoke_user_key", "--name=alice", f"--prefix={prefix}")

        assert is_let_in(key)

    def test_nothing_to_revoke_is_an_error(self, alice: McpUser) -> None:
        with pytest.raises(CommandError, match="Nothing to revoke: alice has no live key"):
            call_command("credentials_revoke_user_key", "--name=alice")

    def test_unknown_user_is_told_the_known_ones(self, alice: McpUser, bob: McpUser) -> None:
        with pytest.raises(CommandError, match="There are: alice, bob"):
            call_command("credentials_revoke_user_key", "--name=charlie")


class Screen(io.StringIO):
    """`when_written` is called at each write, and may fail."""

    def __init__(self, when_written: Callable[[], None]) -> None:
        super().__init__()
        self.when_written = when_written

    def write(self, text: str) -> int:
        self.when_written()
        return super().write(text)


def print_key(command: str, when_written: Callable[[], None]) -> None:
    """As the command does, for alice or for a new user."""
    arguments = {
        "add": ("credentials_add_user", "--name=new", "--profile=local", "--access=admin"),
        "replace": (
            *("credentials_add_user", "--name=alice", "--profile=local", "--access=admin"),
            "--replace",
        ),
        "rotate": ("credentials_rotate_user_key", "--name=alice"),
    }
    screen = Screen(when_written)
    call_command(*arguments[command], stdout=screen, stderr=screen)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("command", ["add", "replace", "rotate"])
def test_while_a_key_is_printed_nothing_is_locked_and_the_old_one_works(
    command: str, alice: McpUser
) -> None:
    Profile.objects.update(scopes=[READ])  # so that there is a note, too
    _, old = alice.issue_key()
    found: list[tuple[bool, bool]] = []

    print_key(command, lambda: found.append((connection.in_atomic_block, is_let_in(old))))

    assert {(False, True)} == set(found)
    assert (command == "add") == is_let_in(old)


@pytest.mark.parametrize("error", [OSError("no room"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("command", ["add", "replace", "rotate"])
def test_a_key_that_could_not_be_shown_is_taken_back(
    command: str, error: BaseException, alice: McpUser
) -> None:
    alice.issue_key()
    before = list(McpUser.objects.values()), list(ApiKey.objects.values())

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        print_key(command, fail)

    assert before == (list(McpUser.objects.values()), list(ApiKey.objects.values()))
    last = Event.objects.order_by("pk").last()
    assert last and last.kind == ("removed" if command == "add" else "key_revoked")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(days=1)),
        ("7d", timedelta(days=7)),
        ("3650d", timedelta(days=3650)),
    ],
)
def test_duration_is_read(text: str, expected: timedelta) -> None:
    assert expected == parse_duration(text)


@pytest.mark.parametrize(
    "text", ["", "7", "d", "0d", "-1d", "1.5h", "7 d", "7w", "7D", "٣d", "3651d", "9" * 20 + "d"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(CommandError, match="30m, 24h or 7d"):
        parse_duration(text)


def test_operator_sees_exit_statuses_and_nothing_but_the_answer(tmp_path: Path, token: str) -> None:
    installation = Installation(tmp_path)
    add_codex = ("credentials_add_user", "--name=codex", "--profile=local", "--access=read-only")
    assert "manage.py migrate`" in installation.manage("credentials_list").stderr
    installation.set_up()

    no_profile = installation.manage(*add_codex)
    assert (1, 1) == (no_profile.returncode, len(no_profile.stderr.splitlines()))
    installation.manage("credentials_add_profile", "--id=local", "--name=Local", stdin=token)

    added = installation.manage(*add_codex)
    assert (0, "") == (added.returncode, added.stderr)
    assert 2 == len(added.stdout.splitlines())
    listed = installation.manage("credentials_list", "--json")
    assert "codex" == json.loads(listed.stdout)["users"][0]["name"]
    assert 0 == installation.manage("credentials_revoke_user_key", "--name=codex").returncode
    again = installation.manage("credentials_revoke_user_key", "--name=codex")
    assert (1, 1) == (again.returncode, len(again.stderr.splitlines()))
    assert 2 == installation.manage("credentials_add_user", "--name=codex").returncode
