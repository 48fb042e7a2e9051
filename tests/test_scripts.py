"""The scripts of a newcomer, run as they are."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import tomllib
from importlib import metadata
from itertools import takewhile
from pathlib import Path
from urllib.request import urlopen

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.home import DEVELOPMENT_LOCK, RUN_LOCK, Home, Result, ready_environment, write_program
from tests.support import PATIENCE_SECONDS

ROOT = Path(settings.BASE_DIR)
MANAGE = str(ROOT / "manage.py")


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_environment(tmp_path_factory.mktemp("venv"))


@pytest.fixture
def home(tmp_path: Path, venv: Path) -> Home:
    return Home(tmp_path, venv)


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory, venv: Path) -> tuple[Home, Result]:
    """A home, and what the first quickstart in it said."""
    home = Home(tmp_path_factory.mktemp("a newcomer's home"), venv)
    return home, home.run("quickstart", "--no-serve")


def assert_refused(result: Result, *expected: str) -> None:
    """Refused with one line that says all of `expected`."""
    assert result.returncode == 1
    assert [result.stderr.strip()] == result.stderr.splitlines()
    for words in expected:
        assert words in result.stderr


# --- What the shell part refuses ------------------------------------------------------------------


def test_help_names_options_and_variables(home: Home) -> None:
    result = home.run("quickstart", "--help")

    assert 0 == result.returncode
    for word in ("--no-serve", "PORT", "DATA_DIR", "CONFIG_DIR", "ENV_FILE", "VENV_DIR", "PYTHON"):
        assert word in result.stdout


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
    for tool in ("sh", "dirname", "env", "mkdir", "cmp"):
        (tools / tool).symlink_to(shutil.which(tool) or "")

    result = home.run("quickstart", PATH=str(tools), VENV_DIR=str(home.folder / "venv"))

    assert_refused(result, "Python 3.11 or newer is needed; found: Python 3.9.18")


def test_python_that_is_not_there_is_refused(home: Home) -> None:
    result = home.run("quickstart", PYTHON="python-of-nowhere")

    assert_refused(result, "PYTHON=python-of-nowhere is not a program")


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


def test_busy_port_is_refused_before_anything_is_made(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        result = home.run("quickstart", PORT=str(port))

    assert_refused(result, f"127.0.0.1:{port}", "PORT")
    assert not home.env_file.exists()


# --- What the first run makes, and the next ones leave --------------------------------------------


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


def test_the_port_of_the_first_run_is_remembered(home: Home) -> None:
    home.run("quickstart", "--no-serve", PORT="3316")
    before = home.env_file.read_bytes()

    again = home.run("quickstart", "--no-serve", PORT="3316").stdout
    other = home.run("quickstart", "--no-serve", PORT="3317").stdout
    config = home.run_program(sys.executable, MANAGE, "mcp_client_config", "--client=codex").stdout

    assert 'url = "http://127.0.0.1:3316/mcp"' in config
    assert "PORT=" not in again and "this start only" not in again
    assert f"3317 for this start only; to keep it, set PORT in {home.env_file}" in other
    assert before == home.env_file.read_bytes()


def test_output_that_nobody_reads_on_is_no_failure_to_explain(home: Home) -> None:
    command = [sys.executable, MANAGE, "mcp_tools"]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(
            command, env=home.environment, stdout=writer, stderr=subprocess.PIPE, text=True
        )
    finally:
        os.close(writer)

    assert (1, "") == (result.returncode, result.stderr)


def test_a_wrong_setting_is_refused_before_anything_is_promised(home: Home) -> None:
    result = home.run("quickstart", OAUTH_ENABLED="true", OAUTH_MCP_USER="codex")
    assert 1 == result.returncode
    assert "OAUTH_PUBLIC_URL is not set, but OAUTH_ENABLED is." in result.stderr
    assert "Serving" not in result.stdout and "Traceback" not in result.stderr
    assert not home.database.exists()


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


def test_key_file_of_another_database_is_not_overwritten(home: Home) -> None:
    home.key_file.parent.mkdir()
    home.key_file.write_text("something of somebody")

    result = home.run("quickstart", "--no-serve")

    assert_refused(result, str(home.key_file), "move the file away")
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


def pinned(lock: str) -> list[Requirement]:
    """Every `name[extras]==version ; marker` of a lock file."""
    found = re.findall(r"^(\w.*==.*?) \\$", (ROOT / lock).read_text(), re.M)
    return [Requirement(requirement) for requirement in found]


def test_development_lock_holds_the_whole_run_lock() -> None:
    assert set(pinned(RUN_LOCK)) <= set(pinned(DEVELOPMENT_LOCK))


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_one_version_of_each_package_serves_all_pythons(lock: str) -> None:
    names = [canonicalize_name(pin.name) for pin in pinned(lock)]

    assert [] == [name for name in names if names.count(name) > 1]


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_every_extra_that_is_asked_for_has_a_pin(lock: str) -> None:
    """Older pips, 23.2 among them, refuse `name[extra]` when only `name` has a hash."""
    pins = {canonicalize_name(pin.name): pin.extras for pin in pinned(lock)}
    asked = asked_for(lock)

    assert any(requirement.extras for requirement in asked)
    assert [] == [
        f"{requirement.name}[{extra}]"
        for requirement in asked
        for extra in requirement.extras - pins[canonicalize_name(requirement.name)]
    ]


def asked_for(lock: str) -> list[Requirement]:
    """What the project and, by their metadata, its installed packages ask for here."""
    waiting = wanted_by_project(lock)
    asked: dict[str, Requirement] = {}
    while waiting:
        requirement = waiting.pop()
        if str(requirement) not in asked:
            asked[str(requirement)] = requirement
            waiting += needs(requirement)
    return list(asked.values())


def needs(requirement: Requirement) -> list[Requirement]:
    extras = requirement.extras or {""}
    return [
        needed
        for needed in map(Requirement, metadata.requires(requirement.name) or [])
        if applies(needed, extras)
    ]


def applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def wanted_by_project(lock: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = list(project["project"]["dependencies"])
    if lock == DEVELOPMENT_LOCK:
        wanted += project["dependency-groups"]["dev"]
    return [each for each in map(Requirement, wanted) if applies(each, {""})]


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_lock_satisfies_the_project(lock: str) -> None:
    for requirement in wanted_by_project(lock):
        name = canonicalize_name(requirement.name)
        pins = [str(pin.specifier)[2:] for pin in pinned(lock) if pin.name == name]
        assert pins, f"run scripts/lock: {requirement} is not in {lock}"
        assert pins == list(requirement.specifier.filter(pins)), f"{lock}: {requirement}"


@pytest.mark.parametrize("lock", [RUN_LOCK, DEVELOPMENT_LOCK])
def test_lock_has_hashes_and_no_addresses(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.split(r"\n(?=\S)", text.strip())

    assert len(pinned(lock)) == len(blocks)  # so there are no options, like --index-url
    assert [] == [block for block in blocks if "--hash=sha256:" not in block]
    assert "://" not in text
