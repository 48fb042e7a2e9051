"""Mixed load for a while, and what it leaves behind; scripts/soak runs it."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from redis import Redis  # noqa: E402 - after Django is set up, as are those below

from mcpserver.sandbox import ADA_TOKEN  # noqa: E402
from tests.production.growth import (  # noqa: E402
    MAX_KIB_PER_CALL,
    SAMPLES,
    Sample,
    is_leak,
    kib_per_call,
)
from tests.production.load import Load, under_load  # noqa: E402
from tests.production.support import (  # noqa: E402
    Postgres,
    manage,
    own_postgres,
    own_redis,
)
from tests.support import (  # noqa: E402
    Server,
    environment,
    running_infinity,
    running_server,
)

SECONDS = 120.0
WARM_UP_SECONDS = 10.0  # until pools are filled and what is loaded late is loaded
CLIENTS = 2  # of each call
PAUSE_SECONDS = 0.02
WORKERS = 2
SLACK = 4  # connections that a moment with more to do at once may open


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def mixed(server: Server, key: str) -> list[dict[str, Any]]:
    """What agents do all day: look, list, read, and change something now and then."""
    workspace = str(server.data(key, "infinity_list_workspaces")["data"][0]["id"])
    boards = server.data(key, "infinity_list_boards", workspace_id=workspace)
    place = {"workspace_id": workspace, "board_id": boards["data"][0]["id"]}
    folders = server.data(key, "infinity_list_folders", **place)["data"]
    renamed = {**place, "folder_id": folders[0]["id"], "name": "Renamed"}

    def call(tool: str, **arguments: Any) -> dict[str, Any]:
        return request("tools/call", name=tool, arguments=arguments)

    return [
        request("tools/list"),
        call("infinity_get_profile"),
        call("infinity_list_items", **place, expand=["values.attribute"]),
        call("infinity_update_folder", **renamed),
    ]


@dataclass
class Watch:
    """Looks at the server from outside."""

    server: Server
    postgres: Postgres
    redis_url: str
    loads: list[Load] = field(default_factory=list)
    rows: list[tuple[int, float, int, int]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def look(self) -> None:
        with Redis.from_url(self.redis_url) as redis:
            in_redis = len(redis.client_list()) - 1
        self.rows.append((*self._sample(), self.postgres.connections(), in_redis))

    def sample(self, seconds: float) -> None:
        """For that long, what `growth` judges."""
        for _ in range(SAMPLES):
            time.sleep(seconds / SAMPLES)
            self.samples.append(self._sample())

    def _sample(self) -> Sample:
        answered = sum(len(load.answers) for load in self.loads)
        return answered, _memory_mib(self.server.process.pid)

    def table(self) -> str:
        names = (
            "Calls answered",
            "Memory, MiB",
            "Connections to PostgreSQL",
            "Connections to Redis",
        )
        lines = ["| | Start | Middle | End |", "|---|---|---|---|"]
        for name, values in zip(names, zip(*self.rows, strict=True), strict=True):
            cells = " | ".join(f"{value:,.0f}" for value in values)
            lines.append(f"| {name} | {cells} |")
        return "\n".join(lines)

    def problems(self) -> list[str]:
        """What grew from the middle on."""
        (_, _, *connections), (_, _, *last_connections) = self.rows[1:]
        found = []
        if any(last > SLACK + n for n, last in zip(connections, last_connections, strict=True)):
            found.append("connections grew")
        if is_leak(self.samples):
            found.append(f"memory grew by more than {MAX_KIB_PER_CALL} KiB with each call")
        return found


def _memory_mib(pid: int) -> float:
    """Resident, of the process and its children."""
    status = Path(f"/proc/{pid}/status").read_text()
    own = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return own + sum(_memory_mib(int(child)) for child in children)


@contextmanager
def installed(folder: Path) -> Iterator[tuple[Watch, str]]:
    """Everything that takes part, and a key."""
    with (
        own_postgres() as postgres,
        own_redis() as (_, redis_url),
        running_infinity(folder) as infinity,
    ):
        changes = {"DATABASE_URL": postgres.url, "CACHE_URL": redis_url, "WORKERS": str(WORKERS)}
        env = environment(**changes)
        manage(env, "migrate", "--verbosity=0")
        profile = ("--id", "team", "--name", "Team", "--base-url", infinity.url)
        manage(env, "credentials_add_profile", *profile, stdin=f"{ADA_TOKEN}\n")
        user = ("--name", "alice", "--profile", "team", "--access", "admin")
        manage(env, "credentials_add_user", *user, "--key-file", str(folder / "key"))
        with running_server(folder, **changes) as server:
            yield Watch(server, postgres, redis_url), (folder / "key").read_text().strip()


def soak(seconds: float, folder: Path) -> int:
    with installed(folder) as (watch, key), ExitStack() as stack:
        for call in mixed(watch.server, key):
            load = under_load(
                watch.server.url, key, call=call, clients=CLIENTS, pause=PAUSE_SECONDS
            )
            watch.loads.append(stack.enter_context(load))
        time.sleep(min(WARM_UP_SECONDS, seconds / 4))
        watch.look()
        time.sleep(seconds / 2)
        watch.look()
        watch.sample(seconds / 2)
        watch.look()
        stack.close()
        print(f"{seconds:.0f} s, {WORKERS} workers, {CLIENTS * len(watch.loads)} clients\n")
        print(watch.table())
        print(f"\nMemory in the second half: {kib_per_call(watch.samples):+.2f} KiB with each call")
        failed = [answer for load in watch.loads for answer in load.answers if not answer.worked]
        problems = [f"{len(failed)} calls failed: {failed[:3]}"] if failed else []
        problems += watch.problems()
        print("\nNo error." if not problems else "\n".join(problems))
        return len(problems)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("scripts/soak", description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=SECONDS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="infinity-mcp-soak-") as scratch:
        sys.exit(soak(given.seconds, Path(scratch)))
