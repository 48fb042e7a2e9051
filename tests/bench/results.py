"""Measures what results cost a model: scripts/bench --results.

A folder in a new sandbox is filled, always the same (tests.bench.board), then read and changed over
HTTP by calls in both formats and by whole jobs. What is measured is what most clients hand to their
model: structured content if there is any, else the text.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from mcpserver.management.tokens import RESULT_BYTES_PER_TOKEN
from mcpserver.sandbox import ADA_TOKEN
from tests.bench import servers
from tests.bench.board import (
    CHILDREN,
    COMMENTS,
    GIANT,
    PARENT,
    SHORT,
    TO_FINISH,
    Board,
    last_words,
    title,
)
from tests.bench.load import Target
from tests.support import PATIENT, ROOT, running_infinity

FORMATS = ("markdown", "json")
HEADING = """\
| {} | format | {} | calls | characters | bytes | {} |
|---|---|---|---|---|---|---|"""


class Agent:
    """Calls tools over HTTP in one format, and keeps what a model gets of each answer."""

    def __init__(self, url: str, key: str, format: str = "json") -> None:
        self._url, self._headers = url, {"Authorization": f"Bearer {key}"}
        self.format, self.seen = format, list[str]()

    def call(self, tool: str, **arguments: Any) -> str:
        """What a model gets of the answer. Raises RuntimeError for a tool's error."""
        asked = {"response_format": self.format, **arguments}
        params = {"name": f"infinity_{tool}", "arguments": asked}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        sent = httpx2.post(self._url, headers=self._headers, json=message, **PATIENT)
        answer = sent.raise_for_status().json()
        result = answer.get("result") or {"isError": True, "content": [{"text": str(answer)}]}
        text = str(result["content"][0]["text"])
        if result.get("isError"):
            raise RuntimeError(f"{tool}: {text}")
        if data := result.get("structuredContent"):
            text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        self.seen.append(text)
        return text

    def data(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The JSON of a call."""
        return dict(json.loads(self.call(tool, **arguments, response_format="json")))

    def pages(self, tool: str, **arguments: Any) -> Iterator[str]:
        """Every page of a list, by the cursors that the pages name."""
        after: str | None = None
        while True:
            page = self.call(tool, **arguments, **({"after": after} if after else {}))
            yield page
            if not (after := _next(page)):
                return


@dataclass(frozen=True)
class Measured:
    """The answers of a call or a job, and how much of what was wanted they gave."""

    what: str
    format: str
    found: int
    wanted: int
    seen: list[str] = field(repr=False)


def compare(folder: Path, count: int) -> tuple[list[Measured], list[Measured]]:
    """Measures single calls, and jobs, on a folder of `count` items."""
    with ExitStack() as running:
        infinity = running.enter_context(running_infinity(folder))
        sandbox = Target("infinity", infinity.url, ["-"], 0, is_upstream=True)
        ours = servers.Installation(folder, sandbox, "", token=ADA_TOKEN)
        target, _ = running.enter_context(ours.running("ours"))
        board = Board(Agent(target.url, target.keys[0]), count)
        agents = [Agent(target.url, target.keys[0], format) for format in FORMATS]
        calls = [row for agent in agents for row in _calls(agent, board)]
        return calls, [row for agent in agents for row in _jobs(agent, board)]


def as_markdown(calls: list[Measured], jobs: list[Measured]) -> str:
    """A table of the calls and one of the jobs. Tokens are counted where node has js-tiktoken."""
    counted = _counted([text for row in (*calls, *jobs) for text in row.seen])
    unit = "tokens (o200k)" if counted else "tokens (estimated)"
    tables = []
    for what, found, rows in (("call", "records seen", calls), ("job", "right", jobs)):
        lines = [HEADING.format(what, found, unit)]
        tables.append("\n".join([*lines, *(_line(row, counted) for row in rows)]))
    return "\n\n".join(tables)


def _calls(agent: Agent, board: Board) -> Iterator[Measured]:
    """One page of what agents read most."""
    values, named = {"expand": ["values"]}, {"expand": ["values.attribute"]}
    attributes = [*board.attributes]
    cases: list[tuple[str, dict[str, Any], dict[str, Any], list[str]]] = [
        ("get_profile", {}, {}, ["4242"]),
        ("describe_board", board.place, {}, attributes),
        ("list_attributes", board.place, {}, attributes),
        ("list_items, seven short columns", board.short, {**values, "limit": 50}, board.short_ids),
        ("list_items", board.folder, {"limit": 50}, board.ids[:50]),
        ("list_items", board.folder, {**values, "limit": 50}, board.ids[:50]),
        ("list_items", board.folder, {**named, "limit": 50}, board.ids[:50]),
        ("list_items", board.folder, {**named, "limit": 100}, board.ids[:100]),
        ("get_item_values, 3,000 characters", board.item(PARENT), {}, [*SHORT, "Notes"]),
        ("get_item_values, 50,000 characters", board.item(GIANT), {}, [*SHORT, "Notes"]),
        ("list_comments", board.item(PARENT), {}, board.comments),
        ("read_item", board.item(PARENT), {}, [title(n) for n in (PARENT, *CHILDREN)]),
    ]
    for name, place, options, wanted in cases:
        text = agent.call(name.partition(",")[0], **place, **options)
        given = "".join(f", {key} {_plain(value)}" for key, value in options.items())
        yield Measured(name + given, agent.format, _found(text, wanted), len(wanted), [text])


def _jobs(agent: Agent, board: Board) -> Iterator[Measured]:
    """What people ask agents for, each done with the fewest calls that there are for it."""
    jobs: dict[str, Callable[[Agent, Board], tuple[int, int]]] = {
        "how many items per status": _count_statuses,
        "set Done on 12 items": _finish_items,
        "summarise an item with comments and sub-items": _summarise,
        "attach a file": _attach_file,
        "log two hours": _log_time,
    }
    for name, job in jobs.items():
        start = len(agent.seen)
        found, wanted = job(agent, board)
        yield Measured(name, agent.format, found, wanted, agent.seen[start:])


def _count_statuses(agent: Agent, board: Board) -> tuple[int, int]:
    labels: dict[str, str] = {}
    if agent.format == "json":  # where labels are ids
        attributes = json.loads(agent.call("list_attributes", **board.place))["data"]
        status = next(each for each in attributes if each["name"] == "Status")
        labels = {label["id"]: label["name"] for label in status["settings"]["labels"]}
    pages = agent.pages("list_items", **board.folder, expand=["values"], limit=100)
    counted = Counter(status for page in pages for status in _statuses(page, labels))
    return (counted & board.statuses).total(), max(counted.total(), len(board.ids))


def _statuses(page: str, labels: dict[str, str]) -> Iterator[str]:
    """The status of each item on a page."""
    if labels:
        for item in json.loads(page)["data"]:
            entries = [entry for value in item["values"] for entry in _entries(value["data"])]
            yield next(labels[entry] for entry in entries if entry in labels)
        return
    rows = [
        line.split(" | ")
        for line in page.splitlines()
        if re.match(r"id \| |[0-9a-f-]{36} \| ", line)
    ]
    column = rows[0].index("Status")
    for row in rows[1:]:
        yield row[column]


def _finish_items(agent: Agent, board: Board) -> tuple[int, int]:
    values = {"Done": agent.format == FORMATS[0]}  # so that there is something to change in each
    done = [agent.call("update_item", **board.item(n), values=values) for n in TO_FINISH]
    return _found("\n".join(done), [board.ids[n - 1] for n in TO_FINISH]), len(TO_FINISH)


def _summarise(agent: Agent, board: Board) -> tuple[int, int]:
    text = agent.call("read_item", **board.item(PARENT))
    wanted = [title(n) for n in (PARENT, *CHILDREN)] + [last_words(PARENT)]
    wanted += [last_words(n) for n in range(COMMENTS)]
    return _found(text, wanted), len(wanted)


def _attach_file(agent: Agent, board: Board) -> tuple[int, int]:
    content = base64.b64encode(b"Minutes of a meeting").decode()
    place = {"workspace_id": board.place["workspace_id"]}
    file = {"file_name": "minutes.txt", "content_base64": content}
    made = agent.call("upload_attachment_from_base64", **place, **file)
    id = re.search(r"\bid\W+([\w-]+)", made)
    assert id, made
    text = agent.call("update_item", **board.item(1), values={"Files": [id[1]]})
    return _found(text, [id[1]]), 1


def _log_time(agent: Agent, board: Board) -> tuple[int, int]:
    hours = {"started_at": "2026-03-02T09:00:00Z", "ended_at": "2026-03-02T11:00:00Z"}
    text = agent.call("create_time_entry", **board.item(1), attribute_id="Time spent", **hours)
    return _found(text, ["11:00"]), 1


def _found(text: str, wanted: list[str]) -> int:
    return sum(each in text for each in wanted)


def _next(page: str) -> str | None:
    """The cursor that a page names, if more follow."""
    if page.startswith("{"):
        data = json.loads(page)
        return str(data["after"]) if data["has_more"] else None
    named = re.search(r"^> .*\bafter=(\S+)$", page, re.MULTILINE)
    return named[1] if named else None


def _entries(data: Any) -> list[Any]:
    return data if isinstance(data, list) else [data]


def _plain(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _line(row: Measured, counted: dict[str, int]) -> str:
    characters = sum(map(len, row.seen))
    size = sum(len(text.encode()) for text in row.seen)
    tokens = sum(counted[text] for text in row.seen) if counted else _estimated(size, row.format)
    figures = " | ".join(f"{each:,}" for each in (len(row.seen), characters, size, tokens))
    return f"| {row.what} | {row.format} | {row.found} of {row.wanted} | {figures} |"


def _estimated(size: int, format: str) -> int:
    return round(size / RESULT_BYTES_PER_TOKEN[format])


def _counted(texts: list[str]) -> dict[str, int]:
    """The o200k tokens of each text; nothing without node and js-tiktoken."""
    if not (node := shutil.which("node")):
        return {}
    command = [node, str(ROOT / "tests/bench/tokens.cjs")]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True)
    return dict(zip(texts, json.loads(done.stdout), strict=True)) if not done.returncode else {}
