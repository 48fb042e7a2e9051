"""A real server in a process of its own, and the official client, for tests."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from django.db import connection
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

ROOT = Path(__file__).resolve().parent.parent
# For what must come at all: other tests keep the machine busy meanwhile.
PATIENCE_SECONDS = 240
# Over plain HTTP on this machine there is nothing to verify, and reading the certificates for each
# client took most of a call's time.
PLAIN = False
PATIENT: Any = {"verify": PLAIN, "timeout": PATIENCE_SECONDS}

T = TypeVar("T")


def _own_ports() -> Iterator[int]:
    """Ports that neither another worker of pytest-xdist nor a connection is given meanwhile: they
    are below those that systems give to connections. Each comes once in a long while."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    ports = range(11_000 + worker % 16, 32_768, 16)
    start = random.randrange(len(ports))
    return itertools.cycle([*ports[start:], *ports[:start]])


_ports = _own_ports()


def free_port() -> int:
    """A free port, reserved until it is used."""
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def database_url() -> str:
    """Of the database that this test run uses."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    user, password = quote(database["USER"]), quote(database["PASSWORD"])
    place = f"{database['HOST']}:{database['PORT']}/{database['NAME']}"
    options = quote(database["OPTIONS"]["options"])
    return f"postgres://{user}:{password}@{place}?options={options}"


def database_dump() -> str:
    """Every row of every table, as text."""
    with connection.cursor() as cursor:
        rows: list[str] = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += map(repr, cursor.fetchall())
    return "\n".join(rows)


def environment(**changes: str) -> dict[str, str]:
    """The environment of a server that shares this test run's database and secrets."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "infinity_mcp.settings",
        "DATABASE_URL": database_url(),
        "TRANSPORT": "http",
        "HOST": "127.0.0.1",
        # Tests of the limits set their own; the others are not to wait for their turn.
        "INFINITY_REQUESTS_PER_MINUTE": "1000000",
        "MCP_REQUESTS_PER_MINUTE": "1000000",
        # Nor for what they changed in the database to count.
        "CREDENTIAL_CACHE_SECONDS": "0",
        **changes,
    }


@contextmanager
def running(
    *command: str, ready_url: str, log: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """`manage.py <command>` in its own process, from the moment that it answers at `ready_url`."""
    program = (sys.executable, "manage.py", *command)
    with running_program(*program, ready_url=ready_url, log=log, env=env) as process:
        yield process


@contextmanager
def running_program(
    *program: str, folder: Path = ROOT, ready_url: str, log: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """The same for any program, run in `folder`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            program, cwd=folder, env=dict(env), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            _wait_for(ready_url, process, log)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE_SECONDS)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            if httpx2.get(url, verify=PLAIN).status_code < 500:
                return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} did not answer:\n{log.read_text()}")


@dataclass(frozen=True)
class Server:
    """A running server, and ways to call it."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    @asynccontextmanager
    async def connected(self, key: str, **options: Any) -> AsyncIterator[Client]:
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(
            headers=headers, timeout=PATIENCE_SECONDS, verify=PLAIN
        ) as http:
            transport = streamable_http_client(self.url, http_client=http)
            async with Client(transport, **options) as client:
                yield client

    def call(self, key: str, tool: str, **arguments: Any) -> CallToolResult:
        """One tool call through the official client, over a connection of its own."""

        async def call() -> CallToolResult:
            async with self.connected(key) as client:
                return await client.call_tool(tool, arguments)

        return asyncio.run(call())

    def data(self, key: str, tool: str, **arguments: Any) -> dict[str, Any]:
        """The JSON of a call that must work."""
        return data_of(self.call(key, tool, **{"response_format": "json", **arguments}))

    def tools(self, key: str) -> list[str]:
        """The names of the tools that this key's holder sees, in order."""

        async def listed() -> list[str]:
            async with self.connected(key) as client:
                return [tool.name for tool in (await client.list_tools()).tools]

        return asyncio.run(listed())

    def listing(self, key: str) -> list[dict[str, Any]]:
        """The tools that this key's holder sees, as they are sent."""
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        return list(self.post(key, json=message).json()["result"]["tools"])

    def send(
        self, key: str, message: object, headers: Mapping[str, str] | None = None
    ) -> HTTPConnection:
        """Posts without waiting for the answer. Closing the connection leaves."""
        client = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        told = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        client.request("POST", "/mcp", json.dumps(message), {**told, **(headers or {})})
        return client

    def post(self, key: str | None = None, **request: Any) -> httpx2.Response:
        """A bare POST to /mcp; a ping unless `json` or `content` says otherwise."""
        if not {"json", "content"} & request.keys():
            request["json"] = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= request.pop("headers", {})
        return httpx2.post(self.url, headers=headers, **{**PATIENT, **request})


def eventually(look: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """What `look` returns, as soon as that is something."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"still {seen!r} after {seconds} s"
        time.sleep(0.05)
    return seen


def until_too_many(attempt: Callable[[], httpx2.Response]) -> httpx2.Response:
    """The first answer 429. How many attempts it takes depends on the machine: what they are
    counted against refills meanwhile."""
    for _ in range(200):
        if (answer := attempt()).status_code == 429:
            return answer
    raise AssertionError("200 attempts, and none was too many")


def text_of(result: CallToolResult) -> str:
    return "\n".join(getattr(block, "text", "") for block in result.content)


def data_of(result: CallToolResult) -> dict[str, Any]:
    """The structured content of a call that must have worked."""
    assert not result.is_error, text_of(result)
    assert result.structured_content is not None
    return dict(result.structured_content)


@contextmanager
def running_server(folder: Path, **env: str) -> Iterator[Server]:
    env = {"PORT": str(free_port()), **env}
    port = int(env["PORT"])
    log = folder / f"server-{port}.log"
    with running(
        "mcp_serve",
        ready_url=f"http://127.0.0.1:{port}/ready",
        log=log,
        env=environment(**env),
    ) as process:
        yield Server(port, log, process)


@dataclass(frozen=True)
class Infinity:
    """A running sandbox."""

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v2"

    @property
    def control(self) -> str:
        return f"http://127.0.0.1:{self.port}/_sandbox"

    def requests(self) -> list[dict[str, Any]]:
        """`{method, path, query, status, token}` of each, since the last reset."""
        answer = httpx2.get(f"{self.control}/requests", **PATIENT).raise_for_status()
        return list(answer.json()["recent"])

    def reset(self) -> None:
        """Back to the seed, and no request counted."""
        httpx2.post(f"{self.control}/reset", **PATIENT).raise_for_status()


@contextmanager
def running_infinity(folder: Path, **options: object) -> Iterator[Infinity]:
    """`options` as `infinity_sandbox --set` takes them; no test is to run into the rate limit."""
    port = free_port()
    infinity = Infinity(port)
    options = {"requests_per_minute": 1_000_000, **options}
    settings = [part for each in options.items() for part in ("--set", "{}={}".format(*each))]
    with running(
        "infinity_sandbox",
        "--port",
        str(port),
        *settings,
        ready_url=f"{infinity.control}/requests",
        log=folder / f"infinity-{port}.log",
        env=os.environ,
    ):
        yield infinity


@contextmanager
def silent_infinity() -> Iterator[tuple[str, list[socket.socket]]]:
    """An upstream that accepts connections and never answers; the connections it has."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connections: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connections.append(listener.accept()[0])
                except OSError:
                    return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/api/v2", connections
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            for connection in connections:
                connection.close()
