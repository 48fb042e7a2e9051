from __future__ import annotations

import asyncio
import base64
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from mcp.shared.exceptions import MCPError
from pydantic import MISSING

from mcpserver.content.errors import WrongValue
from mcpserver.content.uploads import decoded_file
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.infinity.upstream import always, raw_server
from tests.mcpserver.tools.agent import Agent, ToolCases, agent_of
from tests.mcpserver.tools.conftest import WORKSPACE
from tests.support import (
    ROOT,
    Infinity,
    Server,
    data_of,
    environment,
    free_port,
    running_server,
)

FROM_BASE64 = "infinity_upload_attachment_from_base64"
FROM_URL = "infinity_upload_attachment_from_url"
MAX_REQUEST_BYTES = 32 * 2**20


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


def upload(workspace: Agent, content: bytes, name: str = "plan.pdf") -> dict[str, Any]:
    return workspace.result(FROM_BASE64, file_name=name, content_base64=base64_of(content))


def downloaded(attachment: dict[str, Any]) -> bytes:
    return httpx2.get(attachment["link"]).raise_for_status().content


@pytest.mark.parametrize("size", [1, 2, 3, 100_000])
def test_what_is_uploaded_can_be_downloaded_again(workspace: Agent, size: int) -> None:
    content = random.Random(size).randbytes(size)
    made = upload(workspace, content)
    assert ("plan.pdf", size) == (made["original_name"], made["filesize"])
    assert content == downloaded(made)


def test_line_breaks_in_base64_are_skipped(workspace: Agent) -> None:
    content = bytes(range(256))
    wrapped = base64.encodebytes(content).decode().replace("\n", "\r\n")
    made = workspace.result(FROM_BASE64, file_name="a", content_base64=wrapped)
    assert content == downloaded(made)


PLAN = bytes(range(256)) + b"plan>>>???"  # in base64 it has + and /


