"""Services of the tests' own, which they may stop, and load that goes on meanwhile."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
from redis import Redis
from redis.exceptions import RedisError

from tests.support import PLAIN, ROOT, eventually, free_port

CALL: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "infinity_get_profile", "arguments": {}},
}

INITIALLY = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")


def program(name: str, package: str, *folders: str) -> str:
    """Where it is; without it the test is skipped, and in CI fails."""
    found = shutil.which(name, path=os.pathsep.join((os.environ["PATH"], *folders)))
    if found is None:
        what = f"needs {name}: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI {what}")
        pytest.skip(what)
    return found


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
        eventually(self.answers, 30)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(timeout=30)
            self.process = None

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(timeout=30)
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

    service = Service([program("redis-server", "redis-server"), *arguments], answers)
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
        process.wait(timeout=30)
        self.service.process = None


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    postgres = program(
        "postgres", "postgresql", *map(str, Path("/usr/lib/postgresql").glob("*/bin"))
    )
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


def _accepts(url: str) -> bool:
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def manage(environment: dict[str, str], *arguments: str, stdin: str = "") -> str:
    """What `manage.py <arguments>` prints."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Answer:
    """To one call; status 0 when there was none."""

    status: int
    worked: bool = False
    retry_after: str | None = None


class Load:
    """Clients that call one after the other, as agents do, until the end of `under_load`."""

    def __init__(
        self, url: str, call: dict[str, Any], headers: dict[str, str], pause: float
    ) -> None:
        self.answers: list[Answer] = []
        self._url, self._asked, self._headers, self._pause = url, call, headers, pause
        self._stopping = threading.Event()

    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    def wait_for(self, status: int, count: int) -> None:
        """For `count` more answers with that status."""
        wanted = self.statuses()[status] + count
        eventually(lambda: self.statuses()[status] >= wanted, 60)

    def run(self, clients: int) -> None:
        async def calls() -> None:
            await asyncio.gather(*(self._call_again_and_again() for _ in range(clients)))

        asyncio.run(calls())

    def stop(self) -> None:
        self._stopping.set()

    async def _call_again_and_again(self) -> None:
        # A connection each: one that is idle may be closed in the moment in which it is used.
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(
            headers=self._headers, verify=PLAIN, timeout=60, limits=limits
        ) as http:
            while not self._stopping.is_set():
                self.answers.append(await self._call(http))
                await asyncio.sleep(self._pause)

    async def _call(self, http: httpx2.AsyncClient) -> Answer:
        try:
            answer = await http.post(self._url, json=self._asked)
        except httpx2.TransportError:
            return Answer(0)
        worked = answer.is_success and not answer.json()["result"].get("isError")
        return Answer(answer.status_code, worked, answer.headers.get("Retry-After"))


@contextmanager
def under_load(
    url: str,
    key: str,
    *,
    call: dict[str, Any] = CALL,
    headers: dict[str, str] | None = None,
    clients: int = 4,
    pause: float = 0,
) -> Iterator[Load]:
    """`pause`: seconds of each client between an answer and its next call."""
    load = Load(url, call, {"Authorization": f"Bearer {key}", **(headers or {})}, pause)
    thread = threading.Thread(target=load.run, args=[clients])
    thread.start()
    try:
        yield load
    finally:
        load.stop()
        thread.join(timeout=90)


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
        self.server.gate.wait(timeout=30)
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
            thread.join(timeout=10)
