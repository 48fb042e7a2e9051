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

from cryptography.fernet import Fernet

from tests.bench.load import Target
from tests.support import ROOT, free_port, running_program

UNLIMITED = "1000000000"


@contextmanager
def upstream(folder: Path) -> Iterator[Target]:
    with _uvicorn("tests.bench.upstream:app", folder, "/profile") as (url, process):
        yield Target("direct", url, "-", process.pid, is_upstream=True)


@contextmanager
def reference(folder: Path, upstream: Target) -> Iterator[Target]:
    key = secrets.token_urlsafe()
    known = {"BENCH_KEY": key, "BENCH_UPSTREAM": upstream.url}
    with _uvicorn("tests.bench.reference:app", folder, "/mcp", **known) as (url, process):
        yield Target("reference", f"{url}/mcp", key, process.pid)


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


class Installation:
    """Ours, with a database, a profile for `upstream` and the key of an admin."""

    def __init__(self, folder: Path, upstream: Target, database_url: str = "") -> None:
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
        }
        self._manage("migrate")
        profile = ("--id", "bench", "--name", "bench", "--base-url", upstream.url)
        self._manage("credentials_add_profile", *profile, input=secrets.token_urlsafe())
        user = ("--name", "bench", "--profile", "bench", "--access", "admin", "--replace")
        key_file = folder / "key.txt"
        self._manage("credentials_add_user", *user, "--key-file", str(key_file))
        self.key = key_file.read_text().strip()

    def add_keys(self, count: int) -> None:
        """`count` more live API keys, each ten of them of one MCP user."""
        command = (sys.executable, "-m", "tests.bench.keys", str(count))
        subprocess.run(command, cwd=ROOT, env=self.env, check=True)

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
            yield Target(name, f"{url}/mcp", self.key, process.pid), seconds

    def _manage(self, *command: str, input: str = "") -> None:
        subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.env,
            check=True,
            input=input.encode(),
            stdout=subprocess.DEVNULL,
        )
