"""What is told of a database that is damaged, half migrated or locked mends it."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.scripts.unusable import (
    SET_UP,
    assert_done,
    assert_told,
    execute,
    installation,
)


@pytest.mark.parametrize("command", [("migrate",), ("mcp_serve", "--migrate")])
def test_a_database_that_is_half_migrated_is_told_with_the_way_back(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    installed = installation(tmp_path)
    later = "'0003_sessions', '0004_toolset'"
    execute(installed.database, f"DELETE FROM django_migrations WHERE name IN ({later})")

    done = installed.manage(*command)

    assert_told(done, "already exists", "half migrated: restore the backup", "docs/upgrade.md")


@pytest.mark.parametrize(
    ("command", "content"),
    [(SET_UP, b"not a database" * 100), (("migrate",), b"SQLite format 3\0" + b"x" * 5000)],
)
def test_a_damaged_database_is_told_with_the_way_to_a_backup(
    tmp_path: Path, command: tuple[str, ...], content: bytes
) -> None:
    installed = installation(tmp_path)
    backup = tmp_path / "backup"
    assert_done(installed.manage("backup", str(backup)))
    installed.database.write_bytes(content)

    done = installed.manage(*command)

    assert_told(done, str(installed.database), "is damaged, or no database")
    assert "chown" not in done.stderr
    told = re.search(r"`([^`]* restore) FILE`", done.stderr)
    assert told
    subprocess.run(
        f"{told[1]} {backup}", shell=True, check=True, env={**os.environ, **installed.variables}
    )
    assert_done(installed.manage(*command))


@pytest.mark.parametrize(
    ("name", "content"), [("infinity-mcp.sqlite3-lock", b"mine"), (".env.lock", None)]
)
def test_what_is_no_lock_is_told_and_kept(tmp_path: Path, name: str, content: bytes | None) -> None:
    installed = installation(tmp_path)
    if name == ".env.lock":
        installed.env_file.unlink()
    lock = tmp_path / name
    lock.unlink(missing_ok=True)
    lock.mkdir() if content is None else lock.write_bytes(content)

    done = installed.manage(*SET_UP)

    assert_told(done, f"move {lock} away")
    lock.rename(tmp_path / "away")
    assert content is None or content == (tmp_path / "away").read_bytes()
    assert_done(installed.manage(*SET_UP))
