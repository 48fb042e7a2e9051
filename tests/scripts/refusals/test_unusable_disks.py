"""What is told of a disk that is full or read-only fits the cause, and mends it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.disks import filled, small_disk
from tests.scripts.unusable import (
    SET_UP,
    assert_done,
    assert_told,
    installation,
    manage,
)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", "20m") as folder:
        yield folder


@pytest.mark.parametrize(("command", "is_migrated"), [(("migrate",), False), (SET_UP, True)])
def test_a_full_disk_is_told_and_leaves_nothing_half_done(
    disk: Path, command: tuple[str, ...], is_migrated: bool
) -> None:
    installed = installation(disk)
    if not is_migrated:
        installed.database.unlink()

    with filled(disk):
        done = installed.manage(*command)

    assert_told(done, "free some space", f"df -h {disk}")
    assert "chown" not in done.stderr
    assert not (disk / "config" / "codex-mcp-key.txt").exists()
    assert_done(installed.manage(*command))


def test_a_first_migration_that_is_cut_off_leaves_no_database(tmp_path: Path) -> None:
    installed = installation(tmp_path)
    installed.database.unlink()

    done = manage(installed, *SET_UP, within=["prlimit", f"--fsize={200 * 1024}"])

    assert_told(done, "quota or size limit")
    assert [] == list(tmp_path.glob("infinity-mcp.sqlite3*[!k]"))
    assert_done(installed.manage(*SET_UP))


@pytest.mark.parametrize(
    "command", [("migrate",), ("credentials_init",)], ids=lambda command: command[0]
)
def test_a_read_only_disk_is_told_with_what_makes_it_writable(
    disk: Path, command: tuple[str, ...]
) -> None:
    installed = installation(disk)
    if command[0] == "credentials_init":
        installed.env_file.unlink()
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    done = installed.manage(*command)

    assert_told(done, "read-only: sudo mount ")
    told = done.stderr.partition("sudo ")[2]
    subprocess.run(told.split(), check=True)
    assert_done(installed.manage(*command))


@pytest.mark.parametrize(("name", "missing"), [("b o\\und", ""), ("bound", "absent/too")])
def test_a_folder_bound_read_only_is_told_as_a_disk_is(disk: Path, name: str, missing: str) -> None:
    installed = installation(disk)
    bound = disk / name
    bound.mkdir()
    installed.environment["DATABASE_URL"] = ""
    installed.environment["DATA_DIR"] = str(bound / missing)
    subprocess.run(["mount", "--bind", "-o", "ro", str(bound), str(bound)], check=True)
    try:
        done = installed.manage("migrate")

        assert_told(done, "read-only: sudo mount ")
        subprocess.run(done.stderr.partition("sudo ")[2], shell=True, check=True)
        (bound / "file").touch()
    finally:
        subprocess.run(["umount", str(bound)], check=True)


# --- Files ----------------------------------------------------------------------------------------
