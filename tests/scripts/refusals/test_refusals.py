"""What the scripts refuse before anything is made."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.home import Home, write_program
from tests.scripts.refused import assert_refused
from tests.support import ROOT


def test_help_names_options_and_variables(home: Home) -> None:
    result = home.run("quickstart", "--help")

    assert 0 == result.returncode
    for word in ("--no-serve", "PORT", "DATA_DIR", "CONFIG_DIR", "ENV_FILE", "VENV_DIR", "PYTHON"):
        assert word in result.stdout


@pytest.mark.parametrize(
    ("script", "target", "links"),
    [
        ("quickstart", "relative", 2),
        ("test", "absolute", 1),
        ("bench", "relative", 1),
        ("soak", "absolute", 2),
    ],
)
def test_script_finds_its_project_from_wherever_it_is_called(
    home: Home, script: str, target: str, links: int
) -> None:
    called = ROOT / "scripts" / script
    for number in range(links):
        link = home.folder / f"a folder of {number}" / f"my-{script}"
        link.parent.mkdir()
        there = os.path.relpath(called, link.parent) if target == "relative" else called
        link.symlink_to(there)
        called = link

    beside_it = 'cd "${0%/*}" && exec "./${0##*/}" --help'
    elsewhere = {"PYTHON": "python-of-nowhere", "CDPATH": str(home.folder)}
    result = home.run_program("sh", "-c", beside_it, str(called), **elsewhere)

    if script == "quickstart":
        assert 0 == result.returncode and "usage: scripts/quickstart" in result.stdout
    else:  # each has found what is beside it, and how to say so
        assert_refused(result, f"my-{script}: PYTHON=python-of-nowhere is not a program")


def test_unknown_argument_is_refused(home: Home) -> None:
    result = home.run("quickstart", "--sevre")

    assert 1 == result.returncode
    assert "unknown argument: --sevre" in result.stderr
    assert not home.env_file.exists()


@pytest.mark.parametrize("script", ["quickstart", "test"])
def test_old_python_is_refused(home: Home, script: str) -> None:
    old = write_program(home.folder / "old", '[ "$1" = -V ] && echo "Python 3.9.18"')

    result = home.run(script, PYTHON=str(old), VENV_DIR=str(home.folder / "venv"))

    assert_refused(result, "Python 3.11 or newer is needed", "Python 3.9.18")
    assert not (home.folder / "venv").exists()


def test_only_old_pythons_are_refused_with_the_one_found(home: Home) -> None:
    tools = home.folder / "bin"
    write_program(tools / "python3", '[ "$1" = -V ] && echo "Python 3.9.18"')
    for tool in ("sh", "dirname", "readlink", "env", "mkdir", "cmp"):
        (tools / tool).symlink_to(shutil.which(tool) or "")

    result = home.run("quickstart", PATH=str(tools), VENV_DIR=str(home.folder / "venv"))

    assert_refused(result, "Python 3.11 or newer is needed; found: Python 3.9.18")


def test_python_that_is_not_there_is_refused(home: Home) -> None:
    result = home.run("quickstart", PYTHON="python-of-nowhere")

    assert_refused(result, "PYTHON=python-of-nowhere is not a program")


def test_python_that_does_not_start_is_refused_in_a_line(home: Home) -> None:
    of_pyenv = write_program(
        home.folder / "python", "printf 'not found\\n\\nIt exists in: 2.7\\n' >&2; exit 127"
    )

    result = home.run("quickstart", PYTHON=str(of_pyenv), VENV_DIR=str(home.folder / "venv"))

    assert_refused(result, f"PYTHON={of_pyenv} does not start: not found")


def test_missing_venv_module_is_refused_with_the_package_to_install(home: Home) -> None:
    lacking = write_program(
        home.folder / "python",
        f'case "$*" in *ensurepip*) exit 1;; esac; exec {shlex.quote(sys.executable)} "$@"',
    )

    result = home.run("quickstart", PYTHON=str(lacking), VENV_DIR=str(home.folder / "venv"))

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert_refused(result, "no venv module", f"apt install python{version}-venv")


def test_folder_that_cannot_be_written_is_refused(home: Home) -> None:
    (home.folder / "file").touch()
    beneath_a_file = str(home.folder / "file" / "x")

    assert_refused(home.run("quickstart", VENV_DIR=beneath_a_file), "cannot write", beneath_a_file)
    assert_refused(home.run("quickstart", DATA_DIR=beneath_a_file), "DATA_DIR", beneath_a_file)
    assert_refused(home.run("quickstart", CONFIG_DIR=beneath_a_file), "CONFIG_DIR", beneath_a_file)


def test_a_current_folder_that_was_deleted_is_told_before_anything_is_made(tmp_path: Path) -> None:
    line = f'mkdir gone && cd gone && rmdir ../gone && VENV_DIR=foo "{ROOT}/scripts/quickstart"'
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True)
    told = "quickstart: the current folder was deleted: cd to another one"
    assert (1, told) == (done.returncode, done.stderr.splitlines()[-1])


def test_busy_port_is_refused_before_anything_is_made(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        result = home.run("quickstart", PORT=str(port))

    assert_refused(result, f"127.0.0.1:{port}", "PORT")
    assert not home.env_file.exists()


# --- What the first run makes, and the next ones leave --------------------------------------------


@pytest.mark.parametrize(
    ("port", "arguments"), [("0", []), ("70000", ["--no-serve"]), ("abc", []), ("", ["--no-serve"])]
)
def test_an_impossible_port_is_refused_before_anything_is_made(
    home: Home, port: str, arguments: list[str]
) -> None:
    assert_refused(home.run("quickstart", *arguments, PORT=port), "PORT")
    assert [] == list(home.folder.iterdir())


def test_a_wrong_setting_is_refused_before_anything_is_promised(home: Home) -> None:
    result = home.run("quickstart", OAUTH_ENABLED="true", OAUTH_MCP_USER="codex")
    assert 1 == result.returncode
    assert "OAUTH_PUBLIC_URL is not set, but OAUTH_ENABLED is." in result.stderr
    assert "Serving" not in result.stdout and "Traceback" not in result.stderr
    assert not home.database.exists()
