"""manage.py reports failures that any command may have in one line."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from accounts.models import User
from tests.conftest import MakeUser
from tests.credentials.installation import Installation
from tests.support import (
    PATIENCE_SECONDS,
    ROOT,
    environment,
    eventually,
    free_port,
    silent_infinity,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.any_database]

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


def shell(line: str, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    env = environment(PY=sys.executable, MANAGE=str(ROOT / "manage.py"), **variables)
    return subprocess.run(
        ["sh", "-c", line], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240
    )


@pytest.mark.parametrize(
    ("command", "output"), [("credentials_list", ">&-"), ("help", ">/dev/full"), ("check", ">&-")]
)
def test_output_that_is_lost_is_told_in_a_line(command: str, output: str, tmp_path: Path) -> None:
    done = shell(f'"$PY" "$MANAGE" {command} {output}', tmp_path)
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines())), done.stderr
    assert done.stderr.startswith("The output could not be written: ")


@pytest.mark.parametrize("closed", ["2>&-", "<&- 2>&-"])
def test_other_files_that_are_closed_are_not_missed(closed: str, tmp_path: Path) -> None:
    done = shell(f'"$PY" "$MANAGE" check {closed}', tmp_path)
    assert (0, "") == (done.returncode, done.stderr)


def test_folder_that_was_removed_is_not_missed(tmp_path: Path) -> None:
    line = 'mkdir gone && cd gone && rmdir ../gone && "$PY" "$MANAGE" credentials_list'
    done = shell(line, tmp_path)
    assert (0, False) == (done.returncode, "Traceback" in done.stderr), done.stderr


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        ("backup x.backup", {}),
        ("credentials_add_user --name a --profile b --access admin --key-file z.txt", {}),
        ("quickstart", {"ENV_FILE": "foo"}),
    ],
)
def test_relative_path_in_a_folder_that_was_removed_is_told_in_a_line(
    command: str, variables: dict[str, str], tmp_path: Path
) -> None:
    Installation(tmp_path).set_up()
    line = f'mkdir gone && cd gone && rmdir ../gone && "$PY" "$MANAGE" {command}'
    done = shell(line, tmp_path, **{**Installation(tmp_path).variables, **variables})
    told = "The current folder was deleted: cd to another one.\n"
    assert (1, told) == (done.returncode, done.stderr)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
    ids=["ascii", "C", "latin-1"],
)
def test_names_are_printed_whatever_the_encoding(
    variables: dict[str, str], make_user: MakeUser, tmp_path: Path
) -> None:
    make_user("\u0141ucja \U0001f980")
    done = shell('"$PY" "$MANAGE" credentials_list', tmp_path, **variables)
    assert (0, "") == (done.returncode, done.stderr)
    assert "\\u0141ucja \\ud83e\\udd80" in done.stdout


def test_question_that_nobody_can_answer_is_told_in_a_line(tmp_path: Path) -> None:
    User.objects.create_user("ada")
    done = shell('setsid -w "$PY" "$MANAGE" changepassword ada </dev/null', tmp_path)
    assert 1 == done.returncode
    assert "CommandError: This asks for something: run it in a terminal." in done.stderr
    assert "Traceback" not in done.stderr