def url_safe(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


@pytest.mark.parametrize(
    "written",
    [
        base64_of(PLAN).rstrip("="),
        url_safe(PLAN),
        url_safe(PLAN).rstrip("="),
        f"{base64_of(PLAN)}==",
        f" \t{base64_of(PLAN)}\n\v",
        " ".join(base64_of(PLAN)),
        f"data:application/pdf;base64,{base64_of(PLAN)}",
        f"data:;base64,{base64_of(PLAN)}",
        f"DATA:application/pdf;BASE64,{url_safe(PLAN)}",
        f'\ndata:application/pdf;name="a b.pdf";charset=utf-8;base64,\n{base64_of(PLAN)}',
        f"data:application/pdf;base64,{quote(base64_of(PLAN), safe='')}",
        f"base64,{base64_of(PLAN)}",
        f" BASE64,\n{url_safe(PLAN)}",
        f'"{base64_of(PLAN)}"',
        f"'{base64_of(PLAN)}'\n",
        f"`{base64_of(PLAN)}`",
        f'"data:application/pdf;base64,{base64_of(PLAN)}"',
        f'data:application/pdf;base64,"{base64_of(PLAN)}"',
        f'data:application/pdf;name="a,b;c.pdf";base64,{base64_of(PLAN)}',
        f'data:application/pdf;name="ü\u00a0,.pdf";base64,{base64_of(PLAN)}',
        "\u00a0".join(base64_of(PLAN)),
        f"\ufeff{base64_of(PLAN)}\u200b",
        "\u200b".join((base64_of(PLAN)[:10], base64_of(PLAN)[10:])),
        f"\u200bdata:application/pdf;base64,\u00a0{base64_of(PLAN)}",
        f"\u201c{base64_of(PLAN)}\u201d",
    ],
)
def test_base64_is_read_in_all_its_forms(workspace: Agent, written: str) -> None:
    made = workspace.result(FROM_BASE64, file_name="a", content_base64=written)
    assert PLAN == downloaded(made)


@pytest.mark.parametrize(
    ("written", "arguments", "type"),
    [
        ("data:text/csv;base64,YQ==", {}, "text/csv"),
        ("data:text/csv;charset=utf-8;base64,YQ", {}, "text/csv"),
        ("data:text/csv;base64,YQ==", {"content_type": "text/plain"}, "text/plain"),
        ("data:;base64,YQ==", {}, "application/pdf"),
        ("data:csv;base64,YQ==", {}, None),
        ("YQ", {}, "application/pdf"),
    ],
)
def test_a_data_url_says_its_content_type(
    written: str, arguments: dict[str, str], type: str | None
) -> None:
    given = arguments.get("content_type", MISSING)
    if type is None:
        with pytest.raises(WrongValue, match="is not valid base64"):
            decoded_file("a.pdf", written, given)
    else:
        assert type == decoded_file("a.pdf", written, given)[2]


def test_an_uploaded_file_is_shown_once_an_item_has_it(workspace: Agent, item: Agent) -> None:
    made = upload(workspace, b"Rent 2450.50\n", "lease.txt")
    item.result("infinity_update_item", values_by_name={"Files": [made["id"]]})
    row = item.result("infinity_get_item_attribute_value", attribute_id="Files")
    assert "lease.txt" == row["text"]
    assert b"Rent 2450.50\n" == downloaded(row["data"][0])


def test_infinity_fetches_a_file_from_a_url(workspace: Agent) -> None:
    made = workspace.result(FROM_URL, url="https://example.org/files/plan.pdf?v=2")
    assert "plan.pdf" == made["original_name"]


def test_a_wrong_file_is_refused_and_nothing_is_uploaded(workspace: Agent) -> None:
    cases: ToolCases = [
        (FROM_BASE64, {"content_base64": "a$=="}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": "aGVsb"}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": "=aGVsbG8"}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": "aG=VsbG8"}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": "plan.pdf"}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": "data:,hello"}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": "data:a/b;base64,"}, "content_base64 is empty"),
        (FROM_BASE64, {"content_base64": "===="}, "content_base64 is empty"),
        (FROM_BASE64, {"content_base64": "é"}, "content_base64 is not valid base64"),
        (FROM_BASE64, {"content_base64": ""}, "content_base64 is empty"),
        (FROM_BASE64, {"content_base64": "\r\n"}, "content_base64 is empty"),
        (FROM_BASE64, {"content_base64": None}, "content_base64 is required"),
        (FROM_BASE64, {"content_base64": [1]}, "content_base64: must be text"),
        (FROM_BASE64, {"file_name": ""}, "file_name: is not a plain file name"),
        (FROM_BASE64, {"file_name": ".."}, "file_name: is not a plain file name"),
        (FROM_BASE64, {"file_name": "../plan"}, "file_name: is not a plain file name"),
        (FROM_BASE64, {"file_name": "c:\\plan"}, "file_name: is not a plain file name"),
        (FROM_BASE64, {"file_name": 'a"; x="b'}, "file_name: is not a plain file name"),
        (FROM_BASE64, {"file_name": "a\r\nX: y"}, "file_name: is not a plain file name"),
        (FROM_BASE64, {"file_name": "a" * 256}, "file_name: takes at most 255 characters"),
        (FROM_BASE64, {"content_type": "pdf"}, "content_type: must be a MIME type"),
        (FROM_BASE64, {"content_type": "text/plain\r\nX: y"}, "content_type: must be a MIME type"),
        (FROM_URL, {"url": "ftp://example.org/a"}, "url: is not an http(s) URL"),
        (FROM_URL, {"url": "file:///etc/passwd"}, "url: is not an http(s) URL"),
        (FROM_URL, {"url": "example.org"}, "url: is not an http(s) URL"),
    ]
    for tool, arguments, told in cases:
        whole = {"file_name": "a", "content_base64": "aGVsbG8="} if tool == FROM_BASE64 else {}
        assert told in workspace.refused(tool, **{**whole, **arguments})


