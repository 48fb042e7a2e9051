"""Measures other callers while the worst inputs arrive: scripts/bench --worst-inputs SECONDS.

Four callers send inputs that take long to read, convert or refuse to two workers, on SQLite and on
--database. In that time /health and another user's calls are timed, each on a connection of its
own, so that both workers get some of them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from mcpserver.sandbox import ADA_TOKEN
from tests.bench import servers
from tests.bench.load import Target
from tests.support import PATIENT, running_infinity

ATTACKERS = 4
PAUSE_SECONDS = 0.02
MAX_P99_MS = 100.0
LARGE = 100_000
HEADING = """\
| request | count | p50 ms | p99 ms | longest ms | failed |
|---|---|---|---|---|---|"""

HOSTILE_MARKDOWN = {
    "images": "![" * LARGE,
    "brackets": "[" * 2 * LARGE,
    "emphasis": "*a **b " * (LARGE // 4),
    "ticks": " ".join("`" * n for n in range(400)),
    "quotes": ">" * LARGE,
    "table": "|a|b|\n|-|-|\n" + "|c|d|\n" * (LARGE // 3),
    "tags": "<" * LARGE,
}
HOSTILE_HTML = {
    "paragraphs": "<p x" * 12_400,
    "depth": "<div>" * 4_500 + "x" + "</div>" * 4_500,
    "expansion": "<blockquote>" * 200 + "x<br>" * 6_000 + "</blockquote>" * 200,
    "misnested": "<p><b><i><u>" * 3_000,
    "cells": "<table><tr>" + "<td>x" * 8_000,
}


@dataclass
class Timed:
    """What one kind of request took, ms, and how often it failed."""

    name: str
    milliseconds: list[float] = field(default_factory=list)
    failures: int = 0

    @property
    def p99(self) -> float:
        return statistics.quantiles(self.milliseconds, n=100)[98]

    def row(self) -> str:
        values = (
            len(self.milliseconds),
            statistics.median(self.milliseconds),
            self.p99,
            max(self.milliseconds),
            self.failures,
        )
        return "| {} | {:,} | {:.1f} | {:.1f} | {:.1f} | {} |".format(self.name, *values)


def compare(seconds: float, database: str, folder: Path) -> list[str]:
    """Prints a table for each database; returns what is too slow or failed."""
    problems = []
    for url in filter(None, ("sqlite", database)):
        name = url.partition(":")[0]
        own = folder / name
        own.mkdir()
        with _installed(own, "" if url == "sqlite" else url) as (target, place):
            timed = _measure(target, place, seconds)
        print(f"{name}, two workers, {seconds:.0f} s\n")
        print(
            "| request | count | p50 ms | p99 ms | longest ms | failed |\n|---|---|---|---|---|---|"
        )
        print("\n".join(each.row() for each in timed), end="\n\n")
        watched = [each for each in timed if each.name != "worst inputs"]
        problems += [
            f"{name}: {each.name} has a p99 of {each.p99:.0f} ms, {each.failures} failed"
            for each in watched
            if each.p99 > MAX_P99_MS or each.failures
        ]
    return problems


@contextmanager
def _installed(folder: Path, server: str) -> Iterator[tuple[Target, dict[str, Any]]]:
    with running_infinity(folder) as infinity, servers.new_database(server) as database:
        place = _with_hostile_content(infinity.url)
        upstream = Target("infinity", infinity.url, ["-"], 0, is_upstream=True)
        ours = servers.Installation(folder, upstream, database, token=ADA_TOKEN)
        with ours.running("ours", workers=2) as (target, _):
            yield target, place


def _with_hostile_content(api: str) -> dict[str, Any]:
    """Where the worst texts are kept that a reader can meet, as comments and long texts."""
    headers = {"Authorization": f"Bearer {ADA_TOKEN}", "X-API-Version": "2026-04-20.morava"}
    with httpx2.Client(base_url=api, headers=headers, **PATIENT) as http:

        def listed(path: str) -> list[dict[str, Any]]:
            answer = http.get(path, params={"limit": 100}).raise_for_status()
            return list(answer.json()["data"])

        workspace = listed("/workspaces")[0]["id"]
        board = listed(f"/workspaces/{workspace}/boards")[0]["id"]
        path = f"/workspaces/{workspace}/boards/{board}"
        attributes = {each["name"]: each["id"] for each in listed(f"{path}/attributes")}
        items = listed(f"{path}/items")
        for item, text in zip(items, list(HOSTILE_HTML.values()) * 2, strict=False):
            value = {"attribute_id": attributes["Notes"], "data": text}
            http.put(f"{path}/items/{item['id']}", json={"values": [value]}).raise_for_status()
        for text in list(HOSTILE_HTML.values()) * 20:
            body = {"text": text[:50_000]}
            http.post(f"{path}/items/{items[0]['id']}/comments", json=body).raise_for_status()
        folder = listed(f"{path}/folders")[0]["id"]
    ids = {"workspace_id": str(workspace), "board_id": board}
    return {"ids": ids, "item_id": items[0]["id"], "folder_id": folder}


def worst_calls(place: dict[str, Any]) -> list[bytes]:
    """Bodies of tools/call, each under the limit of a request."""
    ids, item = place["ids"], {**place["ids"], "item_id": place["item_id"]}
    new = {**ids, "folder_id": place["folder_id"]}

    def call(tool: str, **arguments: Any) -> bytes:
        params = {"name": tool, "arguments": arguments}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        return json.dumps(message).encode()

    names = {f"unknown {n}": 1 for n in range(180_000)}
    return [
        *(call("infinity_create_comment", **item, text=t) for t in HOSTILE_MARKDOWN.values()),
        *(call("infinity_create_comment", **item, text=t) for t in HOSTILE_HTML.values()),
        *(
            call("infinity_update_item", **item, values={"Notes": text})
            for text in (HOSTILE_MARKDOWN | HOSTILE_HTML).values()
        ),
        call("infinity_create_item", **new, values=names),
        call("infinity_create_item", **new, values=json.dumps(names)[:4_000_000]),
        call("infinity_create_item", **new, values={"Checklist": [{"name": "a"}] * 150_000}),
        call("infinity_create_item", **new, values={"Links": ["https://example.org"] * LARGE}),
        call("infinity_create_item", **new, values={"Areas": ["Web"] * LARGE}),
        call("infinity_list_items", **ids, expand=["values"] * 300_000),
        call("infinity_list_items", **ids, sort_by="x" * LARGE, folder_id="y" * LARGE),
        call("infinity_list_items", **ids, after="z" * 1_000_000),
        call("infinity_list_items", **ids, expand=["values.attribute"], limit=100),
        call("infinity_list_item_values", **ids, limit=100),
        call("infinity_list_comments", **item, limit=100),
        call("infinity_get_item_values", **item),
        call("x" * LARGE),
        b"[" * 4_000_000,
        b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":[' + b"[]," * 1_000_000 + b"1]}}",
    ]


def _measure(target: Target, place: dict[str, Any], seconds: float) -> list[Timed]:
    end = time.monotonic() + seconds
    address = urlsplit(target.url).netloc
    keys = target.keys
    profile = {"name": "infinity_get_profile", "arguments": {}}
    mine = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": profile}
    health, calls, worst = Timed("/health"), Timed("another user's call"), Timed("worst inputs")
    watchers: list[tuple[Timed, Callable[[], bool]]] = [
        (health, lambda: _send(address, "GET", "/health")),
        (calls, lambda: _send(address, "POST", "/mcp", keys[-1], json.dumps(mine).encode())),
    ]
    threads = [threading.Thread(target=_time, args=(*each, end)) for each in watchers]
    with _attacking(target, place, seconds) as attackers:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for attacker in attackers:
            lines, _ = attacker.communicate()
            worst.milliseconds += json.loads(lines)
    return [health, calls, worst]


def _time(timed: Timed, send: Callable[[], bool], end: float) -> None:
    while (began := time.monotonic()) < end:
        timed.failures += not send()
        timed.milliseconds.append((time.monotonic() - began) * 1000)
        time.sleep(PAUSE_SECONDS)


def _send(address: str, method: str, path: str, key: str = "", body: bytes = b"") -> bool:
    """Whether it was answered as it should; over a connection of its own."""
    client = HTTPConnection(address, timeout=60)
    headers = {"Content-Type": "application/json", "Connection": "close"}
    try:
        client.request(method, path, body, headers | {"Authorization": f"Bearer {key}"})
        answer = client.getresponse()
        return answer.status == 200 and b'"isError":true' not in answer.read()
    finally:
        client.close()


@contextmanager
def _attacking(
    target: Target, place: dict[str, Any], seconds: float
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Processes of their own, so that they do not slow what measures down."""
    command = [sys.executable, "-m", "tests.bench.worst_inputs"]
    processes = []
    for key in target.keys[:ATTACKERS]:
        what = json.dumps([target.url, key, place, seconds]).encode()
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin
        process.stdin.write(what)
        process.stdin.close()
        process.stdin = None
        processes.append(process)
    try:
        yield processes
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def attack(url: str, key: str, place: dict[str, Any], seconds: float) -> list[float]:
    """Sends the worst calls in turn; the ms that each answer took."""
    address, timed = urlsplit(url).netloc, Timed("worst inputs")
    calls, end = worst_calls(place), time.monotonic() + seconds
    while time.monotonic() < end:
        for body in calls:
            began = time.monotonic()
            if began >= end:
                break
            _send(address, "POST", "/mcp", key, body)
            timed.milliseconds.append((time.monotonic() - began) * 1000)
            time.sleep(PAUSE_SECONDS)
    return timed.milliseconds


if __name__ == "__main__":
    json.dump(attack(*json.load(sys.stdin)), sys.stdout)
