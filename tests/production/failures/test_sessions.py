"""PostgreSQL sessions that began while something was wrong are not used when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg_pool import ConnectionPool

from infinity_mcp.core.postgresql import READ_ONLY_SECONDS, Connection
from tests.production.failures.test_outages import MAX_CONNECTIONS, get, installed
from tests.production.load import CALL
from tests.production.support import Postgres, own_postgres
from tests.support import eventually, running_server, text_of

READS = 5


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres() as running:
        yield running


@contextmanager
def role_with(postgres: Postgres, setting: str, value: str) -> Iterator[None]:
    """Sessions that begin meanwhile have the setting, to their end; others are ended."""
    postgres_role, name = sql.Identifier("postgres"), sql.Identifier(setting)
    change = sql.SQL("ALTER ROLE {} SET {} = {}").format(postgres_role, name, value)
    reset = sql.SQL("ALTER ROLE {} RESET {}").format(postgres_role, name)
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(change)
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE application_name = '' AND backend_type = 'client backend'"
            " AND pid <> pg_backend_pid()"
        )
        try:
            yield
        finally:
            connection.execute(reset)


@pytest.mark.parametrize(
    ("setting", "value", "statement", "error"),
    [
        ("default_transaction_read_only", "on", "CREATE TABLE made ()", "25006"),
        ("statement_timeout", "100", "SELECT pg_sleep(60)", "57014"),
        ("lock_timeout", "100", "SELECT pg_advisory_lock(1)", "55P03"),
    ],
)
def test_session_with_a_setting_of_an_outage_is_not_used_after_it_failed(
    postgres: Postgres, setting: str, value: str, statement: str, error: str
) -> None:
    with (
        ConnectionPool(
            postgres.url,
            connection_class=Connection,
            min_size=0,
            max_size=1,
            kwargs={"autocommit": True},
            check=ConnectionPool.check_connection,
        ) as pool,
        psycopg.connect(postgres.url, autocommit=True, application_name="holder") as holder,
    ):
        with role_with(postgres, setting, value):
            used = pool.getconn()
        holder.execute("SELECT pg_advisory_lock(1)")
        with pytest.raises(psycopg.Error) as raised:
            used.cursor().execute(statement)
        assert error == raised.value.sqlstate
        pool.putconn(used)
        with pool.connection() as after:
            shown = after.cursor().execute(f"SHOW {setting}").fetchone()
    assert shown in {("0",), ("off",)}


def test_sessions_that_could_read_only_are_replaced_before_they_are_used(
    postgres: Postgres,
) -> None:
    def setting(used: Connection) -> str:
        row = used.cursor().execute("SHOW transaction_read_only").fetchone()
        assert row
        return str(row[0])

    with ConnectionPool(
        postgres.url,
        connection_class=Connection,
        min_size=0,
        max_size=4,
        kwargs={"autocommit": True},
        check=ConnectionPool.check_connection,
    ) as pool:
        with role_with(postgres, "default_transaction_read_only", "on"):
            used = [pool.getconn() for _ in range(4)]
            assert ["on"] * 4 == list(map(setting, used))
            for each in used:
                pool.putconn(each)

        def is_writable() -> bool:
            with pool.connection() as connection:
                return setting(connection) == "off"

        eventually(is_writable, 10 * READ_ONLY_SECONDS)
        used = [pool.getconn() for _ in range(4)]
        assert ["off"] * 4 == list(map(setting, used))
        for each in used:
            pool.putconn(each)


def test_changes_are_made_and_no_row_is_lost_once_the_database_can_be_written_again(
    tmp_path: Path,
) -> None:
    with own_postgres() as postgres, ThreadPoolExecutor(MAX_CONNECTIONS) as pool:
        key = installed(postgres.url, tmp_path)
        with running_server(tmp_path, DATABASE_URL=postgres.url) as server:

            def is_refused() -> bool:
                place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
                made = server.call(key, "infinity_create_folder", **place, name="Plans")
                return "Nothing was done" in text_of(made)

            with role_with(postgres, "default_transaction_read_only", "on"):
                list(pool.map(lambda _: get(server, "/ready"), range(MAX_CONNECTIONS)))
                eventually(is_refused)
                for _ in range(READS):
                    assert 200 == server.post(key, json=CALL).status_code
                assert server.data(key, "infinity_get_profile")
                eventually(lambda: "Rows of the audit log wait" in server.log.read_text())
            eventually(lambda: not is_refused(), 20)  # sessions were kept for a minute
            server.process.terminate()
            assert 0 == server.process.wait(timeout=60)
            log = server.log.read_text()
        with psycopg.connect(postgres.url) as connection:
            counted = "SELECT count(*) FROM mcpserver_toolcall WHERE tool = 'infinity_get_profile'"
            assert (READS + 1,) == connection.execute(counted).fetchone()
    assert "are lost" not in log
