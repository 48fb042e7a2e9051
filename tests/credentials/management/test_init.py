"""credentials_init."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tests.credentials.installation import Installation

NAMES = ("DJANGO_SECRET_KEY", "MCP_CREDENTIAL_STORE_KEY")


@pytest.fixture
def env_file(db: None, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    settings.ENV_FILE = tmp_path / ".env"
    return tmp_path / ".env"


def values(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_both_secrets_are_written_for_the_owner_only(
    env_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("credentials_init")

    written = values(env_file)
    assert set(NAMES) == set(written)
    assert 50 < len(written["DJANGO_SECRET_KEY"])
    Fernet(written["MCP_CREDENTIAL_STORE_KEY"])
    assert 0o600 == mode(env_file)
    output = capsys.readouterr().out
    assert str(env_file) in output
    assert not any(secret in output for secret in written.values())


def test_second_run_has_nothing_to_do(env_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("credentials_init")
    before = env_file.read_bytes()
    capsys.readouterr()

    call_command("credentials_init")

    assert before == env_file.read_bytes()
    assert capsys.readouterr().out.startswith("Nothing to do")


@pytest.mark.parametrize(
    "present",
    [
        b"# mine\r\nPORT=1\r\nDJANGO_SECRET_KEY=kept\r\n",
        b"export DJANGO_SECRET_KEY='kept'",
        b"\xef\xbb\xbfDJANGO_SECRET_KEY=kept\n",
        b'DJANGO_SECRET_KEY="kept"\nMCP_CREDENTIAL_STORE_KEY=\n',
    ],
)
def test_what_is_there_stays_as_it_is(env_file: Path, present: bytes) -> None:
    env_file.write_bytes(present)

    call_command("credentials_init")

    content = env_file.read_bytes()
    assert content.startswith(present)
    assert 1 == content.count(b"DJANGO_SECRET_KEY")
    Fernet(values(env_file)["MCP_CREDENTIAL_STORE_KEY"])


def test_empty_lines_of_an_example_do_not_count_as_set(env_file: Path) -> None:
    env_file.write_text("DJANGO_SECRET_KEY=\nMCP_CREDENTIAL_STORE_KEY=\n")

    call_command("credentials_init")

    assert all(values(env_file).values())


def test_what_the_environment_sets_is_not_written(
    env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_file = tmp_path / "store-key"
    key_file.write_text(Fernet.generate_key().decode())
    monkeypatch.setenv("MCP_CREDENTIAL_STORE_KEY_FILE", str(key_file))

    call_command("credentials_init")

    assert ["DJANGO_SECRET_KEY"] == list(values(env_file))


def test_a_secret_that_begins_with_a_dollar_counts_as_set(
    env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write_text(f"MCP_CREDENTIAL_STORE_KEY=${secrets.token_hex(32)}\n")
    monkeypatch.setenv("DJANGO_SECRET_KEY", f"${secrets.token_hex(32)}")
    before = env_file.read_bytes()

    call_command("credentials_init")

    assert before == env_file.read_bytes()


def test_readable_file_is_made_private_with_a_note(
    env_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("credentials_init")
    env_file.chmod(0o644)

    call_command("credentials_init")

    assert 0o600 == mode(env_file)
    assert "0600" in capsys.readouterr().out


def test_empty_variable_that_hides_the_file_is_told(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("credentials_init")
    monkeypatch.setenv("DJANGO_SECRET_KEY", "")

    call_command("credentials_init")

    assert "DJANGO_SECRET_KEY is set to nothing" in capsys.readouterr().err


def test_file_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, env_file: Path, settings: Settings
) -> None:
    (tmp_path / "file").touch()
    settings.ENV_FILE = tmp_path / "file" / ".env"

    with pytest.raises(CommandError, match=r"Cannot write .*\.env"):
        call_command("credentials_init")


def test_it_works_before_any_secret_exists_and_is_read_afterwards(tmp_path: Path) -> None:
    installation = Installation(tmp_path)

    first = installation.manage("credentials_init")
    second = installation.manage("credentials_init")

    assert (0, "") == (first.returncode, first.stderr)
    assert (0, "") == (second.returncode, second.stderr)
    assert second.stdout.startswith("Nothing to do")
    assert 0o600 == mode(installation.env_file)
    shown = installation.manage(
        "shell", "--no-imports", "-c", "from credentials import store; print(store.store_keys())"
    )
    assert "MultiFernet" in shown.stdout, shown.stderr


def test_store_key_of_the_test_run_stays_out_of_the_file(
    env_file: Path, monkeypatch: pytest.MonkeyPatch, new_store_key: Callable[[], str]
) -> None:
    key = new_store_key()
    monkeypatch.setenv("MCP_CREDENTIAL_STORE_KEY", key)

    call_command("credentials_init")

    assert key not in env_file.read_text()
