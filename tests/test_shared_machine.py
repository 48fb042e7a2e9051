"""What else is on the machine of an installation: other projects, and other starts of this one."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shlex
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest

from infinity_mcp.management.commands.quickstart import GENERIC
from tests.home import Home, Result, ready_environment, write_program
from tests.production.support import Postgres, own_postgres
from tests.support import PATIENCE_SECONDS, ROOT

MANAGE = (sys.executable, str(ROOT / "manage.py"))
REMEDY = "If there is none, remove its lock from another terminal:"
REFUSED = "belongs to something else"


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ready_environment(tmp_path_factory.mktemp("venv"))


@pytest.fixture
def home(tmp_path: Path, venv: Path) -> Home:
    return Home(tmp_path, venv)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/other.sqlite3"
    return new_database(request.getfixturevalue("postgres"))


def new_database(postgres: Postgres) -> str:
    """The URL of one that is empty."""
    name = f"database_{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return f"{postgres.url.rpartition('/')[0]}/{name}"


def query(url: str, sql: str) -> list[str]:
    """The first column of what it finds."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
            return [row[0] for row in database.execute(sql).fetchall()]
    with psycopg.connect(url) as database:
        found = database.execute(sql.encode())
        return [row[0] for row in found.fetchall()] if found.description else []


