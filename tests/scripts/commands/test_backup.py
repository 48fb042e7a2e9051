"""backup and restore of the embedded database."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import DjangoDbBlocker, Settings

from accounts.keys import digest_of, new_key
from accounts.models import ApiKey, McpUser
from accounts.scopes import SCOPES
from credentials.models import Profile
from infinity_mcp.management.sqlite import as_alias
from tests.credentials.installation import Installation
from tests.support import PATIENCE_SECONDS, running_server

Capture = pytest.CaptureFixture[str]

pytestmark = pytest.mark.skipif(connection.vendor != "sqlite", reason="backs up SQLite")


@dataclass(frozen=True)
class Home:
    """A folder with a database, in which alice has a key to the sandbox."""

    database: Path
    key: str
    token: str

    @property
    def backup(self) -> Path:
        return self.database.parent.parent / "its backup"

    def rename_alice(self, name: str) -> None:
        with self.opened() as database:
            database.execute("UPDATE accounts_mcpuser SET name = ?", [name])

    @contextmanager
    def opened(self, path: Path | None = None) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(path or self.database, isolation_level=None)) as database:
            yield database

    def users(self, path: Path | None = None) -> list[str]:
        with self.opened(path) as database:
            return [name for (name,) in database.execute("SELECT name FROM accounts_mcpuser")]

    def restorations(self) -> list[tuple[str, str]]:
        """What the audit log says of them: subject and detail."""
        query = "SELECT subject, detail FROM mcpserver_event WHERE kind = 'restored'"
        with self.opened() as database:
            return list(database.execute(query))

    def asides(self) -> list[Path]:
        return sorted(self.database.parent.glob("*-before-*"))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> Home:
    home = Home(
        tmp_path_factory.mktemp("home") / "infinity-mcp.sqlite3", new_key(), secrets.token_hex()
    )
    # In bulk, which is not announced: the audit log is in another database.
    with django_db_blocker.unblock(), as_alias(home.database) as alias:
        call_command("migrate", database=alias, verbosity=0)
        for id, token, url in (("canary", home.token, ""), ("sandbox", "sandbox-ada", "sandbox:")):
            profile = Profile(id=id, name=id, base_url=url)
            profile.set_token(token)
            Profile.objects.using(alias).bulk_create([profile])
        user = McpUser(name="alice", profile=profile, scopes=list(SCOPES))
        [user] = McpUser.objects.using(alias).bulk_create([user])
        key = ApiKey(user=user, digest=digest_of(home.key))
        ApiKey.objects.using(alias).bulk_create([key])
    return home


@pytest.fixture
def home(
    original: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Home]:
    """A copy of it, which the commands take for this installation's."""
    database = tmp_path / "its data" / original.database.name
    database.parent.mkdir()
    shutil.copy(original.database, database)
    monkeypatch.setitem(connection.settings_dict, "NAME", str(database))
    with django_db_blocker.unblock():
        yield Home(database, original.key, original.token)


def refusal(command: str, *arguments: Any) -> str:
    with pytest.raises(CommandError) as caught:
        call_command(command, *arguments)
    assert 1 == len(str(caught.value).splitlines())
    return str(caught.value)


class TestBackup:
    def test_backup_is_one_private_file_without_secrets(self, home: Home, capsys: Capture) -> None:
        call_command("backup", home.backup)

        assert [home.backup, home.database.parent] == sorted(home.backup.parent.iterdir())
        assert 0o600 == home.backup.stat().st_mode & 0o777
        assert f"{home.backup} holds 2 profiles and 1 MCP user" in capsys.readouterr().out
        content = home.backup.read_bytes()
        for secret in (home.key, home.token, *django_settings.CREDENTIAL_STORE_KEYS):
            assert secret.encode() not in content

    def test_backup_shows_one_moment_while_others_write(self, home: Home) -> None:
        begun, done = threading.Event(), threading.Event()

        def write() -> None:
            with home.opened() as database:
                number = 0
                while not done.is_set():
                    number += 1
                    database.execute("BEGIN IMMEDIATE")
                    database.execute("UPDATE credentials_profile SET name = ?", [number])
                    database.execute("UPDATE accounts_mcpuser SET notes = ?", [number])
                    database.execute("COMMIT")
                    begun.set()

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        try:
            assert begun.wait(timeout=PATIENCE_SECONDS)
            seen = []
            for _ in range(5):
                call_command("backup", home.backup, "--replace")
                with home.opened(home.backup) as backup:
                    names = backup.execute("SELECT name FROM credentials_profile").fetchall()
                    (note,) = backup.execute("SELECT notes FROM accounts_mcpuser").fetchone()
                assert {(note,)} == set(names)
                seen.append(note)
        finally:
            done.set()
            writer.join()
        assert len(set(seen)) > 1  # or nobody wrote

    def test_file_that_is_there_is_kept_unless_told(self, home: Home) -> None:
        home.backup.write_text("something of somebody")

        assert "--replace" in refusal("backup", home.backup)

        assert "something of somebody" == home.backup.read_text()
        call_command("backup", home.backup, "--replace")
        assert ["alice"] == home.users(home.backup)

    def test_the_database_itself_is_never_overwritten(self, home: Home) -> None:
        assert "is the database itself" in refusal("backup", home.database, "--replace")
        assert "is the database itself" in refusal("restore", home.database)

    def test_nothing_to_back_up_is_told(self, home: Home) -> None:
        home.database.unlink()

        assert "There is no database" in refusal("backup", home.backup)
        assert not home.backup.exists()

    def test_place_that_cannot_be_written_is_told(self, home: Home) -> None:
        assert "Cannot write" in refusal("backup", home.database / "beneath")
        told = f"Cannot write {home.backup.parent}: it is not a regular file."
        assert told == refusal("backup", home.backup.parent, "--replace")

    def test_damaged_database_is_told_and_the_last_backup_kept(self, home: Home) -> None:
        call_command("backup", home.backup)
        home.database.write_bytes(b"not a database" * 1000)

        assert "file is not a database" in refusal("backup", home.backup, "--replace")
        assert ["alice"] == home.users(home.backup)


