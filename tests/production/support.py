"""Services of the tests' own, which they may stop."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from tests.programs import program
from tests.support import PATIENCE_SECONDS, ROOT, eventually, free_port

INITIALLY = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")


@dataclass
class Service:
    """A process that can be stopped and started again."""

    command: list[str]
    answers: Callable[[], bool]
    user: str | None = None
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command, user=self.user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        eventually(self.answers)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=PATIENCE_SECONDS)
            self.process = None

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(timeout=PATIENCE_SECONDS)
        self.process = None


@contextmanager
def own_redis() -> Iterator[tuple[Service, str]]:
    """A Redis that keeps nothing, and its URL."""
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"]

    def answers() -> bool:
        try:
            with Redis.from_url(url) as client:
                return bool(client.ping())
        except RedisError:
            return False

    service = Service([program("redis-server"), *arguments], answers)
    service.start()
    try:
        yield service, url
    finally:
        service.stop()


@dataclass(frozen=True)
class Postgres:
    """A database server with one database, which has our tables."""

    service: Service
    url: str

    def connections(self) -> int:
        """Of others than this."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        assert row
        return int(row[0])

    def stop(self) -> None:
        """As an administrator in a hurry does: sessions are ended, not waited for."""
        process = self.service.process
        assert process
        process.send_signal(2)
        process.wait(timeout=PATIENCE_SECONDS)
        self.service.process = None

    @contextmanager
    def stuck(self) -> Iterator[None]:
        """Inside it the service accepts connections and data, but answers nothing."""
        assert self.service.process
        pid = self.service.process.pid
        os.kill(pid, signal.SIGSTOP)  # first: then no other backends come
        backends = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        processes = [pid, *map(int, backends)]
        try:
            for each in processes[1:]:
                os.kill(each, signal.SIGSTOP)
            yield
        finally:
            for each in processes:
                os.kill(each, signal.SIGCONT)


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    postgres = program("postgresql")
    user = "postgres" if os.geteuid() == 0 else None  # it refuses to run as root
    port = free_port()
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"
    # Not in pytest's folder, which other users cannot enter.
    with tempfile.TemporaryDirectory(prefix="infinity-mcp-postgres-") as folder:
        if user:
            shutil.chown(folder, user)
        data = f"{folder}/data"
        subprocess.run(
            [str(Path(postgres).with_name("initdb")), "-D", data, *INITIALLY],
            user=user,
            check=True,
            capture_output=True,
        )
        place = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}"]
        command = [postgres, "-D", data, "-p", str(port), *place, "-c", "fsync=off"]
        service = Service(command, lambda: _accepts(url), user)
        service.start()
        try:
            yield Postgres(service, url)
        finally:
            service.stop()


def new_database(postgres: Postgres, template: str = "template1") -> str:
    """The URL of a database of its own: an empty one, or a copy of `template`."""
    name = f"database_{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return f"{postgres.url.rpartition('/')[0]}/{name}"


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """What `manage.py <arguments>` prints."""
    return output(
        sys.executable, "manage.py", *arguments, folder=ROOT, env=environment, stdin=stdin
    )


def output(*command: str, folder: Path, env: dict[str, str], stdin: str = "") -> str:
    """What a program prints that must succeed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=env,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


class GatedInfinity(ThreadingHTTPServer):
    """An Infinity whose every answer waits until `gate` is open."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _GatedHandler)
        self.gate, self.asked = threading.Event(), threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/api/v2"


class _GatedHandler(BaseHTTPRequestHandler):
    server: GatedInfinity

    def do_GET(self) -> None:
        self.server.asked.set()
        self.server.gate.wait(timeout=PATIENCE_SECONDS)
        body = json.dumps({"id": 1, "name": "Ada", "email": "ada@example.org"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def gated_infinity() -> Iterator[GatedInfinity]:
    with GatedInfinity() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.gate.set()
            server.shutdown()
            thread.join(timeout=PATIENCE_SECONDS)
