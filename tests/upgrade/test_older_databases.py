"""Databases of older commits, brought up to date.

`dumps` has what each commit's `manage.py migrate` made, and a few rows. mcpserver.0001 was edited
after it had landed, so these are all the shapes that databases may have: 8cde728 made the same as
5d2a50a, the commits after 30c77f8 up to c3793e6 differ by whole migrations, and those before
8cde728 had no table of mcpserver.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from accounts.keys import digest_of, new_key
from credentials import store
from credentials.validators import SANDBOX_TOKEN
from tests.production.support import Postgres, manage, own_postgres
from tests.support import environment

DUMPS = Path(__file__).with_name("dumps")
COMMITS = ("5d2a50a", "30c77f8", "c3793e6")
CORE = {  # of accounts.0004, whatever the tools are now
    "infinity_list_workspaces",
    "infinity_list_boards",
    "infinity_describe_board",
    "infinity_search_items",
    "infinity_query_items",
    "infinity_read_item",
    "infinity_list_changes",
    "infinity_list_items",
    "infinity_create_item",
    "infinity_update_item",
    "infinity_add_item_comment",
    "infinity_upload_attachment_from_url",
    "infinity_create_time_entry",
}

SQLITE_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master"
POSTGRESQL_SCHEMA = """
    SELECT 'column', table_name, column_name, concat_ws(' ', data_type, character_maximum_length,
        is_nullable, column_default, is_identity)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION SELECT 'sequence', '', sequencename, data_type::text FROM pg_sequences
"""

Rows = list[tuple[Any, ...]]
Query = Callable[[str], Rows]


class Sqlite:
    def __init__(self, path: Path) -> None:
        self.path, self.url = path, f"sqlite:///{path}"

    def query(self, sql: str) -> Rows:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(sql).fetchall()

    def run_script(self, sql: str) -> None:
        with closing(sqlite3.connect(self.path)) as database:
            database.executescript(sql)

    def schema(self) -> set[tuple[Any, ...]]:
        return set(self.query(SQLITE_SCHEMA))


class Postgresql:
    def __init__(self, server: Postgres) -> None:
        name = f"database_{secrets.token_hex(4)}"
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        self.url = f"{server.url.rpartition('/')[0]}/{name}"

    def query(self, sql: str) -> Rows:
        with psycopg.connect(self.url) as connection:
            return connection.execute(sql.encode()).fetchall()

    def run_script(self, sql: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(sql.encode())

    def schema(self) -> set[tuple[Any, ...]]:
        return set(self.query(POSTGRESQL_SCHEMA))


Database = Sqlite | Postgresql
NewDatabase = Callable[[], Database]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def new_database(vendor: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NewDatabase]:
    if vendor == "sqlite":
        folder = tmp_path_factory.mktemp("databases")
        yield lambda: Sqlite(folder / f"{secrets.token_hex(4)}.sqlite3")
        return
    with own_postgres() as server:
        yield lambda: Postgresql(server)


@pytest.fixture(scope="module")
def fresh(new_database: NewDatabase) -> Database:
    database = new_database()
    migrate(database)
    return database


@pytest.fixture(params=COMMITS)
def old(request: pytest.FixtureRequest, vendor: str, new_database: NewDatabase) -> Database:
    database = new_database()
    dump = (DUMPS / f"{request.param}.{vendor}.sql").read_text("utf-8")
    token = store.encrypt_token("team", SANDBOX_TOKEN)
    filled = dump.replace("'TOKEN'", f"'{token}'").replace("'DIGEST'", f"'{digest_of(new_key())}'")
    database.run_script(filled)
    return database


def migrate(database: Database) -> None:
    run(database, "migrate", "--verbosity=0")


def run(database: Database, *command: str) -> str:
    return manage(environment(DATABASE_URL=database.url), *command)


def contents(database: Database, columns: dict[str, str]) -> set[str]:
    """Every row of these tables, with these columns of each."""
    return {
        f"{table} {row}"
        for table, names in columns.items()
        for row in database.query(f"SELECT {names} FROM {table}")
    }


def filled_columns(database: Database) -> dict[str, str]:
    """The columns of every table that has rows."""
    if isinstance(database, Sqlite):
        tables = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
        found = database.query(f"{tables} WHERE m.type = 'table'")
    else:
        found = database.query(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
        )
    columns: dict[str, str] = {}
    for table, column in found:
        columns[table] = ", ".join(filter(None, (columns.get(table), f'"{column}"')))
    return {
        table: names
        for table, names in columns.items()
        if table != "sqlite_sequence" and database.query(f"SELECT 1 FROM {table}")
    }


@pytest.mark.django_db
@pytest.mark.any_database
def test_a_database_of_an_older_commit_becomes_as_a_new_one_with_all_its_rows(
    old: Database, fresh: Database
) -> None:
    columns = filled_columns(old)
    before = contents(old, columns)
    assert {"accounts_apikey", "mcpserver_toolcall", "mcpserver_event"} <= set(columns)
    assert old.schema() != fresh.schema()

    migrate(old)

    assert [] == sorted(old.schema() ^ fresh.schema(), key=repr)
    assert set() == before - contents(old, columns)
    assert "team: the token of Ada Example" in run(old, "credentials_verify")
    (user,) = json.loads(run(old, "credentials_list", "--json"))["users"]
    assert ["live"] == [key["state"] for key in user["keys"]]


@pytest.mark.django_db
@pytest.mark.any_database
def test_a_user_keeps_its_tools_when_toolsets_come_and_go(old: Database) -> None:
    lists = {"all": [], "some": ["infinity_get_item"], "damaged": "infinity_get_item"}
    migrate(old)
    run(old, "migrate", "--verbosity=0", "accounts", "0003")
    columns = "scopes, active, notes, created_at, profile_id, people_may_make_keys"
    for name, tools in lists.items():
        old.run_script(
            f"INSERT INTO accounts_mcpuser (name, allowed_tools, {columns})"
            f" SELECT '{name}', '{json.dumps(tools)}', {columns} FROM accounts_mcpuser"
            " ORDER BY id LIMIT 1"
        )

    migrate(old)

    toolsets: dict[str, str] = dict(old.query("SELECT name, toolset FROM accounts_mcpuser"))
    assert {**toolsets, "all": "all", "some": "chosen", "damaged": "chosen"} == toolsets

    old.run_script("UPDATE accounts_mcpuser SET toolset = 'core' WHERE name = 'all'")
    run(old, "migrate", "--verbosity=0", "accounts", "0003")

    found = old.query("SELECT name, allowed_tools FROM accounts_mcpuser")
    kept = {name: json.loads(text) if isinstance(text, str) else text for name, text in found}
    expected = {"all": sorted(CORE), "some": ["infinity_get_item"], "damaged": ["no tool"]}
    assert {**kept, **expected} == kept