# --- What reaches Infinity ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "given", "sent"),
    [
        ("plan.pdf", {}, "application/pdf"),
        ("notes", {}, "application/octet-stream"),
        ("plan.pdf", {"content_type": "text/x.plain+csv"}, "text/x.plain+csv"),
        ("Übersicht 50 %.txt", {}, "text/plain"),
    ],
)
def test_a_file_is_sent_as_multipart_with_its_name_and_type(
    server: Server,
    make_user: MakeUser,
    make_profile: MakeProfile,
    name: str,
    given: dict[str, str],
    sent: str,
) -> None:
    port = free_port()
    profile = make_profile("raw", base_url=f"http://127.0.0.1:{port}/api/v2")
    _, key = make_user(profile=profile)
    arguments = {"workspace_id": WORKSPACE, "file_name": name, **given}
    answer = always({"id": 5}, connection="close")

    async def uploaded() -> tuple[dict[str, str], bytes]:
        async with raw_server(answer, port=port) as raw, server.connected(key) as client:
            content = {"content_base64": base64_of(b"\0\r\n--x")}
            as_json = {"response_format": "json"}
            made = await client.call_tool(FROM_BASE64, {**arguments, **content, **as_json})
            assert 5 == data_of(made)["id"]
            (request,) = raw.requests
            return request.headers, request.body

    headers, body = asyncio.run(uploaded())
    part = only_part(headers["content-type"], body)
    disposition = f'form-data; name="file"; filename="{name}"'
    assert (disposition, sent) == (part["Content-Disposition"], part["Content-Type"])
    assert b"\0\r\n--x" == body.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]


def only_part(content_type: str, body: bytes) -> dict[str, str]:
    """The headers of the one part of a multipart body."""
    assert content_type.startswith("multipart/form-data; boundary=")
    boundary = content_type.partition("boundary=")[2].encode()
    head, tail = body.split(b"\r\n\r\n", 1)
    first, *lines = head.split(b"\r\n")
    assert b"--" + boundary == first
    assert tail.endswith(b"\r\n--" + boundary + b"--\r\n")
    return dict(line.decode().split(": ", 1) for line in lines)


# --- Large files ----------------------------------------------------------------------------------


def test_a_file_beyond_the_body_limit_is_refused_and_told_what_to_do(workspace: Agent) -> None:
    content = base64_of(bytes(4_000_000))
    before = workspace.writes()
    with pytest.raises(MCPError) as refused:
        workspace.call(FROM_BASE64, file_name="a", content_base64=content)
    told = str(refused.value)
    for part in ("larger than 4194304 bytes", "nothing was done", FROM_URL, "MCP_MAX_REQUEST"):
        assert part in told
    assert before == workspace.writes()


def test_where_the_limit_is_raised_a_file_of_20_mb_passes_in_modest_memory(
    portal: BlockingPortal, make_user: MakeUser, infinity: Infinity, tmp_path: Path
) -> None:
    _, key = make_user()
    content = random.Random(0).randbytes(20_000_000)
    limits = {"MCP_MAX_REQUEST_BYTES": str(MAX_REQUEST_BYTES)}
    with (
        running_server(tmp_path, **limits) as server,
        agent_of(portal, server, key, infinity) as agent,
    ):
        before = most_memory(server.process)
        made = upload(agent.at(workspace_id=WORKSPACE), content)
        used = most_memory(server.process) - before
    assert content == downloaded(made)
    # A request of 27 MB: the body, its JSON here and in the SDK, and the file.
    assert used < 220 * 2**20


def most_memory(process: subprocess.Popen[bytes]) -> int:
    """Bytes that the process ever had in memory."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def test_a_limit_above_32_mib_stops_the_start(transactional_db: None) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "mcp_serve"],
        cwd=ROOT,
        env=environment(PORT=str(free_port()), MCP_MAX_REQUEST_BYTES=str(MAX_REQUEST_BYTES + 1)),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert 1 == done.returncode
    assert "MCP_MAX_REQUEST_BYTES may be 33554432 (32 MiB) at most" in done.stderr
