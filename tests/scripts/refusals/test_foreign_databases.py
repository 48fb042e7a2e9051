"""Databases and variables of other projects are refused or named, and left as they are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infinity_mcp.management.commands.quickstart import GENERIC
from tests.credentials.installation import copy_empty_database
from tests.home import Home
from tests.production.support import Postgres, new_database
from tests.scripts.databases import query, tables
from tests.scripts.running import MANAGE
from tests.support import ROOT

REFUSED = "belongs to something else"


def test_the_database_of_another_project_is_refused_and_left_as_it_is(
    home: Home, tmp_path: Path
) -> None:
    database_url = f"sqlite:///{tmp_path}/other.sqlite3"
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


def test_a_file_in_data_dir_that_is_of_others_is_to_be_moved_away(home: Home) -> None:
    home.database.parent.mkdir()
    query(f"sqlite:///{home.database}", "CREATE TABLE shop_order (id integer)")

    done = home.run_program(*MANAGE, "credentials_list")

    assert REFUSED in done.stderr and str(home.database) in done.stderr
    assert "Move that file away, or set DATA_DIR to another folder." in done.stderr
    assert "DATABASE_URL" not in done.stderr


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
    migrated: Home, tmp_path: Path
) -> None:
    home = migrated
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
    assert not other.exists()
    listing = re.search(r"^To serve: (.*) mcp_serve$", done.stdout, re.M)
    assert listing
    listed = home.run_program("sh", "-c", f"{listing[1]} credentials_list", **shell)
    assert "sandbox" in listed.stdout, listed.stderr  # a command that is told works in that shell


@pytest.mark.parametrize("service", ["", "infinity-mcp"])
def test_manage_py_uses_the_environment_and_names_it_but_for_compose(
    home: Home, tmp_path: Path, service: str
) -> None:
    url = f"sqlite:///{tmp_path}/other.sqlite3"
    copy_empty_database(tmp_path / "other.sqlite3")
    command = (*MANAGE, "quickstart", "--no-serve")

    done = home.run_program(*command, DATABASE_URL=url, COMPOSE_SERVICE=service)

    assert 0 == done.returncode, done.stderr
    assert (not service) == ("DATABASE_URL" in done.stdout.splitlines()[0])
    assert (not service) == done.stdout.count("from the environment")
    assert ["sandbox"] == query(url, "SELECT id FROM credentials_profile")


def test_script_and_command_know_the_same_variables_of_others() -> None:
    script = (ROOT / "scripts/quickstart").read_text().replace("\\\n", " ")
    listed = re.search(r"for name in ([A-Z_ ]+);", script)
    assert listed
    assert list(GENERIC) == listed[1].split()


# --- Other Pythons --------------------------------------------------------------------------------
