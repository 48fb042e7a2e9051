"""install_report: the report on an installation."""

from __future__ import annotations

import json
import secrets
import subprocess
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from infinity_mcp.management.report import Repository, repository
from tests.support import Server, free_port

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def key_file(settings: Settings, tmp_path: Path, key: str) -> Path:
    settings.ENV_FILE = tmp_path / ".env"
    settings.ENV_FILE.write_text(f"DJANGO_SECRET_KEY={settings.SECRET_KEY}\n")
    settings.ENV_FILE.chmod(0o600)
    settings.CONFIG_DIR = tmp_path
    file = tmp_path / "codex-mcp-key.txt"
    file.write_text(f"{key}\n")
    file.chmod(0o640)
    return file


def test_report_tells_all_but_the_secrets(
    server: Server, key: str, key_file: Path, capsys: Capture
) -> None:
    call_command("install_report", "--url", server.origin, "--service=systemd unit infinity")

    said = capsys.readouterr().out
    for expected in (
        str(django_settings.BASE_DIR),
        "systemd unit infinity",
        f"{key_file.parent / '.env'} (secrets and settings, 0600, of {key_file.owner()})",
        f"{key_file} (MCP key, 0640, of {key_file.owner()})",
        server.url,
        "infinity, streamable HTTP, Authorization: Bearer KEY",
        "[mcp_servers.infinity]",
    ):
        assert expected in said
    assert 4 == said.count("  ok  ")
    for secret in (key, django_settings.SECRET_KEY, *django_settings.CREDENTIAL_STORE_KEYS):
        assert secret not in said


def test_proofs_can_be_made_at_another_address_than_the_one_to_tell(
    server: Server, key_file: Path, capsys: Capture
) -> None:
    outside = "https://mcp.example.org/mcp"
    call_command("install_report", "--url", outside, "--prove-at", server.origin)

    said = capsys.readouterr().out
    assert f'url = "{outside}"' in said
    assert 4 == said.count("  ok  ")


def test_json_says_the_same(server: Server, key: str, key_file: Path, capsys: Capture) -> None:
    call_command("install_report", "--url", server.url, "--client=cursor", "--json")

    said = capsys.readouterr().out
    report = json.loads(said)
    assert key not in said
    assert [True] * 4 == [proof["passed"] for proof in report["proofs"]]
    assert (str(key_file), server.url) == (report["key_file"], report["url"])
    described = (str(key_file), "MCP key", "0640", key_file.owner())
    assert described in [tuple(file.values()) for file in report["files"]]
    assert ("cursor", "Cursor") == (report["client"]["client"], report["client"]["title"])
    assert "streamable HTTP" == report["entry"]["transport"]


def test_failed_proof_is_told_with_the_rest(key_file: Path, capsys: Capture) -> None:
    url = f"http://127.0.0.1:{free_port()}/mcp"

    with pytest.raises(CommandError, match="Not every check passed"):
        call_command("install_report", "--url", url)

    said = capsys.readouterr().out
    assert 4 == said.count("FAILED")
    assert "[mcp_servers.infinity]" in said


def test_a_port_that_the_settings_do_not_know_is_not_contradicted(
    server: Server, key_file: Path, settings: Settings, capsys: Capture
) -> None:
    call_command("install_report", "--url", server.url)
    assert f":{settings.PORT}" not in capsys.readouterr().out

    settings.PORT = server.port
    call_command("install_report", "--url", server.url)
    assert f"mcp_serve on {settings.HOST}:{server.port}" in capsys.readouterr().out


def test_missing_key_file_is_told(key_file: Path) -> None:
    key_file.unlink()

    with pytest.raises(CommandError, match=r"codex-mcp-key\.txt: No such file"):
        call_command("install_report")


class TestRepository:
    @pytest.fixture
    def checkout(self, settings: Settings, tmp_path: Path) -> Path:
        settings.BASE_DIR = tmp_path
        git(tmp_path, "init", "--quiet")
        (tmp_path / "file").write_text("content")
        git(tmp_path, "add", "file")
        git(tmp_path, "commit", "--quiet", "--message=One")
        return tmp_path

    def test_commit_and_address_are_told_without_a_token(self, checkout: Path) -> None:
        token = secrets.token_hex()
        git(checkout, "remote", "add", "origin", f"https://x:{token}@git.example.org/team/it.git")
        commit = git(checkout, "rev-parse", "HEAD").strip()

        found = repository()

        assert Repository("https://git.example.org/team/it.git", commit, changed=False) == found

    def test_changes_of_ones_own_are_told(self, checkout: Path) -> None:
        (checkout / "file").write_text("changed")

        found = repository()

        assert found and found.changed

    def test_checkout_around_the_folder_is_something_else(
        self, checkout: Path, settings: Settings
    ) -> None:
        settings.BASE_DIR = checkout / "infinity-mcp"
        settings.BASE_DIR.mkdir()

        assert repository() is None

    def test_folder_that_is_no_checkout_has_none(self, tmp_path: Path, settings: Settings) -> None:
        settings.BASE_DIR = tmp_path

        assert repository() is None


def git(folder: Path, *arguments: str) -> str:
    person = ["-c", "user.name=alice", "-c", "user.email=alice@example.org"]
    command = ["git", "-C", str(folder), *person, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
