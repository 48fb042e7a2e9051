"""The environment that the scripts make, install into and share."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.home import Result, write_program
from tests.scripts.running import assert_all_end_well, at_once
from tests.support import PATIENCE_SECONDS, ROOT

REMEDY = "If there is none, remove its lock from another terminal:"


@dataclass(frozen=True)
class Installing:
    """The scripts with an empty lock, and an environment whose Python notes each run of pip."""

    folder: Path

    def make(self) -> None:
        (self.folder / "scripts").mkdir()
        for name in ("lib.sh", "pip_install.py"):
            shutil.copy(ROOT / "scripts" / name, self.folder / "scripts")
        (self.folder / "requirements.lock").touch()
        log, python = shlex.quote(str(self.folder / "log")), shlex.quote(sys.executable)
        write_program(
            self.folder / "venv/bin/python",
            f'case "$*" in *pip_install*) echo "$*" >>{log};; esac; exec {python} "$@"',
        )

    def start(self, **shell: str) -> Result:
        return subprocess.run(
            ["sh", "-euc", '. "$ROOT/scripts/lib.sh"; prepare_environment requirements.lock'],
            env={
                "PATH": os.environ["PATH"],
                "ROOT": str(self.folder),
                "VENV_DIR": str(self.folder / "venv"),
                **shell,
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            start_new_session=True,  # so that what it runs can end it as Ctrl+C does
        )

    @property
    def runs(self) -> list[str]:
        """The arguments of each run of pip."""
        return (self.folder / "log").read_text().splitlines()

    @property
    def mark(self) -> Path:
        """What says that the environment is prepared."""
        return self.folder / "venv/requirements.lock"

    def offer_django(self) -> None:
        """Lock a package of that name, which pip finds in the folder."""
        info = "django-1.0.dist-info"
        wheel = self.folder / "django-1.0-py3-none-any.whl"
        with ZipFile(wheel, "w") as package:
            package.writestr("django/__init__.py", "")
            metadata = "Metadata-Version: 2.1\nName: django\nVersion: 1.0\n"
            package.writestr(f"{info}/METADATA", metadata)
            package.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            package.writestr(f"{info}/RECORD", "")
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        (self.folder / "requirements.lock").write_text(f"django==1.0 --hash=sha256:{digest}\n")


@pytest.fixture
def installing(tmp_path: Path) -> Installing:
    installing = Installing(tmp_path)
    installing.make()
    return installing


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new one with pip, whose making takes seconds: for tests that copy it."""
    folder = tmp_path_factory.mktemp("environment") / "new"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


@pytest.mark.parametrize("said_by", ["pip.conf", "shell"])
def test_pip_installs_into_the_environment_whatever_pip_conf_and_the_shell_say(
    installing: Installing, environment: Path, said_by: str
) -> None:
    """Where packages come from, they do say."""
    folder, elsewhere = installing.folder, str(installing.folder / "elsewhere")
    installing.offer_django()
    (folder / "pip.conf").write_text(
        f"[global]\nno-index = true\nfind-links = {elsewhere}\n"
        f"[install]\ntarget = {elsewhere}\nprefix = {elsewhere}\nconstraint = {elsewhere}\n"
        f"dry-run = true\nuser = true\n"
        f"find-links = {folder if said_by == 'pip.conf' else elsewhere}\n"
    )
    shell = {
        "PIP_CONFIG_FILE": str(folder / "pip.conf"),
        "PIP_ROOT": elsewhere,
        "PIP_NO_DEPS": "1",
        **({"PIP_FIND_LINKS": str(folder)} if said_by == "shell" else {}),
        "PYTHONHOME": elsewhere,
        "PYTHONPATH": elsewhere,
        "PYTHONWARNINGS": "error",
        "PYTHON": sys.executable,
        "VENV_DIR": str(folder / "new"),
    }
    # An environment that an earlier version marked as prepared, and whose packages are elsewhere.
    shutil.copytree(environment, folder / "new", symlinks=True)
    shutil.copy(folder / "requirements.lock", folder / "new")

    done = installing.start(**shell)

    assert (0, "") == (done.returncode, done.stderr)
    assert list(folder.glob("new/lib/python*/site-packages/django/__init__.py"))
    assert not Path(elsewhere).exists()
    assert "" == installing.start(**shell).stdout  # nothing is left to do


