"""Starts what is compared, each in a process of its own, and sets ours up as an operator does."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from cryptography.fernet import Fernet
from psycopg.sql import SQL, Composed, Identifier

from tests.bench.load import Target
from tests.support import ROOT, free_port, running_program

UNLIMITED = "1000000000"
CALLERS = 16


@contextmanager
def upstream(folder: Path) -> Iterator[Target]:
    with _uvicorn("tests.bench.upstream:app", folder, "/profile") as (url, process):
        yield Target("direct", url, ["-"], process.pid, is_upstream=True)


@contextmanager
def reference(folder: Path, upstream: Target) -> Iterator[Target]:
    key = secrets.token_urlsafe()
    known = {"BENCH_KEY": key, "BENCH_UPSTREAM": upstream.url}
    with _uvicorn("tests.bench.reference:app", folder, "/mcp", **known) as (url, process):
        yield Target("reference", f"{url}/mcp", [key], process.pid)


@contextmanager
def _uvicorn(
    app: str, folder: Path, path: str, **env: str
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = (sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log")
    with running_program(
        *command,
        ready_url=url + path,
        log=folder / f"{app.partition(':')[0]}.log",
        env={**os.environ, **env},
    ) as process:
        yield url, process


@contextmanager
def new_database(server: str) -> Iterator[str]:
    """The URL of an empty database on that PostgreSQL server, dropped at the end; "" without one:
    SQLite."""
    if not server:
        yield ""
        return
    name = f"bench_{secrets.token_hex(6)}"
    _execute(server, SQL("CREATE DATABASE {}").format(Identifier(name)))
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        _execute(server, SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def _execute(server: str, statement: Composed) -> None:
    with psycopg.connect(server, autocommit=True) as connection:  # not in a transaction
        connection.execute(statement)


class Installation:
    """Ours, with a database, a profile for `upstream`, and admins with a key each."""

    def __init__(
        self, folder: Path, upstream: Target, database_url: str, *, token: str = "", **env: str
    ) -> None:
        self._folder = folder
        self.env: Mapping[str, str] = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "infinity_mcp.settings",
            "ENV_FILE": str(folder / "absent.env"),
            "DATA_DIR": str(folder),
            "DATABASE_URL": database_url,
            "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
            "MCP_CREDENTIAL_STORE_KEY": Fernet.generate_key().decode(),
            # On, and never what a call waits for.
            "INFINITY_REQUESTS_PER_MINUTE": UNLIMITED,
            "MCP_REQUESTS_PER_MINUTE": UNLIMITED,
            "MCP_CONCURRENT_REQUESTS": "1000",
            **env,
        }
        self._manage("migrate")
        profile = ("--id", "bench", "--name", "bench", "--base-url", upstream.url)
        self._manage("credentials_add_profile", *profile, input=token or secrets.token_urlsafe())
        self.keys = self._keys("issue", CALLERS).split()

    def add_keys(self, count: int) -> None:
        """`count` more live API keys, each ten of them of one MCP user."""
        self._keys("fill", count)

    def _keys(self, what: str, count: int) -> str:
        command = (sys.executable, "-m", "tests.bench.keys", what, str(count))
        done = subprocess.run(command, cwd=ROOT, env=self.env, check=True, capture_output=True)
        return done.stdout.decode()

    @contextmanager
    def running(self, name: str, workers: int = 1) -> Iterator[tuple[Target, float]]:
        """The server, and the seconds from its start until it was ready."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        start = time.monotonic()
        with running_program(
            sys.executable,
            "manage.py",
            "mcp_serve",
            ready_url=f"{url}/ready",
            log=self._folder / f"ours-{workers}.log",
            env={**self.env, "PORT": str(port), "WORKERS": str(workers)},
        ) as process:
            seconds = time.monotonic() - start
            yield Target(name, f"{url}/mcp", self.keys, process.pid), seconds

    def _manage(self, *command: str, input: str = "") -> None:
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.env,
            check=True,
            input=input.encode(),
            stdout=subprocess.DEVNULL,
        )
