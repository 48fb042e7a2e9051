"""Keys and passwords that cannot be stored or shown are not made."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from tests.credentials.installation import CHECKOUT, Installation
from tests.scripts.unusable import (
    SET_UP,
    assert_done,
    assert_told,
    execute,
    installation,
    manage,
    run_told,
)
from tests.support import PATIENCE_SECONDS, eventually

FAIL_AT_COMMIT = """
CREATE TRIGGER of_test AFTER INSERT ON accounts_apikey
BEGIN UPDATE accounts_apikey SET user_id = -1 WHERE id = NEW.id; END
"""


def test_a_key_that_is_not_stored_leaves_no_file(tmp_path: Path) -> None:
    installed = installation(tmp_path)
    execute(installed.database, FAIL_AT_COMMIT)

    assert_told(installed.manage(*SET_UP))
    assert [] == list((tmp_path / "config").iterdir())
    execute(installed.database, "DROP TRIGGER of_test")
    done = installed.manage(*SET_UP)
    assert_done(done)
    assert "MCP user codex" in done.stdout

    execute(installed.database, FAIL_AT_COMMIT)
    [key_file] = (tmp_path / "config").iterdir()
    before = key_file.read_text()
    rotate = ("credentials_rotate_user_key", "--name=codex", f"--key-file={key_file}")
    assert_told(installed.manage(*rotate))
    assert [before] == [file.read_text() for file in (tmp_path / "config").iterdir()]


# Of keys, see tests/accounts/management/test_commands.py.
def test_what_is_shown_once_is_not_stored_when_it_cannot_be_shown(tmp_path: Path) -> None:
    installed = installation(tmp_path)
    installed.environment["QUICKSTART_STARTED_AGAIN"] = "yes"  # it has nothing else to tell

    done = manage(installed, *SET_UP, within=["sh", "-c", 'exec "$@" >/dev/full', "sh"])

    assert_told(done, "The output could not be written")
    assert [] == admins(installed)
    assert "as admin, password " in installed.manage(*SET_UP).stdout


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_a_terminal_that_stalls_holds_nobody_up_and_an_end_takes_back_what_was_not_shown(
    tmp_path: Path, end: signal.Signals
) -> None:
    installed = installation(tmp_path)
    installed.environment["QUICKSTART_STARTED_AGAIN"] = "yes"
    with full_pipe() as (reader, writer):
        command = [sys.executable, str(CHECKOUT / "manage.py"), *SET_UP]
        variables = {"PATH": os.environ["PATH"], **installed.variables}
        process = subprocess.Popen(command, env=variables, stdout=writer)
        try:
            eventually(lambda: admins(installed))
            assert_done(installed.manage(*SET_UP))
            execute(installed.database, "UPDATE accounts_user SET first_name = 'Ada'")
            assert process.poll() is None
            process.send_signal(end)
            assert 130 == process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            process.wait()
        os.set_blocking(reader, False)
        assert b"password" not in os.read(reader, 2**20)
    assert [] == admins(installed)


@contextmanager
def full_pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 512)
    os.set_blocking(writer, True)
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def admins(installed: Installation) -> list[tuple[str]]:
    with closing(sqlite3.connect(installed.database)) as connection:
        return connection.execute("SELECT username FROM accounts_user").fetchall()


@pytest.mark.parametrize("content", ["schlüssel".encode("latin-1"), None])
def test_a_key_file_that_holds_no_key_is_told_with_what_to_do(
    tmp_path: Path, content: bytes | None
) -> None:
    installed = installation(tmp_path)
    key_file = tmp_path / "config" / "codex-mcp-key.txt"
    key_file.parent.mkdir()

    def spoil() -> None:
        key_file.mkdir() if content is None else key_file.write_bytes(content)

    spoil()
    assert_told(installed.manage(*SET_UP), f"{key_file} exists", "move it away")
    key_file.rename(tmp_path / "away")
    assert_done(installed.manage(*SET_UP))

    key_file.unlink()
    spoil()
    done = installed.manage(*SET_UP)
    assert_done(done)
    told = f"move {key_file} away" if content is None else f"no valid key in {key_file}"
    assert told in done.stdout


def test_a_key_file_that_may_not_be_read_is_told_with_what_to_do(
    ordinary: Installation,
) -> None:
    assert_done(manage(ordinary, *SET_UP))
    (ordinary.folder / "config/codex-mcp-key.txt").chmod(0)

    done = manage(ordinary, *SET_UP)

    assert_done(done)
    assert "Permission denied" in done.stdout
    run_told(done.stdout)
    assert "Permission denied" not in manage(ordinary, *SET_UP).stdout