def test_an_environment_that_does_not_work_is_not_taken_for_prepared(
    installing: Installing,
) -> None:
    python = installing.folder / "venv/bin/python"
    working = python.read_text()
    python.write_text(working.replace("in ", 'in *"import sys, django"*) exit 1;; ', 1))

    done = installing.start()

    assert 1 == done.returncode
    assert f"the packages in {python.parents[1]} do not work" in done.stderr
    assert not installing.mark.exists()
    python.write_text(working)
    assert_all_end_well([installing.start()])
    assert installing.mark.exists()


def test_an_environment_whose_making_was_cut_off_is_made_anew(installing: Installing) -> None:
    cut_off = installing.folder / "cut-off"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", cut_off], check=True)
    # Stands in for the making, which takes seconds.
    whole, python = installing.folder / "venv/bin/python", cut_off / "bin/python"
    maker = write_program(
        installing.folder / "python",
        f'case "$*" in *venv*--clear*) exec cp --remove-destination {whole} {python};; esac\n'
        f'exec {sys.executable} "$@"',
    )

    done = installing.start(PYTHON=str(maker), VENV_DIR=str(cut_off))

    assert (0, "") == (done.returncode, done.stderr)
    assert 1 == len(installing.runs)


def test_ctrl_c_ends_a_script_in_a_line(installing: Installing) -> None:
    python = installing.folder / "venv/bin/python"
    python.write_text(python.read_text().replace("in ", "in *pip_install*) kill -INT 0;; ", 1))

    done = installing.start()

    assert (130, "Stopped.\n") == (done.returncode, done.stderr)
    assert not (installing.folder / "venv.lock").exists()


def test_a_tilde_before_the_environment_is_the_home_folder(installing: Installing) -> None:
    done = installing.start(HOME=str(installing.folder), VENV_DIR="~/venv")

    assert (0, "") == (done.returncode, done.stderr)
    assert installing.mark.exists()


def test_scripts_at_once_install_once(installing: Installing) -> None:
    results = at_once(3, installing.start)

    assert_all_end_well(results)
    assert 1 == len(installing.runs)
    assert not (installing.folder / "venv.lock").exists()


def test_the_turn_of_a_script_that_was_killed_is_over(installing: Installing) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    (installing.folder / "venv.lock").mkdir()
    (installing.folder / "venv.lock/pid").write_text(f"{ended.pid}\n")

    done = installing.start()

    assert 0 == done.returncode, done.stderr
    assert 1 == len(installing.runs)


@pytest.mark.parametrize("pid", ["", "-1\n"])
def test_a_turn_without_a_process_ends_after_seconds_and_is_told(
    installing: Installing, pid: str
) -> None:
    turn, waits = installing.folder / "venv.lock", installing.folder / "waits"
    turn.mkdir()
    (turn / "pid").write_text(pid)
    write_program(installing.folder / "bin/sleep", f'echo "$1" >>{waits}')

    done = installing.start(PATH=f"{installing.folder}/bin:{os.environ['PATH']}")

    assert ["1"] * 6 == waits.read_text().splitlines()
    assert 0 == done.returncode, done.stderr
    assert [
        f"Waiting for another script that works in {installing.folder}/venv. {REMEDY}"
        f" rm -r '{turn}'"
    ] == done.stderr.splitlines()
    assert 1 == len(installing.runs)
    assert not turn.exists()


def test_the_turn_of_a_running_script_is_waited_for_and_told_once(installing: Installing) -> None:
    turn = installing.folder / "venv.lock"
    turn.mkdir()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as other:
        (turn / "pid").write_text(f"{other.pid}\n")
        # The other one ends when it has been seen three times, since each wait is a call of sleep.
        write_program(
            installing.folder / "bin/sleep",
            f"echo >>{installing.folder}/waits; [ $(wc -l <{installing.folder}/waits) -lt 3 ]"
            f" || {{ test -d {turn} && kill {other.pid}; }}; exec /bin/sleep 0.2",
        )
        reaper = threading.Thread(target=other.wait)
        reaper.start()

        done = installing.start(PATH=f"{installing.folder}/bin:{os.environ['PATH']}")

        reaper.join()
    assert 0 == done.returncode, done.stderr
    assert 1 == done.stderr.count(f"(process {other.pid})") == len(done.stderr.splitlines())
    assert 3 <= len((installing.folder / "waits").read_text())


@pytest.mark.skipif(os.getuid() != 0, reason="needs a process of another user")
def test_a_running_script_of_another_user_counts(installing: Installing) -> None:
    command = ["sh", "-c", f". {ROOT}/scripts/lib.sh; is_running {os.getpid()}"]

    done = subprocess.run(
        command, env={"PATH": os.environ["PATH"], "ROOT": "/tmp"}, user=65534, check=False
    )

    assert 0 == done.returncode
