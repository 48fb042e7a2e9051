"""The database and Redis are stopped and started under load."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest

from mcpserver.sandbox import ADA_TOKEN
from tests.conftest import MakeUser
from tests.credentials.installation import copy_empty_database
from tests.oauthbridge.conftest import variables
from tests.production.load import under_load
from tests.production.support import Postgres, manage, own_postgres, own_redis
from tests.support import (
    PATIENCE_SECONDS,
    PLAIN,
    Server,
    environment,
    eventually,
    free_port,
    running_server,
    text_of,
    until_too_many,
)

CALLBACK = "http://127.0.0.1/callback"
MAX_CONNECTIONS = 10  # of the pool of one process


# In one process: what counts is what is there afterwards.
INSTALL = """
import sys
from django.core.management import call_command

folder, base_url, token = sys.stdin.read().split("\\n")
call_command("migrate", verbosity=0)
profile = ("--id=team", "--name=Team", f"--base-url={base_url}", f"--token={token}")
call_command("credentials_add_profile", *profile)
alice = ("--name=alice", "--profile=team", "--access=read-write", f"--key-file={folder}/key")
call_command("credentials_add_user", *alice)
"""


def installed(database_url: str, folder: Path, *, base_url: str = "sandbox:") -> str:
    """A database with a profile and alice, who may change things; her key."""
    if database_url.startswith("sqlite"):
        copy_empty_database(Path(database_url.removeprefix("sqlite:///")))
    env = environment(DATABASE_URL=database_url)
    manage(env, "shell", "-c", INSTALL, stdin=f"{folder}\n{base_url}\n{ADA_TOKEN}")
    return (folder / "key").read_text().strip()


def get(server: Server, path: str, **options: object) -> httpx2.Response:
    return httpx2.get(f"{server.origin}{path}", verify=PLAIN, timeout=PATIENCE_SECONDS, **options)  # type: ignore[arg-type]


def assert_unavailable(answer: httpx2.Response) -> None:
    assert 503 == answer.status_code
    assert "Retry-After" in answer.headers
    for innards in ("psycopg", "Traceback", "127.0.0.1", "SELECT"):
        assert innards not in answer.text


def assert_oauth_tells_of_it_in_json(server: Server) -> None:
    code = {"grant_type": "authorization_code", "code": "x", "client_id": "chatgpt"}
    refresh = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "chatgpt"}
    registration = {"redirect_uris": [CALLBACK]}
    for path, body in (
        ("token", {"data": code}),
        ("token", {"data": refresh}),
        ("revoke", {"data": {"token": "x", "client_id": "chatgpt"}}),
        ("register", {"json": registration}),
    ):
        url = f"{server.origin}/oauth/{path}"
        answer = httpx2.post(url, **body, verify=PLAIN, timeout=PATIENCE_SECONDS)
        assert_unavailable(answer)
        assert "temporarily_unavailable" == answer.json()["error"]
        assert "try again" in answer.json()["error_description"]
        assert answer.headers["X-Request-Id"] in server.log.read_text()
        assert "no-store" == answer.headers["Cache-Control"]
    for document in ("oauth-authorization-server", "oauth-protected-resource"):
        assert 200 == get(server, f"/.well-known/{document}").status_code


def test_the_server_outlives_an_outage_of_its_database(tmp_path: Path) -> None:
    port = str(free_port())
    env = {"PORT": port, **variables(f"http://127.0.0.1:{port}")}
    with own_postgres() as postgres:
        key = installed(postgres.url, tmp_path)
        with (
            running_server(tmp_path, DATABASE_URL=postgres.url, **env) as server,
            under_load(server.url, key) as load,
        ):
            load.wait_for(200, 20)
            postgres.stop()
            load.wait_for(503, 5)

            assert_unavailable(server.post("mcp_" + secrets.token_urlsafe(32)))
            assert {"ok": False, "problem": "database"} == get(server, "/ready").json()
            assert 200 == get(server, "/health").status_code
            session = {"sessionid": secrets.token_hex(16)}
            for path in ("/admin/", "/oauth/authorize?client_id=chatgpt"):
                assert_unavailable(get(server, path, cookies=session))
            assert_oauth_tells_of_it_in_json(server)
            assert 200 not in {each.status for each in load.answers[-4:]}

            postgres.service.start()
            load.wait_for(200, 20)
            assert 200 == get(server, "/ready").status_code
            assert 401 == server.post("mcp_" + secrets.token_urlsafe(32)).status_code
            load.stop()
            assert postgres.connections() <= MAX_CONNECTIONS
            log = server.log.read_text()

        assert "The database answers again" in log
        assert log.count("no credential can be checked") == log.count("The database answers again")
        assert "mcpserver/http/app.py" not in log  # no traceback of a request to /mcp
        assert {200, 503} == set(load.statuses())
        assert all(each.worked for each in load.answers if each.status == 200)
        assert all(each.retry_after for each in load.answers if each.status == 503)
        eventually(lambda: postgres.connections() == 0)


@contextmanager
def read_only(postgres: Postgres) -> Iterator[None]:
    """As a copy is that was not promoted yet."""

    def be(value: str) -> None:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            connection.execute("SELECT pg_reload_conf()")

    def is_it() -> bool:
        with psycopg.connect(postgres.url) as connection:
            row = connection.execute("SHOW transaction_read_only").fetchone()
        return row == ("on",)

    be("on")
    eventually(is_it)
    try:
        yield
    finally:
        be("off")
        eventually(lambda: not is_it())


def test_a_database_that_can_be_read_only_still_serves_what_reads(tmp_path: Path) -> None:
    port = str(free_port())
    env = {"PORT": port, **variables(f"http://127.0.0.1:{port}")}
    with own_postgres() as postgres:
        key = installed(postgres.url, tmp_path)
        with running_server(tmp_path, DATABASE_URL=postgres.url, **env) as server:

            def is_refused() -> bool:
                place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
                made = server.call(key, "infinity_create_folder", **place, name="Plans")
                return "Nothing was done" in text_of(made)

            with read_only(postgres):
                # Sessions that are open learn of it a moment later.
                eventually(lambda: _sign_in(server).status_code == 503)
                assert_unavailable(_sign_in(server))
                url, client = f"{server.origin}/oauth/register", {"redirect_uris": [CALLBACK]}
                assert_unavailable(httpx2.post(url, json=client, verify=PLAIN))
                assert is_refused()
                assert server.data(key, "infinity_get_profile")
                assert 200 == get(server, "/ready").status_code
            eventually(lambda: not is_refused())


def _sign_in(server: Server) -> httpx2.Response:
    """The answer to a wrong password."""
    with httpx2.Client(base_url=server.origin, verify=PLAIN, timeout=PATIENCE_SECONDS) as browser:
        browser.get("/login/")
        token = browser.cookies["csrftoken"]
        form = {"username": "ada", "password": "wrong", "csrfmiddlewaretoken": token}
        return browser.post("/login/", data=form, headers={"Accept": "text/html"})


def test_a_restart_of_the_database_costs_no_request_though_the_pool_was_full(
    tmp_path: Path,
) -> None:
    with (
        own_postgres() as postgres,
        ThreadPoolExecutor(MAX_CONNECTIONS) as pool,
    ):
        installed(postgres.url, tmp_path)
        with running_server(tmp_path, DATABASE_URL=postgres.url) as server:

            def ready(_: int = 0) -> int:
                return get(server, "/ready").status_code

            def is_pool_filled() -> bool:
                list(pool.map(ready, range(MAX_CONNECTIONS)))
                return postgres.connections() > MAX_CONNECTIONS // 2

            eventually(is_pool_filled)
            postgres.stop()
            postgres.service.start()
            assert [200] * MAX_CONNECTIONS == [ready() for _ in range(MAX_CONNECTIONS)]


@pytest.mark.any_database
def test_without_redis_calls_and_sign_ins_go_on_and_are_counted(
    make_user: MakeUser, tmp_path: Path
) -> None:
    _, key = make_user()
    with own_redis() as (redis, url), running_server(tmp_path, CACHE_URL=url) as server:
        with under_load(server.url, key) as load:
            load.wait_for(200, 5)
            redis.stop()
            load.wait_for(200, 20)
            until_too_many(lambda: server.post("mcp_wrong"))
            assert "Too many" in _guesses(server, 11)
            redis.start()
            eventually(lambda: "Redis answers again" in server.log.read_text())
        log = server.log.read_text()

    assert {200} == set(load.statuses())
    assert all(each.worked for each in load.answers)
    assert 1 == log.count("limits hold for each process alone")


def _guesses(server: Server, count: int) -> str:
    """The sign-in page after so many wrong passwords."""
    with httpx2.Client(base_url=server.origin, verify=PLAIN, timeout=PATIENCE_SECONDS) as browser:
        browser.get("/login/")
        form = {"username": "ada", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        for number in range(count):
            answer = browser.post("/login/", data={**form, "password": f"guess-{number}"})
    return answer.text
