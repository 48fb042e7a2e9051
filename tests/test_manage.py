"""What manage.py makes of failures that any command may meet."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import (
    PATIENCE_SECONDS,
    ROOT,
    environment,
    eventually,
    free_port,
    silent_infinity,
)

pytestmark = [pytest.mark.django_db, pytest.mark.any_database]

NEW_ADMIN = ("createsuperuser", "--noinput", "--username", "ada", "--email", "ada@example.org")


def manage(database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = environment(DATABASE_URL=database_url, DJANGO_SUPERUSER_PASSWORD="unused")
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )


@pytest.mark.parametrize("command", [("migrate",), NEW_ADMIN], ids=["migrate", "createsuperuser"])
def test_commands_of_django_tell_in_a_line_that_the_database_is_away(
    command: tuple[str, ...],
) -> None:
    done = manage(f"postgres://postgres@127.0.0.1:{free_port()}/absent", *command)
    assert 1 == done.returncode
    [told] = [line for line in done.stderr.splitlines() if line.startswith("CommandError")]
    assert told.startswith("CommandError: The database cannot be used")
    assert told.endswith("check DATABASE_URL.")
    assert "Traceback" not in done.stderr


def test_so_they_do_of_a_folder_that_is_not_there(tmp_path: Path) -> None:
    done = manage(f"sqlite:///{tmp_path}/absent/db.sqlite3", "migrate")
    assert 1 == done.returncode
    assert f"The database in {tmp_path}/absent cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_ctrl_c_ends_a_command_in_a_line(tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text("mcp_x")
    with silent_infinity() as (url, connections):
        command = [sys.executable, "manage.py", "mcp_check", "--url", url, "--key-file", str(key)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        eventually(lambda: connections)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert (130, "Stopped.\n") == (process.returncode, told)