class TestRestore:
    @pytest.fixture
    def home(self, home: Home) -> Home:
        """With a backup, after which alice was renamed."""
        call_command("backup", home.backup)
        home.rename_alice("bob")
        return home

    def test_restored_is_what_was_backed_up(self, home: Home, capsys: Capture) -> None:
        call_command("restore", home.backup)

        (aside,) = home.asides()
        assert (["alice"], ["bob"]) == (home.users(), home.users(aside))
        assert 0o600 == aside.stat().st_mode & 0o777
        assert str(aside) in capsys.readouterr().out
        assert {home.database, aside} == set(home.database.parent.iterdir())
        assert [("database", "from its backup")] == home.restorations()

    def test_backup_and_store_key_are_all_that_is_needed(self, home: Home, tmp_path: Path) -> None:
        (store_key,) = django_settings.CREDENTIAL_STORE_KEYS
        fresh = Installation(
            tmp_path / "fresh",
            {
                "DJANGO_SECRET_KEY": secrets.token_hex(),
                "MCP_CREDENTIAL_STORE_KEY": store_key,
                "DATA_DIR": str(tmp_path / "fresh" / "data"),
                "DATABASE_URL": "",
            },
        )
        fresh.folder.mkdir()

        done = fresh.manage("restore", str(home.backup))

        assert (0, "") == (done.returncode, done.stderr)
        with running_server(fresh.folder, **fresh.variables) as server:
            assert "Ada Example" == server.data(home.key, "infinity_get_profile")["name"]

    def test_older_backup_is_brought_up_to_date(self, home: Home) -> None:
        with as_alias(home.backup) as alias:
            call_command("migrate", "oauthbridge", "0002", database=alias, verbosity=0)

        call_command("restore", home.backup)

        with as_alias(home.database) as alias:
            call_command("migrate", database=alias, check_unapplied=True, verbosity=0)
        assert ["alice"] == home.users()

    def test_damaged_database_is_replaced_and_kept(self, home: Home) -> None:
        home.database.write_bytes(b"not a database" * 1000)

        call_command("restore", home.backup)

        (aside,) = home.asides()
        assert aside.read_bytes().startswith(b"not a database")
        assert ["alice"] == home.users()

    def test_database_in_use_is_left_alone(self, home: Home) -> None:
        with home.opened() as server:
            server.execute("SELECT name FROM accounts_mcpuser").fetchall()

            assert "stop the server first" in refusal("restore", home.backup)

        assert (["bob"], []) == (home.users(), home.asides())

    def test_backup_of_a_newer_version_is_refused(self, home: Home) -> None:
        with home.opened(home.backup) as backup:
            backup.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '9', 1)"
            )

        assert "made by a newer version (accounts.9)" in refusal("restore", home.backup)
        assert (["bob"], []) == (home.users(), home.asides())

    def test_wrong_store_key_is_refused_unless_it_is_lost(
        self, home: Home, settings: Settings
    ) -> None:
        settings.CREDENTIAL_STORE_KEYS = [Fernet.generate_key().decode()]

        assert "does not decrypt the tokens of canary, sandbox" in refusal("restore", home.backup)

        assert ["bob"] == home.users()
        call_command("restore", home.backup, "--without-store-key")
        assert ["alice"] == home.users()

    @pytest.mark.parametrize(
        ("content", "told"),
        [
            (b"", "it has no profiles, MCP users and keys"),
            (b"something else " * 1000, "file is not a database"),
        ],
    )
    def test_what_is_no_backup_is_refused(self, home: Home, content: bytes, told: str) -> None:
        home.backup.write_bytes(content)

        assert told in refusal("restore", home.backup)
        assert (["bob"], []) == (home.users(), home.asides())

    def test_damaged_backup_is_refused(self, home: Home) -> None:
        content = bytearray(home.backup.read_bytes())
        middle = len(content) // 2
        content[middle : middle + 20_000] = bytes(20_000)
        home.backup.write_bytes(content)

        assert "is not a backup of Infinity MCP" in refusal("restore", home.backup)
        assert (["bob"], []) == (home.users(), home.asides())

    def test_place_that_cannot_be_written_is_told(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        beneath_a_file = str(home.backup / "data" / "infinity-mcp.sqlite3")
        monkeypatch.setitem(connection.settings_dict, "NAME", beneath_a_file)

        assert "Cannot write" in refusal("restore", home.backup)

    def test_file_that_is_not_there_is_told(self, home: Home) -> None:
        assert "There is no file" in refusal("restore", home.backup.with_name("absent"))


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_postgresql_is_left_to_its_own_programs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")

    assert "pg_dump" in refusal(command, tmp_path / "file")
