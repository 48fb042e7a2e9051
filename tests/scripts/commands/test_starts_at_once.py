"""Commands that are started at once take turns."""

from __future__ import annotations

from tests.home import Home
from tests.production.support import Postgres, new_database
from tests.scripts.databases import query
from tests.scripts.running import MANAGE, assert_all_end_well, at_once


def test_quickstarts_at_once_take_turns(home: Home) -> None:
    results = at_once(2, lambda: home.run("quickstart", "--no-serve", PORT="3316"))

    assert_all_end_well(results)
    lines = home.env_file.read_text().splitlines()
    kept = ["CONFIG_DIR", "DATA_DIR", "DJANGO_SECRET_KEY", "MCP_CREDENTIAL_STORE_KEY", "PORT"]
    assert kept == sorted(line.partition("=")[0] for line in lines)
    assert 1 == sum("shown only now" in done.stdout for done in results)
    assert "nothing was changed" in home.run("quickstart", "--no-serve").stdout


def test_quickstarts_at_once_with_one_postgresql_take_turns(home: Home, postgres: Postgres) -> None:
    url = postgres.url
    command = (*MANAGE, "quickstart", "--no-serve")

    results = at_once(2, lambda: home.run_program(*command, DATABASE_URL=url))

    assert_all_end_well(results)
    assert 1 == sum("shown only now" in done.stdout for done in results)


def test_migrations_of_postgresql_at_once_take_turns(home: Home, postgres: Postgres) -> None:
    url = new_database(postgres)
    home.run_program(*MANAGE, "credentials_init")

    results = at_once(3, lambda: home.run_program(*MANAGE, "migrate", DATABASE_URL=url))

    assert_all_end_well(results)
    query(url, "CREATE TABLE report (id integer)")  # ours may hold tables of others too
    again = home.run_program(*MANAGE, "migrate", DATABASE_URL=url)
    assert 0 == again.returncode, again.stderr


def test_migrations_of_sqlite_at_once_take_turns_whatever_the_folder_is_called(home: Home) -> None:
    data = home.folder / "mode=memory"  # which SQLite takes for an option in an address
    data.mkdir()
    home.run_program(*MANAGE, "credentials_init")

    results = at_once(3, lambda: home.run_program(*MANAGE, "migrate", DATA_DIR=str(data)))

    assert_all_end_well(results)
    url = f"sqlite:///{data / home.database.name}"
    query(url, "CREATE TABLE report (id integer)")
    again = home.run_program(*MANAGE, "migrate", DATA_DIR=str(data))
    assert 0 == again.returncode, again.stderr


def test_secrets_that_are_made_at_once_are_made_once(home: Home) -> None:
    results = at_once(3, lambda: home.run_program(*MANAGE, "credentials_init"))

    assert_all_end_well(results)
    assert 2 == len(home.env_file.read_text().splitlines())