def tables(url: str) -> list[str]:
    is_sqlite = url.startswith("sqlite")
    return query(
        url,
        "SELECT name FROM sqlite_master WHERE type = 'table'"
        if is_sqlite
        else "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    )


def test_the_database_of_another_project_is_refused_and_left_as_it_is(
    home: Home, database_url: str
) -> None:
    table = "auth_user"  # of a Django project with people of its own kind
    query(database_url, f"CREATE TABLE {table} (id integer)")

    for command in (
        ("quickstart", "--no-serve"),
        ("migrate",),
        ("mcp_serve", "--migrate"),
    ):
        done = home.run_program(*MANAGE, *command, DATABASE_URL=database_url)
        assert 1 == done.returncode, done.stdout
        assert REFUSED in done.stderr and table in done.stderr
        assert 1 == len(done.stderr.splitlines())
    assert [table] == tables(database_url)


MIGRATED = """
CREATE TABLE django_migrations (
    id integer PRIMARY KEY, app varchar(255), name varchar(255), applied timestamp
);
INSERT INTO django_migrations VALUES
    (1, 'credentials', '0001_initial', '2026-01-01'), (2, 'accounts', '0001_initial', '2026-01-01');
"""


@pytest.mark.parametrize(
    ("named", "others"),
    [
        ("shop_order", MIGRATED + "CREATE TABLE shop_order (id integer)"),
        ("accounts_user", MIGRATED + "CREATE TABLE accounts_user (id integer)"),
        ("accounts_user", "CREATE TABLE accounts_user (id integer)"),
        ("credentials_profile", MIGRATED + "CREATE TABLE credentials_profile (id integer)"),
    ],
)
def test_so_is_one_whose_apps_are_called_as_ours(
    home: Home, database_url: str, named: str, others: str
) -> None:
    for statement in filter(str.strip, others.split(";")):
        query(database_url, statement)
    before = tables(database_url)

    assert_foreign(home, database_url, named)
    assert before == tables(database_url)


@pytest.mark.parametrize(
    ("named", "others"),
    [
        ("app.orders", "CREATE SCHEMA app; CREATE TABLE app.orders (id integer)"),
        (
            "app.orders",
            "CREATE SCHEMA app; CREATE TABLE app.orders (id integer) PARTITION BY RANGE (id)",
        ),
        ("pgapp.accounts_user", "CREATE SCHEMA pgapp; CREATE TABLE pgapp.accounts_user (id int)"),
    ],
)
def test_tables_in_another_schema_show_that_it_is_of_others(
    home: Home, postgres: Postgres, named: str, others: str
) -> None:
    url = new_database(postgres)
    query(url, others)

    assert_foreign(home, url, named, "schema of its own")
    assert [] == tables(url)


def test_a_schema_of_its_own_in_a_database_of_others_is_used(
    home: Home, postgres: Postgres
) -> None:
    url = new_database(postgres)
    query(url, f"CREATE TABLE shop_order (id integer); CREATE SCHEMA infinity; {MIGRATED}")
    before = tables(url)
    home.run_program(*MANAGE, "credentials_init")
    own = f"{url}?options=-c%20search_path%3Dinfinity"

    for _ in range(2):
        done = home.run_program(*MANAGE, "migrate", DATABASE_URL=own)
        assert 0 == done.returncode, done.stderr
    assert before == tables(url)
    assert ["infinity"] == query(
        url, "SELECT schemaname FROM pg_tables WHERE tablename = 'credentials_profile'"
    )
    # Others' tables in sight that would be taken for ours are not.
    query(url, "CREATE SCHEMA second")
    assert_foreign(home, f"{url}?options=-c%20search_path%3Dsecond,public", "django_migrations")


def assert_foreign(home: Home, url: str, *expected: str) -> None:
    done = home.run_program(*MANAGE, "migrate", DATABASE_URL=url)
    assert 1 == done.returncode, done.stdout
    assert [] == [words for words in (REFUSED, *expected) if words not in done.stderr], done.stderr
    assert 1 == len(done.stderr.splitlines())


def test_variables_for_another_project_are_named_first_and_not_used(
    home: Home, tmp_path: Path
) -> None:
    other = tmp_path / "other.sqlite3"
    shell = {
        "DATABASE_URL": f"sqlite:///{other}",
        "CACHE_URL": "redis://127.0.0.1:1/0",
        "HOST": "192.0.2.1",
        "ALLOWED_HOSTS": "shop.example.org",
        "DJANGO_SECRET_KEY_FILE": "/nonexistent",
        "DJANGO_SETTINGS_MODULE": "shop.settings",
    }

    done = home.run("quickstart", "--no-serve", **shell)

    assert (0, "") == (done.returncode, done.stderr)
    first = done.stdout.splitlines()[0]
    assert set(shell) == set(re.findall(r"[A-Z_]{4,}", first)) - {"ENV_FILE"}
    assert home.database.exists() and not other.exists()
    listing = re.search(r"^To serve: (.*) mcp_serve$", done.stdout, re.M)
    assert listing
    listed = home.run_program("sh", "-c", f"{listing[1]} credentials_list", **shell)
    assert "sandbox" in listed.stdout, listed.stderr  # a command that is told works in that shell


@pytest.mark.parametrize("service", ["", "infinity-mcp"])
def test_manage_py_uses_the_environment_and_names_it_but_for_compose(
    home: Home, tmp_path: Path, service: str
) -> None:
    url = f"sqlite:///{tmp_path}/other.sqlite3"
    command = (*MANAGE, "quickstart", "--no-serve")

    done = home.run_program(*command, DATABASE_URL=url, COMPOSE_SERVICE=service)

    assert 0 == done.returncode, done.stderr
    assert (not service) == ("DATABASE_URL" in done.stdout.splitlines()[0])
    assert (not service) == done.stdout.count("from the environment")
    assert "credentials_profile" in tables(url)


def test_script_and_command_know_the_same_variables_of_others() -> None:
    script = (ROOT / "scripts/quickstart").read_text().replace("\\\n", " ")
    listed = re.search(r"for name in ([A-Z_ ]+);", script)
    assert listed
    assert list(GENERIC) == listed[1].split()


# --- Other Pythons --------------------------------------------------------------------------------


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
            f'case "$*" in *pip*) echo "$*" >>{log};; esac; exec {python} "$@"',
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


@pytest.mark.parametrize("said_by", ["pip.conf", "shell"])
def test_pip_installs_into_the_environment_whatever_pip_conf_and_the_shell_say(
    installing: Installing, said_by: str
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
    subprocess.run([sys.executable, "-m", "venv", folder / "new"], check=True)
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
    assert f"what was installed into {python.parents[1]} does not work" in done.stderr
    assert not installing.mark.exists()
    python.write_text(working)
    assert_all_end_well([installing.start()])
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


@pytest.mark.parametrize("pid", [None, "", "-1\n"])
def test_a_turn_without_a_process_ends_after_seconds_and_is_told(
    installing: Installing, pid: str | None
) -> None:
    turn = installing.folder / "venv.lock"
    turn.mkdir()
    if pid is not None:
        (turn / "pid").write_text(pid)

    done = installing.start()

    assert 0 == done.returncode, done.stderr
    assert [
        f"Waiting for another script that is at work in {installing.folder}/venv. {REMEDY}"
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


# --- Several at once ------------------------------------------------------------------------------


def at_once(times: int, run: Callable[[], Result]) -> list[Result]:
    with ThreadPoolExecutor(times) as pool:
        return [done.result() for done in [pool.submit(run) for _ in range(times)]]


def assert_all_end_well(results: list[Result]) -> None:
    assert [] == [done.stdout + done.stderr for done in results if done.returncode]


def test_quickstarts_at_once_take_turns(home: Home) -> None:
    results = at_once(2, lambda: home.run("quickstart", "--no-serve"))

    assert_all_end_well(results)
    assert 1 == sum("shown only now" in done.stdout for done in results)
    assert "nothing was changed" in home.run("quickstart", "--no-serve").stdout


def test_quickstarts_at_once_with_one_postgresql_take_turns(home: Home, postgres: Postgres) -> None:
    url = postgres.url
    command = (*MANAGE, "quickstart", "--no-serve")

    results = at_once(2, lambda: home.run_program(*command, DATABASE_URL=url))

    assert_all_end_well(results)
    assert 1 == sum("shown only now" in done.stdout for done in results)


def test_migrations_at_once_take_turns(home: Home, database_url: str) -> None:
    home.run_program(*MANAGE, "credentials_init")

    results = at_once(3, lambda: home.run_program(*MANAGE, "migrate", DATABASE_URL=database_url))

    assert_all_end_well(results)
    query(database_url, "CREATE TABLE report (id integer)")  # ours may hold tables of others too
    again = home.run_program(*MANAGE, "migrate", DATABASE_URL=database_url)
    assert 0 == again.returncode, again.stderr


@pytest.mark.parametrize("folder", ["in-memory-data", "mode=memory"])
def test_so_they_do_whatever_the_folder_is_called(home: Home, folder: str) -> None:
    data = home.folder / folder
    data.mkdir()
    home.run_program(*MANAGE, "credentials_init")

    results = at_once(3, lambda: home.run_program(*MANAGE, "migrate", DATA_DIR=str(data)))

    assert_all_end_well(results)
    assert (data / home.database.name).exists()


def test_secrets_that_are_made_at_once_are_made_once(home: Home) -> None:
    results = at_once(3, lambda: home.run_program(*MANAGE, "credentials_init"))

    assert_all_end_well(results)
    assert 2 == len(home.env_file.read_text().splitlines())
