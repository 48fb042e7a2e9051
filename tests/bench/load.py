"""Puts load on a server with wrk, and reads what its processes use from /proc."""

from __future__ import annotations

import json
import math
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.bench.upstream import HITS

SCRIPT = Path(__file__).with_name("load.lua")
WRONG = ('"isError":true', '"error":{')
TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT_SECONDS = 20  # of a call, after which it has failed: slow is not wrong, but that is lost
LOOK_SECONDS = 0.05
MAX_SECONDS_BUSY = 30.0  # after the load has ended
CALLS_OF_A_CONNECTION = 10  # in a round, at least: fewer say nothing about a median, less of p99
LONGEST = 5  # times the seconds asked for, when a round has too few calls


@dataclass(frozen=True)
class Case:
    """One call: `method` and `params` for a server, `path` and `verb` for the upstream itself."""

    name: str
    method: str
    params: dict[str, Any]
    path: str | None = None
    verb: str = "GET"

    @property
    def message(self) -> str:
        return json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": self.method, "params": self.params},
            separators=(",", ":"),
        )


def _call(tool: str, path: str, verb: str = "GET", **arguments: Any) -> Case:
    params = {"name": f"infinity_{tool}", "arguments": arguments}
    return Case(tool, "tools/call", params, path, verb)


BOARD = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
CASES = (
    Case("tools/list", "tools/list", {}),
    _call("get_profile", "/profile"),
    _call("list_items", "/workspaces/1/boards/Hq7wTz3KfPa/items?limit=100", **BOARD, limit=100),
    _call("create_folder", "/workspaces/1/boards/Hq7wTz3KfPa/folders", "POST", **BOARD, name="n"),
)


@dataclass(frozen=True)
class Target:
    """A server under load: where it answers, the keys it knows, its main process."""

    name: str
    url: str
    keys: Sequence[str]
    pid: int
    is_upstream: bool = False

    def resident_mib(self) -> float:
        """Of the process that uses most: the one worker, or the larger of two."""
        return max(_resident_kib(pid) for pid in _family(self.pid)) / 1024

    def cpu_seconds(self) -> float:
        return sum(_ticks(pid) for pid in _family(self.pid)) / TICKS


@dataclass(frozen=True)
class Figures:
    """Of one case on one target: calls answered, calls begun (when the load ends, one of each
    connection is under way), requests to the upstream, calls answered in a second, milliseconds,
    and what went wrong.

    `cpu` is of a call begun, because a server may well finish what nobody waits for.
    """

    calls: int
    begun: int
    asked: int
    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int


NOTHING = Figures(calls=0, begun=0, asked=0, rate=0, p50=0, p99=0, cpu=0, failed=0)


def fault(case: Case, warm_up: Figures, figures: Figures) -> str:
    """Why a round is a failure; empty when it is none.

    Who answers without asking the upstream is fast, and wrong; who asks twice is wrong too. A call
    under way at the end may have asked, or not.
    """
    if failed := warm_up.failed + figures.failed:
        return f"{failed} calls failed"
    if not figures.calls:
        return "no call was answered"
    least, most = (figures.calls, figures.begun) if case.path else (0, 0)
    if not least <= figures.asked <= most:
        return f"{figures.asked} requests to the upstream for {least} to {most} calls"
    return ""


def problem(target: Target, case: Case) -> str:
    """What is wrong with the answer to one call, in peace; empty when nothing is."""
    headers = {
        "Authorization": f"Bearer {target.keys[0]}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    verb, url = _request(target, case)
    try:
        answer = httpx2.request(
            verb, url, content=case.message, headers=headers, timeout=TIMEOUT_SECONDS
        )
    except httpx2.HTTPError as error:
        return f"no answer: {error!r}"
    wrong = answer.status_code != 200 or any(mark in answer.text for mark in WRONG)
    return f"{answer.status_code} {answer.text[:500]}" if wrong else ""


@dataclass(frozen=True)
class Load:
    """One case called on one target by so many connections at once.

    Who has used no CPU for `quiet_seconds` is idle.
    """

    target: Target
    case: Case
    connections: int
    upstream: Target
    quiet_seconds: float

    def measure(self, seconds: int, *, look: bool = False) -> Figures:
        """Returns when the server is idle again. `look` reads every answer, which slows wrk down.

        Raises TimeoutError.
        """
        asked, used = hits(self.upstream), self.target.cpu_seconds()
        found = self._run(seconds, look)
        wait_until_idle(self.target, self.quiet_seconds)
        used = self.target.cpu_seconds() - used
        return Figures(
            calls=found["calls"],
            begun=found["begun"],
            asked=hits(self.upstream) - asked,
            rate=found["calls"] / found["seconds"],
            p50=found["p50"],
            p99=found["p99"],
            cpu=used * 1000 / max(found["begun"], 1),
            failed=found["failed"],
        )

    def measure_enough(self, seconds: int, rate: float) -> Figures:
        """A round of `seconds`, or of more if they have too few calls. `rate` is what to expect."""
        wanted = CALLS_OF_A_CONNECTION * self.connections
        lasting = seconds_for(wanted, rate, seconds)
        while True:
            figures = self.measure(lasting)
            if figures.calls >= wanted or lasting == LONGEST * seconds:
                return figures
            lasting = max(lasting + 1, seconds_for(wanted, figures.rate, seconds))

    def _run(self, seconds: int, look: bool) -> dict[str, Any]:
        verb, url = _request(self.target, self.case)
        environment = {
            **os.environ,
            "BENCH_METHOD": verb,
            "BENCH_BODY": self.case.message,
            "BENCH_KEYS": " ".join(self.target.keys),
            **({"BENCH_LOOK": "1"} if look else {}),
        }
        command = ["wrk", "-t1", f"-c{self.connections}", f"-d{seconds}s"]
        command += ["--timeout", f"{TIMEOUT_SECONDS}s", "-s", str(SCRIPT), url]
        done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def seconds_for(calls: int, rate: float, seconds: int) -> int:
    """A fifth more than `calls` should take, within `seconds` and the most of them."""
    needed = math.ceil(1.2 * calls / rate) if rate else LONGEST * seconds
    return min(max(seconds, needed), LONGEST * seconds)


def wait_until_idle(target: Target, quiet_seconds: float) -> None:
    """Until the CPU time of its processes has not grown for so long, by more than a tick that
    housekeeping may take. Raises TimeoutError."""
    end = time.monotonic() + MAX_SECONDS_BUSY
    used, since = target.cpu_seconds(), time.monotonic()
    while time.monotonic() - since < quiet_seconds:
        if time.monotonic() > end:
            raise TimeoutError(f"{target.name} works {MAX_SECONDS_BUSY:g} s after its last call")
        time.sleep(LOOK_SECONDS)
        now = target.cpu_seconds()
        if now - used > 1.5 / TICKS:
            used, since = now, time.monotonic()


def hits(upstream: Target) -> int:
    """How many requests it has had."""
    return int(httpx2.get(f"{upstream.url}{HITS}").text)


def _request(target: Target, case: Case) -> tuple[str, str]:
    if target.is_upstream:
        return case.verb, f"{target.url}{case.path}"
    return "POST", target.url


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from _family(int(child))


def _resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


def _ticks(pid: int) -> int:
    """User and system time. Its name, which may hold anything, ends at the last parenthesis."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
