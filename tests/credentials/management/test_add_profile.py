"""credentials_add_profile."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from credentials.models import Profile
from credentials.scopes import ADMIN, READ, SCOPES, WRITE
from tests.credentials.installation import Installation

Capture = pytest.CaptureFixture[str]


def add(*arguments: str | Path) -> None:
    call_command("credentials_add_profile", "--id=local", "--name=Local Infinity", *arguments)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_token_as_an_argument_works_with_a_warning(db: None, token: str, capsys: Capture) -> None:
    add("--token", token)

    profile = Profile.objects.get()
    assert ("local", "Local Infinity", "", "") == (
        profile.id,
        profile.name,
        profile.base_url,
        profile.version,
    )
    assert list(SCOPES) == profile.scopes
    assert token == profile.open_token()
    output = capsys.readouterr()
    assert "can see a token given as an argument" in output.err
    assert token not in output.out + output.err


@pytest.mark.parametrize("arguments", [[], ["--token", "-"]])
def test_token_is_read_from_standard_input(
    db: None, arguments: list[str], token: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))

    add(*arguments)

    assert token == Profile.objects.get().open_token()
    assert "" == capsys.readouterr().err


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_token_is_read_from_a_file(db: None, encoding: str, token: str, tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(f"{token}\r\n", encoding=encoding)

    add("--token-file", path)

    assert token == Profile.objects.get().open_token()


def test_token_is_asked_for_on_a_terminal(
    db: None, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: token)

    add()

    assert token == Profile.objects.get().open_token()


def test_profile_made_while_the_prompt_was_open_is_not_overwritten(
    db: None, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def type_slowly(prompt: str) -> str:
        add("--token", token)
        return token[::-1]

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", type_slowly)

    with pytest.raises(CommandError, match="local exists"):
        add()

    assert token == Profile.objects.get().open_token()


def test_profile_deactivated_while_the_prompt_was_open_stays_inactive(
    db: None, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def type_slowly(prompt: str) -> str:
        Profile.objects.update(active=False)
        return token[::-1]

    add("--token", token)
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", type_slowly)

    add("--replace")

    profile = Profile.objects.get()
    assert not profile.active
    assert token[::-1] == profile.open_token()


@pytest.mark.parametrize("interruption", [EOFError, KeyboardInterrupt])
def test_prompt_left_without_a_token_stores_nothing(
    db: None, interruption: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(prompt: str) -> str:
        raise interruption

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", leave)

    with pytest.raises(CommandError, match="nothing was stored"):
        add()

    assert not Profile.objects.exists()


def test_sandbox_needs_no_token(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    add("--base-url", "sandbox:")

    profile = Profile.objects.get()
    assert "sandbox:" == profile.api_base_url
    assert profile.open_token()


def test_address_version_and_ceiling_are_kept(db: None, token: str) -> None:
    add(
        "--token", token, "--base-url=https://own.example.org/", "--api-version=v9",
        "--access=read-write",
    )  # fmt: skip

    profile = Profile.objects.get()
    assert "https://own.example.org/api/v2" == profile.base_url
    assert "v9" == profile.version
    assert [READ, WRITE] == profile.scopes


def test_existing_profile_is_not_replaced_unasked(db: None, token: str) -> None:
    add("--token", token)

    with pytest.raises(CommandError, match=r"local exists.*--replace"):
        add(f"--token={token[::-1]}")

    assert token == Profile.objects.get().open_token()


def test_replacing_keeps_what_is_not_given(db: None, token: str) -> None:
    add("--token", token, "--base-url=https://own.example.org/api", "--scopes", f"{READ},{ADMIN}")

    add(f"--token={token[::-1]}", "--replace", "--api-version=v9")

    profile = Profile.objects.get()
    assert token[::-1] == profile.open_token()
    assert "https://own.example.org/api/v2" == profile.base_url
    assert "v9" == profile.version
    assert [READ, ADMIN] == profile.scopes


def test_unreadable_profile_can_be_replaced(
    db: None, token: str, new_store_key: Callable[[], str], settings: Settings
) -> None:
    add("--token", token)
    settings.CREDENTIAL_STORE_KEYS = [new_store_key()]

    add("--token", token, "--replace")

    assert token == Profile.objects.get().open_token()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--token", ""], "empty"),
        (["--token", "two words"], "no spaces"),
        (["--token", "zwei\nzeilen"], "no spaces"),
        (["--token", "schlüssel"], "accented"),
        (["--token=x", "--base-url=http://example.org"], "base_url: .*https://"),
        (["--token=x", "--base-url=nonsense"], "base_url: "),
        (["--token=x", "--api-version=a b"], "version: "),
        (["--token=x", "--scopes=infinity:everything"], "infinity:everything.*infinity:read"),
        (["--token=x", "--scopes="], "scopes: "),
        (["--token=x", "--id=two words"], "id: "),
        (["--token=x", "--id", "x" * 65], "id: "),
        (["--token=x", "--name", ""], "name: "),
        (["--token=x", "--name", "x" * 201], "name: "),
        (["--token=x", "--name", "\udcff"], "UTF-8"),
        (["--token=x", "--id", "\udcff"], "UTF-8"),
        (["--token-file", "absent.txt"], "Cannot read absent.txt: No such file"),
    ],
)
def test_mistake_is_one_line_and_stores_nothing(
    db: None, arguments: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message) as caught:
        add(*arguments)

    assert "\n" not in str(caught.value)
    assert not Profile.objects.exists()


def test_file_that_is_no_text_is_refused(db: None, token: str, tmp_path: Path) -> None:
    path = tmp_path / "token.txt"
    path.write_text(token, encoding="utf-16")

    with pytest.raises(CommandError, match="UTF-8"):
        add("--token-file", path)


@pytest.mark.parametrize(
    ("keys", "message"), [([], "credentials_init"), (["not-a-key"], "number 1 .* not a Fernet")]
)
def test_unusable_store_key_stops_before_the_token_is_asked_for(
    db: None,
    keys: list[str],
    message: str,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("getpass.getpass", lambda prompt: pytest.fail("asked"))
    settings.CREDENTIAL_STORE_KEYS = keys

    with pytest.raises(CommandError, match=message):
        add()

    assert not Profile.objects.exists()


def test_operator_sees_one_line_and_exit_status_1(tmp_path: Path, token: str) -> None:
    installation = Installation(tmp_path)
    add_local = ("credentials_add_profile", "--id=local", "--name=Local")

    unmigrated = installation.manage(*add_local, stdin=token)
    assert (1, "") == (unmigrated.returncode, unmigrated.stdout)
    (line,) = unmigrated.stderr.splitlines()
    assert "The database is not up to date: run `" in line
    assert line.endswith("manage.py migrate`.")

    installation.set_up()
    installation.environment["MCP_CREDENTIAL_STORE_KEY"] = ""
    keyless = installation.manage(*add_local, stdin=token)
    assert 1 == keyless.returncode
    assert 1 == len(keyless.stderr.splitlines())
    assert "credentials_init" in keyless.stderr

    del installation.environment["MCP_CREDENTIAL_STORE_KEY"]
    added = installation.manage(*add_local, stdin=token)
    assert (0, "") == (added.returncode, added.stderr)

    assert 1 == installation.manage(*add_local, stdin=token).returncode
    assert 1 == installation.manage(*add_local, "--replace").returncode  # no token on stdin
    assert 1 == installation.manage("credentials_add_profile", "--id=local").returncode


def test_unreachable_database_is_one_line(tmp_path: Path, token: str) -> None:
    installation = Installation(
        tmp_path, {"DATABASE_URL": f"sqlite:///{tmp_path}/absent/db.sqlite3"}
    )

    done = installation.manage("credentials_add_profile", "--id=a", "--name=A", stdin=token)

    assert 1 == done.returncode
    assert 1 == len(done.stderr.splitlines())
    assert f"The database in {tmp_path}/absent cannot be used" in done.stderr
