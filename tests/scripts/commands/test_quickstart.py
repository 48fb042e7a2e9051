"""What the first quickstart makes and says, and the next ones leave."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import tomllib
from itertools import takewhile
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.credentials.installation import copy_empty_database
from tests.home import Home, Result
from tests.scripts.refused import assert_refused
from tests.scripts.running import MANAGE
from tests.support import PATIENCE_SECONDS, ROOT


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, venv: Path) -> tuple[Home, Result]:
    """A home, and what the first quickstart in it said."""
    home = Home(tmp_path_factory.mktemp("a newcomer's home"), venv)
    return home, home.run("quickstart", "--no-serve")


def test_first_run_says_where_everything_is(newcomer: tuple[Home, Result]) -> None:
    home, result = newcomer

    assert (0, "") == (result.returncode, result.stderr)
    assert "http://127.0.0.1:3015/mcp" in result.stdout
    assert "Connect    http://127.0.0.1:3015/connect/" in result.stdout
    assert "http://127.0.0.1:3015/admin/ as admin, password " in result.stdout
    assert "shown only now" in result.stdout
    assert str(home.key_file) in result.stdout
    assert len(result.stdout.splitlines()) <= 22


def test_secrets_are_for_their_owner_only(newcomer: tuple[Home, Result]) -> None:
    home, _ = newcomer

    for path in (home.env_file, home.key_file, home.database):
        assert 0o600 == path.stat().st_mode & 0o777, path


def test_the_key_is_in_its_file_and_not_in_the_output(newcomer: tuple[Home, Result]) -> None:
    home, result = newcomer
    key = home.key_file.read_text().strip()

    assert re.fullmatch(r"mcp_[\w-]{43}", key)
    assert key not in result.stdout


def test_the_codex_snippet_is_valid_and_its_export_gives_the_key(
    newcomer: tuple[Home, Result],
) -> None:
    home, result = newcomer
    lines = [line.strip() for line in result.stdout.splitlines()]
    start = lines.index("[mcp_servers.infinity]")
    snippet = tomllib.loads("\n".join(lines[start : start + 3]))
    export = next(line for line in lines if line.startswith("export "))

    printed = home.run_program("sh", "-c", f'{export}; printf %s "$INFINITY_MCP_KEY"').stdout

    assert {
        "url": "http://127.0.0.1:3015/mcp",
        "bearer_token_env_var": "INFINITY_MCP_KEY",
    } == snippet["mcp_servers"]["infinity"]
    assert home.key_file.read_text().strip() == printed


def test_second_run_changes_nothing_and_says_so(newcomer: tuple[Home, Result]) -> None:
    home, _ = newcomer
    before = home.contents()

    result = home.run("quickstart", "--no-serve")

    assert (0, "") == (result.returncode, result.stderr)
    assert "nothing was changed" in result.stdout
    assert "shown only now" not in result.stdout
    assert before == home.contents()


def test_the_port_of_the_first_run_is_remembered(migrated: Home) -> None:
    home = migrated
    home.run("quickstart", "--no-serve", PORT="3316")
    before = home.env_file.read_bytes()

    again = home.run("quickstart", "--no-serve", PORT="3316").stdout
    other = home.run("quickstart", "--no-serve", PORT="3317").stdout
    config = home.run_program(*MANAGE, "mcp_client_config", "--client=codex").stdout

    assert 'url = "http://127.0.0.1:3316/mcp"' in config
    assert "PORT=" not in again and "this start only" not in again
    assert f"3317 for this start only; to keep it, set PORT in {home.env_file}" in other
    assert before == home.env_file.read_bytes()


def test_the_folders_of_the_first_run_are_remembered(home: Home) -> None:
    odd = {
        "DATA_DIR": str(home.folder / 'it\'s "her" $HOME #1 data'),
        "CONFIG_DIR": str(home.folder / "its # config\\new"),
    }
    Path(odd["DATA_DIR"]).mkdir()
    copy_empty_database(Path(odd["DATA_DIR"]) / home.database.name)
    home.run("quickstart", "--no-serve", **odd)
    alone = {name: value for name, value in home.environment.items() if name not in odd}
    before = home.env_file.read_bytes()

    def again(**shell: str) -> str:
        command = [str(ROOT / "scripts/quickstart"), "--no-serve"]
        return subprocess.run(
            command, env={**alone, **shell}, capture_output=True, text=True, check=True
        ).stdout

    said = again()
    assert "nothing was changed" in said and "this start only" not in said
    assert str(Path(odd["CONFIG_DIR"]) / "codex-mcp-key.txt") in said
    listing = subprocess.run(
        [*MANAGE, "credentials_list"], env=alone, capture_output=True, text=True
    )
    assert "sandbox" in listing.stdout, listing.stderr
    other = str(home.folder / "other")
    assert f"{other} for this start only; to keep it, set CONFIG_DIR" in again(CONFIG_DIR=other)
    assert before == home.env_file.read_bytes()


@pytest.mark.parametrize("port", ["3015"])
def test_a_port_that_is_not_kept_is_part_of_the_command_to_serve(migrated: Home, port: str) -> None:
    home = migrated
    home.run("quickstart", "--no-serve")

    said = home.run("quickstart", "--no-serve", PORT=port).stdout

    command = re.search("^To serve: (.*)$", said, re.M)
    assert command and f"PORT={port} " in command[1]
    asked = command[1].replace(" mcp_serve", " mcp_client_config --client=codex")
    assert f'"http://127.0.0.1:{port}/mcp"' in home.run_program("sh", "-c", asked).stdout


def test_output_that_nobody_reads_on_is_no_failure_to_explain(home: Home) -> None:
    command = [*MANAGE, "mcp_tools"]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            command, env=home.environment, stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)

    assert (1, "") == (result.returncode, result.stderr)


def test_key_file_that_is_gone_is_answered_with_the_way_to_a_new_key(
    newcomer: tuple[Home, Result],
) -> None:
    home, _ = newcomer
    home.key_file.rename(home.key_file.with_suffix(".bak"))

    result = home.run("quickstart", "--no-serve")
    command = re.search(r"^ *(\S.* credentials_rotate_user_key .*)$", result.stdout, re.M)

    assert command
    assert not home.key_file.exists()
    assert 0 == home.run_program("sh", "-c", command[1]).returncode
    assert "no valid key" not in home.run("quickstart", "--no-serve").stdout


def test_a_python_without_django_is_told_apart() -> None:
    command = [sys.executable, "-S", "manage.py", "check"]  # without what is installed
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (1, 1) == (done.returncode, len(done.stderr.splitlines()))
    assert "run .venv/bin/python manage.py" in done.stderr


def test_key_file_of_another_database_is_not_overwritten(migrated: Home) -> None:
    home = migrated
    home.key_file.parent.mkdir()
    home.key_file.write_text("something of somebody")

    result = home.run("quickstart", "--no-serve")

    assert_refused(result, str(home.key_file), "move it away")
    assert "something of somebody" == home.key_file.read_text()


def test_sigterm_reaches_the_server_and_ends_it_with_status_0(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [str(ROOT / "scripts" / "quickstart")],
        env={**home.environment, "PORT": str(port)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    watchdog = threading.Timer(PATIENCE_SECONDS, server.kill)
    watchdog.start()
    with server:
        assert server.stdout
        said = list(takewhile(lambda line: "running on" not in line, server.stdout))
        assert server.poll() is None, said
        with urlopen(f"http://127.0.0.1:{port}/ready", timeout=PATIENCE_SECONDS) as ready:
            assert 200 == ready.status
        server.terminate()
        said = list(server.stdout)
    watchdog.cancel()

    assert 0 == server.returncode, said


# --- Lock files -----------------------------------------------------------------------------------
