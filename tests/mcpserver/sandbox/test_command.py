"""The real command, as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support import PATIENCE_SECONDS

MANAGE = Path(__file__).resolve().parents[3] / "manage.py"


def arguments(*options: str) -> list[str]:
    return [sys.executable, str(MANAGE), "infinity_sandbox", *options]


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        arguments(*options), capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )


@contextmanager
def serving(*options: str) -> Iterator[list[str]]:
    """The two lines that the running command prints."""
    with subprocess.Popen(
        arguments("--port", "0", *options), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield [process.stdout.readline(), process.stdout.readline()]
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def printed() -> Iterator[list[str]]:
    with serving("--set", "create_status=200") as lines:
        yield lines


@pytest.fixture
def base_url(printed: list[str]) -> str:
    return printed[0].removeprefix("Infinity sandbox: ").strip()


def test_address_and_tokens_are_printed(printed: list[str], base_url: str) -> None:
    assert base_url.startswith("http://127.0.0.1:")
    assert base_url.endswith("/api/v2")
    assert "Tokens: sandbox-ada, sandbox-bob, sandbox-carol, sandbox-rita\n" == printed[1]


def test_api_answers_over_http(base_url: str) -> None:
    headers = {"Authorization": "Bearer sandbox-ada", "X-API-Version": "2026-04-20.morava"}
    with httpx2.Client(base_url=base_url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        assert "Ada Example" == client.get("/profile").json()["name"]
        created = client.post("/workspaces/31337/boards", json={"name": "Hiring"})
        uploaded = client.post(
            "/workspaces/31337/attachments/file", files={"file": ("a.bin", b"\x00\xff")}
        ).json()
        assert (200, b"\x00\xff") == (created.status_code, client.get(uploaded["link"]).content)
        log = client.get(base_url.replace("/api/v2", "/_sandbox/requests")).json()
        assert {"sandbox-ada": 4} == log["by_token"]


def test_busy_port_is_one_clear_line(base_url: str) -> None:
    port = base_url.rpartition(":")[2].removesuffix("/api/v2")
    refused = run("--port", port)
    assert (1, "", 1) == (refused.returncode, refused.stdout, refused.stderr.count("\n"))
    assert f"Cannot listen on 127.0.0.1:{port} (" in refused.stderr
    assert "set another --port" in refused.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--port", "0", "--set", "nope=1"), "no option 'nope'; valid: archived_readable, "),
        (("--port", "0", "--set", "create_status=x"), "must be a whole number"),
        (("--port", "99999"), "set --port to one from 1 to 65535."),
        (("--port", "0", "--host", "a..b"), "set --host to an address or a name"),
    ],
)
def test_wrong_option_is_one_clear_line(options: tuple[str, ...], message: str) -> None:
    refused = run(*options)
    assert (1, 1) == (refused.returncode, refused.stderr.count("\n"))
    assert message in refused.stderr
