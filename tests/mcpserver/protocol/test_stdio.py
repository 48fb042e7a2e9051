"""One developer, no database: MCP over standard input and output."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from mcp import Client, StdioServerParameters
from mcp_types import PromptReference, TextContent, TextResourceContents

from mcpserver.sandbox import ADA_TOKEN
from tests.support import PATIENCE_SECONDS, ROOT, data_of

INITIALIZE = (
    b'{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18",'
    b'"capabilities":{},"clientInfo":{"name":"test","version":"0"}}}\n'
)


def stdio_environment(folder: Path) -> dict[str, str]:
    """No secret, no database and no `.env`."""
    unset = ("DJANGO_SECRET_KEY", "MCP_CREDENTIAL_STORE_KEY", "DATABASE_URL")
    return {
        **{name: value for name, value in os.environ.items() if name not in unset},
        "DJANGO_SETTINGS_MODULE": "infinity_mcp.settings",
        "ENV_FILE": str(folder / "absent.env"),
        "DATA_DIR": str(folder / "absent"),
        "TRANSPORT": "stdio",
        "INFINITY_API_BASE_URL": "sandbox:",
        "INFINITY_API_TOKEN": ADA_TOKEN,
    }


def stdio_server(folder: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["manage.py", "mcp_serve"],
        cwd=ROOT,
        env=stdio_environment(folder),
    )


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_the_official_client_works_over_stdio(tmp_path: Path, mode: str) -> None:
    async def workspaces() -> list[str]:
        async with Client(stdio_server(tmp_path), mode=mode) as client:
            tools = {tool.name for tool in (await client.list_tools()).tools}
            assert "infinity_create_item" in tools
            page = data_of(
                await client.call_tool("infinity_list_workspaces", {"response_format": "json"})
            )
            return [workspace["name"] for workspace in page["data"]]

    assert any("Sandbox" in name for name in asyncio.run(workspaces()))
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_prompts_completions_and_resources_work_over_stdio(tmp_path: Path, mode: str) -> None:
    report = PromptReference(name="weekly_report")

    async def use() -> None:
        async with Client(stdio_server(tmp_path), mode=mode) as client:
            typed = {"name": "workspace", "value": "sandbox d"}
            [workspace] = (await client.complete(report, typed)).completion.values
            typed = {"name": "board", "value": "prod"}
            place = {"workspace": "31337"}
            [board] = (await client.complete(report, typed, place)).completion.values
            arguments = {"workspace": workspace, "board": board}
            [message] = (await client.get_prompt(report.name, arguments)).messages
            assert isinstance(message.content, TextContent)
            assert '- board: "Product roadmap"' in message.content.text

            listed = {"workspace_id": "31337", "response_format": "json"}
            boards = await client.call_tool("infinity_list_boards", listed)
            id = data_of(boards)["data"][0]["id"]
            address = f"infinity://workspaces/31337/boards/{id}"
            [content] = (await client.read_resource(address)).contents
            assert isinstance(content, TextResourceContents)
            assert content.text

    asyncio.run(use())


def test_nothing_but_protocol_is_on_standard_output(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "mcp_serve"],
        cwd=ROOT,
        env=stdio_environment(tmp_path),
        input=INITIALIZE,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert 1 == len(lines)
    assert lines[0].startswith(b'{"jsonrpc":"2.0","id":1,"result":')


def test_without_a_token_it_says_what_to_set(tmp_path: Path) -> None:
    env = stdio_environment(tmp_path) | {"INFINITY_API_TOKEN": ""}
    done = subprocess.run(
        [sys.executable, "manage.py", "mcp_serve"], cwd=ROOT, env=env, capture_output=True
    )
    assert 1 == done.returncode
    assert b"Set INFINITY_API_TOKEN" in done.stderr
    assert b"" == done.stdout


def test_a_token_that_cannot_be_sent_is_told(tmp_path: Path) -> None:
    env = stdio_environment(tmp_path) | {"INFINITY_API_TOKEN": f"Bearer {ADA_TOKEN}"}
    done = subprocess.run(
        [sys.executable, "manage.py", "mcp_serve"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        input=b"",
    )
    assert (1, b"") == (done.returncode, done.stdout)
    assert b"alone and without the word Bearer" in done.stderr


@pytest.mark.parametrize("lost", ["full", "closed", "unread"])
def test_output_that_is_lost_ends_it_in_a_line(tmp_path: Path, lost: str) -> None:
    unread, pipe = os.pipe()
    os.close(unread)
    outputs = {"full": ">/dev/full", "closed": ">&-", "unread": ""}
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" manage.py mcp_serve {outputs[lost]}', sys.executable],
        cwd=ROOT,
        env=stdio_environment(tmp_path),
        input=INITIALIZE,
        stdout=pipe,
        stderr=subprocess.PIPE,
        timeout=PATIENCE_SECONDS,
    )
    os.close(pipe)
    told = done.stderr.decode().splitlines()
    assert (1, 0 if lost == "unread" else 1) == (done.returncode, len(told)), told
    assert all(line.startswith("The output could not be written: ") for line in told)
