"""What is told of a folder or file that may not be used fits the cause, and mends it."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest
from django.core.management import CommandError
from pytest_django import Settings

from infinity_mcp.core.files.remedies import remedy
from infinity_mcp.management.commands.quickstart import require_writable_folders, settings_to_keep
from tests.credentials.installation import Installation
from tests.scripts.unusable import (
    OTHER,
    OWN,
    SET_UP,
    assert_done,
    assert_told,
    execute,
    installation,
    manage,
    run_told,
)


@pytest.fixture
def foreign(ordinary: Installation) -> Path:
    """A folder of another owner, like `/etc` or `/var/lib`."""
    folder = ordinary.folder / "foreign"
    (folder / "closed").mkdir(parents=True)
    (folder / "vault").mkdir()
    (folder / "vault/db.sqlite3").touch()
    (folder / "shadow").touch()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, OTHER, OTHER)
        path.chmod(0o755 if path in (folder, folder / "vault") else 0o700)
    return folder


@pytest.mark.parametrize(
    ("name", "owner", "mode"),
    [
        ("", OTHER, 0o755),
        ("", OWN, 0o500),
        ("infinity-mcp.sqlite3", OTHER, 0o644),
        ("infinity-mcp.sqlite3", OWN, 0o400),
        (".env", OTHER, 0o600),
        (".env", OWN, 0o000),
    ],
)
def test_what_may_not_be_used_is_told_with_a_command_that_mends_it(
    ordinary: Installation, name: str, owner: int, mode: int
) -> None:
    path = ordinary.folder / name
    os.chown(path, owner, owner)
    path.chmod(mode)

    done = manage(ordinary, *SET_UP)

    assert_told(done, "chown" if owner == OTHER else "chmod")
    run_told(done.stderr)
    assert_done(manage(ordinary, *SET_UP))


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ({"DATA_DIR": "FOREIGN"}, SET_UP),
        ({"CONFIG_DIR": "FOREIGN/closed"}, SET_UP),
        ({"CONFIG_DIR": "FOREIGN/vault"}, SET_UP),
        ({"DATA_DIR": "FOREIGN/closed/data"}, SET_UP),
        ({"ENV_FILE": "FOREIGN/infinity.env"}, ("credentials_init",)),
        ({}, ("backup", "FOREIGN/x.backup")),
        ({}, ("credentials_rotate_user_key", "--name=codex", "--key-file=FOREIGN/k.txt")),
    ],
    ids=str,
)
def test_what_is_not_the_projects_is_never_to_change_hands(
    ordinary: Installation, foreign: Path, variables: dict[str, str], command: tuple[str, ...]
) -> None:
    for name, value in variables.items():
        ordinary.environment[name] = value.replace("FOREIGN", str(foreign))

    done = manage(ordinary, *(word.replace("FOREIGN", str(foreign)) for word in command))

    assert_told(done, "choose another place")
    assert "sudo" not in done.stderr and "chmod" not in done.stderr


@pytest.mark.parametrize(
    ("variable", "missing"), [("DATA_DIR", "infinity"), ("CONFIG_DIR", "a/b c")]
)
def test_a_folder_that_may_not_be_made_is_told_with_what_makes_it(
    ordinary: Installation, foreign: Path, variable: str, missing: str
) -> None:
    ordinary.environment[variable] = str(foreign / missing)

    done = manage(ordinary, *SET_UP)

    assert_told(done, "sudo install -d -o ")
    subprocess.run(done.stderr.partition("sudo ")[2], shell=True, check=True)
    assert_done(manage(ordinary, *SET_UP))


def test_a_folder_that_cannot_be_is_told_before_another_is_made(tmp_path: Path) -> None:
    installed = installation(tmp_path)
    before = sorted(tmp_path.iterdir())
    installed.environment["DATA_DIR"] = str(tmp_path / "new" / "data")
    installed.environment["CONFIG_DIR"] = str(tmp_path / ("x" * 300))

    done = installed.manage(*SET_UP)

    assert_told(done, "CONFIG_DIR", "Choose a shorter name.")
    assert before == sorted(tmp_path.iterdir())


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with things that are no place to keep something."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


CIRCLE = "lead in a circle: choose another place."
DANGLING = "dangling is a link to {}/gone, which is not there: make that, or choose another place."


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("/dev/null", "/dev/null is neither a file nor a folder: choose another place."),
        ("/dev/full/x/y", "/dev/full is a file, not a folder: choose another place."),
        ("/proc/x/y", "No folder can be made in /proc: choose another place."),
        ("circle", CIRCLE),
        ("circle/x", CIRCLE),
        ("dangling", DANGLING),
        ("dangling/x/y", DANGLING),
        ("file", "move {}/file away."),
        ("file/x/y", "file is a file, not a folder: choose another place."),
        ("pipe", "pipe is neither a file nor a folder: choose another place."),
    ],
)
def test_what_is_told_of_a_folder_that_cannot_be_fits_what_is_there(
    odd: Path, settings: Settings, name: str, told: str
) -> None:
    settings.DATA_DIR, settings.CONFIG_DIR = odd / "new" / "data", odd / name

    with pytest.raises(CommandError) as refused:
        require_writable_folders("DATA_DIR", "CONFIG_DIR")

    assert str(refused.value).endswith(told.format(odd))
    assert not (odd / "new").exists()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("pipe", "pipe is neither a file nor a folder: choose another place."),
        ("circle", CIRCLE),
        ("circle/x", CIRCLE),
        ("dangling/x", "There is no folder {}/gone: make it, or choose another."),
    ],
)
def test_so_it_does_of_a_database(odd: Path, name: str, told: str) -> None:
    with pytest.raises(sqlite3.Error) as failed:
        execute(odd / name, "CREATE TABLE x (y)")

    assert remedy(failed.value, odd / name).endswith(told.format(odd))


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.ENODEV])
def test_errors_of_the_system_have_a_remedy(tmp_path: Path, number: int) -> None:
    assert remedy(OSError(number, os.strerror(number)), tmp_path / "file")


def test_a_folder_with_a_line_break_is_told(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENV_FILE = tmp_path / ".env"
    monkeypatch.setenv("CONFIG_DIR", "new\nline")

    with pytest.raises(CommandError, match=r"CONFIG_DIR must be a single line\."):
        settings_to_keep()


# --- Key files ------------------------------------------------------------------------------------
