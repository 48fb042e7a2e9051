"""Puts load on a server with wrk, and reads what its processes use from /proc."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from tests.bench.upstream import HITS

SCRIPT = Path(__file__).with_name("load.lua")
WRONG = ('"isError":true', '"error":{')
TICKS = os.sysconf("SC_CLK_TCK")


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
    """Of one case on one target: calls, those of a second, milliseconds, and what went wrong."""

    calls: int
    rate: float
    p50: float
    p99: float
    cpu: float
    failed: int


def problem(target: Target, case: Case) -> str:
    """What is wrong with the answer to one call, in peace; empty when nothing is."""
    headers = {
        "Authorization": f"Bearer {target.keys[0]}",
        "Accept": "application/json, text/event-stream",
        "Content-Type": "application/json",
    }
    verb, url = _request(target, case)
    answer = httpx2.request(verb, url, content=case.message, headers=headers, timeout=60)
    wrong = answer.status_code != 200 or any(mark in answer.text for mark in WRONG)
    return f"{answer.status_code} {answer.text[:500]}" if wrong else ""


def measure(
    target: Target, case: Case, connections: int, seconds: float, *, look: bool = False
) -> Figures:
    """`look` reads every answer, which slows wrk down."""
    verb, url = _request(target, case)
    environment = {
        **os.environ,
        "BENCH_METHOD": verb,
        "BENCH_BODY": case.message,
        "BENCH_KEYS": " ".join(target.keys),
        **({"BENCH_LOOK": "1"} if look else {}),
    }
    used = target.cpu_seconds()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s"]
    command += ["-s", str(SCRIPT), url]
    output = subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True
    ).stdout
    found = json.loads(output.splitlines()[-1])
    calls = found["calls"]
    return Figures(
        calls=calls,
        rate=calls / found["seconds"],
        p50=found["p50"],
        p99=found["p99"],
        cpu=(target.cpu_seconds() - used) * 1000 / max(calls, 1),
        failed=found["failed"],
    )


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
