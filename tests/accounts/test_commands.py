"""The commands around MCP users and their keys."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import ApiKey, McpUser, digest_of
from accounts.scopes import ADMIN, READ, SCOPES, WRITE
from credentials.management.base import parse_duration
from credentials.models import Profile
from tests.credentials.installation import Installation

Capture = pytest.CaptureFixture[str]
HOUR = timedelta(hours=1)


def add_user(*arguments: str | Path, name: str = "codex") -> None:
    call_command("credentials_add_user", f"--name={name}", "--profile=local", *arguments)


def printed_key(output: str) -> str:
    """The key, alone on the last line after a sentence."""
    sentence, key = output.splitlines()
    assert re.fullmatch(r"mcp_[A-Za-z0-9_-]{43}", key)
    assert "mcp_" not in sentence
    return key


def is_let_in(key: str) -> bool:
    return ApiKey.objects.authenticate(key) is not None


class TestAddUser:
    def test_key_is_printed_once_and_works(self, profile: Profile, capsys: Capture) -> None:
        add_user("--scopes=infinity:write,infinity:read", "--label=laptop")

        record = ApiKey.objects.authenticate(printed_key(capsys.readouterr().out))
        assert record is not None
        assert ("codex", profile, [READ, WRITE], "laptop", None) == (
            record.user.name,
            record.user.profile,
            record.user.scopes,
            record.label,
            record.expires_at,
        )

    def test_access_word_stands_for_scopes(self, profile: Profile) -> None:
        add_user("--access=admin")

        assert list(SCOPES) == McpUser.objects.get().scopes

    def test_key_expires_when_told(self, profile: Profile) -> None:
        before = timezone.now()

        add_user("--access=read-only", "--expires-in=90d")

        expires_at = ApiKey.objects.get().expires_at
        assert expires_at is not None
        assert before <= expires_at - timedelta(days=90) <= timezone.now()
        assert McpUser.objects.get().expires_at is None

    def test_key_file_is_private_and_keeps_the_key_off_the_screen(
        self, profile: Profile, tmp_path: Path, capsys: Capture
    ) -> None:
        path = tmp_path / "config" / "codex-mcp-key.txt"

        add_user("--access=read-only", "--key-file", path)

        content = path.read_text()
        assert is_let_in(content.removesuffix("\n"))
        assert 0o600 == path.stat().st_mode & 0o777
        output = capsys.readouterr()
        assert str(path) in output.out
        assert "mcp_" not in output.out + output.err

    def test_unwritable_key_file_saves_nothing(self, profile: Profile, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"Cannot write .*Nothing was changed"):
            add_user("--access=read-only", "--key-file", tmp_path)

        assert not McpUser.objects.exists()
        assert not ApiKey.objects.exists()

    def test_key_file_of_another_user_is_not_overwritten(
        self, alice: McpUser, tmp_path: Path
    ) -> None:
        _, key = alice.issue_key()
        path = tmp_path / "alice.txt"
        path.write_text(f"{key}\n")

        with pytest.raises(CommandError, match="holds the key of alice, which would be lost"):
            add_user("--access=read-only", f"--profile={alice.profile_id}", "--key-file", path)

        assert f"{key}\n" == path.read_text()
        assert not McpUser.objects.exclude(pk=alice.pk).exists()

    def test_existing_user_is_not_replaced_unasked(self, profile: Profile) -> None:
        add_user("--access=read-only")

        with pytest.raises(CommandError, match=r"codex exists.*--replace"):
            add_user("--access=admin")

        assert [READ] == McpUser.objects.get().scopes
        assert 1 == ApiKey.objects.live().count()

    def test_replacing_changes_the_user_and_kills_its_keys(
        self, profile: Profile, capsys: Capture
    ) -> None:
        add_user("--access=read-only")
        old = printed_key(capsys.readouterr().out)
        McpUser.objects.update(active=False, expires_at=timezone.now(), allowed_tools=["a_tool"])

        add_user("--access=admin", "--replace")

        assert not is_let_in(old)
        assert is_let_in(printed_key(capsys.readouterr().out))
        user = McpUser.objects.get()
        assert (list(SCOPES), ["a_tool"]) == (user.scopes, user.allowed_tools)

    def test_failed_replacement_leaves_the_old_key(
        self, profile: Profile, tmp_path: Path, capsys: Capture
    ) -> None:
        add_user("--access=read-only")
        old = printed_key(capsys.readouterr().out)

        with pytest.raises(CommandError):
            add_user("--access=admin", "--replace", "--key-file", tmp_path)

        assert is_let_in(old)
        assert [READ] == McpUser.objects.get().scopes

    def test_what_the_profile_withholds_is_told(self, profile: Profile, capsys: Capture) -> None:
        Profile.objects.update(scopes=[READ], active=False)

        add_user("--access=admin")

        output = capsys.readouterr()
        assert "(infinity:read)" in output.out
        assert f"does not allow {WRITE}, {ADMIN}" in output.err
        assert "inactive" in output.err

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["--access=admin", "--profile=other"], "no profile 'other'. There are: local"),
            (["--scopes=infinity:everything"], "'infinity:everything'.*infinity:read"),
            (["--scopes="], "scopes: "),
            (["--access=admin", "--name="], "name: "),
            (["--access=admin", "--name", "x" * 65], "name: "),
            (["--access=admin", "--name=two words"], "name: "),
            (["--access=admin", "--name=a\nb"], "name: "),
            (["--access=admin", "--name=\udcff"], "UTF-8"),
            (["--access=admin", "--label=\udcff"], "UTF-8"),
            (["--access=admin", "--label", "x" * 101], "label: "),
            (["--access=admin", "--expires-in=soon"], "'soon' is not a duration"),
        ],
    )
    def test_mistake_is_one_line_and_saves_nothing(
        self, arguments: list[str], message: str, profile: Profile
    ) -> None:
        with pytest.raises(CommandError, match=message) as caught:
            add_user(*arguments)

        assert "\n" not in str(caught.value)
        assert not McpUser.objects.exists()

    def test_without_profiles_the_way_to_the_first_is_told(self, db: None) -> None:
        with pytest.raises(CommandError, match="credentials_add_profile"):
            add_user("--access=admin")


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
