"""credentials_add_user makes a user with a key, and says so."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.models import ApiKey, McpUser
from accounts.scopes import ADMIN, READ, SCOPES, WRITE
from credentials.models import Profile
from tests.accounts.management.keys import Capture, add_user, is_let_in, printed_key


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
        path = tmp_path / "codex-mcp-key.txt"

        add_user("--access=read-only", "--key-file", path)

        content = path.read_text()
        assert is_let_in(content.removesuffix("\n"))
        assert 0o600 == path.stat().st_mode & 0o777
        output = capsys.readouterr()
        assert str(path) in output.out
        assert "mcp_" not in output.out + output.err

    def test_folder_of_the_key_file_is_not_made(self, profile: Profile, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=r"no folder .*absent: make it.*Nothing was changed"):
            add_user("--access=read-only", "--key-file", tmp_path / "absent" / "bob.txt")

        assert not McpUser.objects.exists()
        assert not (tmp_path / "absent").exists()

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

    @pytest.mark.parametrize(
        ("tools", "toolset", "allowed", "told"),
        [
            ("all", "all", [], "(infinity:read)."),
            ("core", "core", [], "and the core tools."),
            (" CORE ,", "core", [], "and the core tools."),
            (
                "get_item,infinity_list_items, infinity_get_item,",
                "chosen",
                ["infinity_get_item", "infinity_list_items"],
                "and these tools: infinity_get_item, infinity_list_items.",
            ),
        ],
    )
    def test_tools_are_all_core_or_named(
        self,
        tools: str,
        toolset: str,
        allowed: list[str],
        told: str,
        profile: Profile,
        capsys: Capture,
    ) -> None:
        add_user("--access=read-only", "--tools", tools)

        user = McpUser.objects.get()
        assert (toolset, allowed) == (user.toolset, user.allowed_tools)
        assert told in capsys.readouterr().out

    def test_replacing_changes_the_tools_only_when_told(self, profile: Profile) -> None:
        add_user("--access=read-only", "--tools=get_item")

        add_user("--access=admin", "--replace")
        assert ["infinity_get_item"] == McpUser.objects.get().allowed_tools

        add_user("--access=admin", "--replace", "--tools=core")
        user = McpUser.objects.get()
        assert ("core", []) == (user.toolset, user.allowed_tools)

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
            (["--access=admin", "--tools="], "--tools names no tool: write all, core"),
            (["--access=admin", "--tools= , ,"], "--tools names no tool: write all, core"),
            (["--access=admin", "--tools=get_itm"], "no tool 'get_itm'. Similar: get_item"),
            (
                ["--access=admin", "--tools=get_item,\udcff"],
                r"no tool '\\udcff'. There are: add_item",
            ),
            (["--access=admin", "--tools=core,get_item"], "all, or core, or names of tools"),
            (["--access=admin", "--tools=get_item;get_board"], "no tool 'get_item;get_board'"),
            (["--access=admin", "--tools", "x" * 9_000], f"no tool '{'x' * 80}'. There are: "),
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
