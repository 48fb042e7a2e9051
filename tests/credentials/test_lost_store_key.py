"""Effects and messages when the store key is gone or a token is damaged."""

from __future__ import annotations

import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.credentials.installation import Installation

Result = subprocess.CompletedProcess[str]


@pytest.fixture
def installed(tmp_path: Path) -> Installation:
    """With the profiles sandbox and team."""
    installation = Installation(tmp_path, {"CONFIG_DIR": str(tmp_path / "config")})
    installation.set_up()
    assert 0 == installation.manage("quickstart", "--no-serve").returncode
    add_team = ("credentials_add_profile", "--id=team", "--name=Our team")
    assert 0 == installation.manage(*add_team, stdin="a-token").returncode
    return installation


def told_commands(result: Result) -> list[str]:
    return re.findall(r"`([^`]*manage\.py [^`]+)`", result.stderr)


def typed(installation: Installation, command: str, stdin: str = "") -> Result:
    """The command as a message printed it."""
    return subprocess.run(
        ["sh", "-c", command],
        cwd=installation.folder,
        env=installation.variables,
        input=stdin,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("command", [("quickstart", "--no-serve"), ("credentials_init",)])
def test_no_new_store_key_is_made_while_the_database_has_tokens(
    installed: Installation, command: tuple[str, ...]
) -> None:
    installed.env_file.unlink()

    done = installed.manage(*command)

    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert f"put the {installed.env_file.name} of this installation back" in done.stderr
    assert "sandbox, team" in done.stderr
    assert not installed.env_file.exists()


def test_the_way_out_when_the_store_key_is_lost_runs_as_it_is_told(
    installed: Installation,
) -> None:
    installed.env_file.unlink()
    (make_new,) = told_commands(installed.manage("quickstart", "--no-serve"))
    assert 0 == typed(installed, make_new).returncode

    stopped = installed.manage("quickstart", "--no-serve")  # no token can be read
    commands = told_commands(stopped)

    assert 1 == stopped.returncode
    assert 2 == len(commands)
    assert [0, 0] == [typed(installed, each, stdin="a-token").returncode for each in commands]
    again = installed.manage("quickstart", "--no-serve")
    assert (0, "") == (again.returncode, again.stderr)
    assert "sandbox: the token of Ada" in installed.manage("credentials_verify").stdout


def test_a_profile_that_cannot_be_read_stops_nobody_and_is_told_with_its_remedy(
    installed: Installation,
) -> None:
    with closing(sqlite3.connect(installed.database, isolation_level=None)) as database:
        database.execute(
            "UPDATE credentials_profile SET encrypted_token = 'damaged' WHERE id = 'sandbox'"
        )

    done = installed.manage("quickstart", "--no-serve")
    (command,) = told_commands(done)

    assert 0 == done.returncode
    assert "Warning: The stored Infinity token of sandbox cannot be read" in done.stderr
    assert 0 == typed(installed, command).returncode  # the sandbox's token is no secret
    assert "" == installed.manage("quickstart", "--no-serve").stderr


def test_a_new_profile_needs_a_name(installed: Installation) -> None:
    done = installed.manage("credentials_add_profile", "--id=other", stdin="a-token")

    assert 1 == done.returncode
    assert "--name" in done.stderr
