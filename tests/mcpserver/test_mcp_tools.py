"""`manage.py mcp_tools` prints what tools cost a conversation."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import Any

import orjson
import pytest

from mcpserver.management.costs import CALLS
from mcpserver.tools import tool_names
from tests.conftest import MakeUser
from tests.support import PATIENCE_SECONDS, ROOT, Server, database_dump, environment


def mcp_tools(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "mcp_tools", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def report(*arguments: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    done = mcp_tools("--json", *arguments)
    assert 0 == done.returncode, done.stderr
    return dict(json.loads(done.stdout))


def shown_size(tool: dict[str, Any]) -> int:
    """Bytes of what reaches a model of a listed tool."""
    return len(orjson.dumps({key: tool[key] for key in ("name", "description", "inputSchema")}))


def test_what_an_admin_sees_is_printed_with_what_it_costs(server: Server, key: str) -> None:
    listed = {tool["name"]: shown_size(tool) for tool in server.listing(key)}
    *lines, total = mcp_tools().stdout.splitlines()
    found = [re.fullmatch(r"(\w+) +(\d+) bytes +(\d+) tokens", line) for line in lines]
    assert listed == {match[1]: int(match[2]) for match in found if match}
    assert re.fullmatch(
        rf"{len(listed)} tools +{sum(listed.values())} bytes +\d+ tokens \(estimated\)", total
    )


def test_tokens_are_estimated_from_bytes() -> None:
    printed = report()
    for each in (*printed["tools"], printed["total"]):
        assert 4 < each["bytes"] / each["tokens"] < 4.5  # o200k makes 4.25 of all


@pytest.mark.parametrize("access", ["read-only", "read-write", "admin"])
def test_json_has_each_tool_as_it_is_sent(server: Server, make_user: MakeUser, access: str) -> None:
    _, key = make_user("bob", access)
    listing = server.listing(key)
    printed = report("--access", access)
    assert listing == [tool["listed"] for tool in printed["tools"]]
    assert [tool["name"] for tool in listing] == [tool["name"] for tool in printed["tools"]]
    assert len(listing) == printed["total"]["tools"]
    assert sum(map(shown_size, listing)) == printed["total"]["bytes"]
    assert [] == printed["results"]


def test_what_a_user_sees_is_printed(make_user: MakeUser) -> None:
    make_user("bob", "read-only", allowed_tools=["infinity_get_profile", "infinity_create_item"])
    printed = report("--user", "bob")
    assert ["infinity_get_profile"] == [tool["name"] for tool in printed["tools"]]


def test_an_unknown_user_gets_one_line(transactional_db: None) -> None:
    done = mcp_tools("--user", "nobody")
    assert (1, "", 1) == (done.returncode, done.stdout, len(done.stderr.splitlines()))
    assert "There is no MCP user 'nobody'" in done.stderr


@pytest.mark.parametrize(
    "wrong", [("--access", "root"), ("--access", "admin", "--user", "bob"), ("--results", "x")]
)
def test_wrong_options_are_refused(wrong: tuple[str, ...]) -> None:
    done = mcp_tools(*wrong)
    assert (0, "") != (done.returncode, done.stdout)
    assert done.returncode
    assert "Traceback" not in done.stderr


def test_results_of_typical_calls_are_measured_in_both_formats(transactional_db: None) -> None:
    results = report("--results")["results"]
    assert "mcp_tools" not in database_dump()  # no call is recorded
    expected = [
        (name, arguments, format)
        for name, arguments in CALLS
        if name in tool_names()
        for format in ("markdown", "json")
    ]
    assert expected == [(each["tool"], each["arguments"], each["format"]) for each in results]
    for each in results:
        assert len(each["text"]) == each["characters"] > 0
        assert 2 < len(each["text"].encode()) / each["tokens"] < 3  # ids take many
    texts = {each["tool"]: each["text"] for each in results}
    assert "ada@" in texts["infinity_get_profile"]
    assert "has_more" in texts["infinity_list_comments"]
    assert len(texts["infinity_list_items"]) > 10_000


def test_results_are_printed_a_line_each(transactional_db: None) -> None:
    lines = mcp_tools("--results").stdout.splitlines()
    after = lines[lines.index(next(line for line in lines if "(estimated)" in line)) + 1 :]
    pattern = r"infinity_\w+( \w+=[\w.,]+)? (markdown|json) +\d+ characters +\d+ tokens"
    assert 2 * len([name for name, _ in CALLS if name in tool_names()]) == len(after)
    assert [] == [line for line in after if not re.fullmatch(pattern, line)]
