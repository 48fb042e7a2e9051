"""The errors that an agent gets when Infinity fails, through the whole server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from mcpserver.sandbox import ADA_TOKEN
from tests.conftest import MakeProfile, MakeUser
from tests.mcpserver.infinity.upstream import FaultyInfinity
from tests.support import Infinity, Server, free_port

pytestmark = pytest.mark.any_database

LOOK_FIRST = "The change may or may not have been made"
READ: tuple[str, dict[str, Any]] = ("infinity_get_profile", {})
WRITE: tuple[str, dict[str, Any]] = (
    "infinity_add_item_comment",
    {"workspace_id": "31337", "board_id": "Hq7wTz3KfPa", "item_id": "i", "comment_text": "Done."},
)
TOLD = {
    "closed_mid_body": "The connection to Infinity broke",
    "invalid_http": "was not valid HTTP",
    "truncated_json": "was not complete JSON",
    "html_200": "was a web page",
    "empty_200": "was empty",
    "too_large_unpacked": "is larger than 16 MiB",
    "redirect_elsewhere": "a redirect (302)",
    "unauthenticated_401": "Infinity refused the Infinity token of this profile (401)",
    "invalid_422": "Infinity says: name: The name field is required.",
    "removed_route": "no longer has this operation",
    "rate_429_huge": "rate limit is reached (429)",
    "error_500_json": "Infinity failed (500).",
    "unavailable_503": "Infinity failed (503).",
}
SURE = {"unauthenticated_401", "invalid_422", "removed_route", "rate_429_huge"}
# A read that is retried takes three seconds: unavailable_503 stands for all of them.
RETRIED = {"closed_mid_body", "error_500_json"}


@dataclass(frozen=True)
class Agent:
    server: Server
    key: str

    def told(self, tool: str, arguments: dict[str, Any]) -> str:
        """The text of a call that must fail as one clean tool error."""
        message = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": tool, "arguments": arguments},
        }
        before = self.server.log.stat().st_size
        answer = self.server.post(self.key, json=message)
        assert 200 == answer.status_code
        assert "www-authenticate" not in answer.headers
        result = answer.json()["result"]
        assert result["isError"]
        (content,) = result["content"]
        logged = self.server.log.read_bytes()[before:].decode()
        for secret in ("Traceback", ADA_TOKEN, self.key, "SQLSTATE", "/api/v2", "127.0.0.1"):
            assert secret not in answer.text
            assert secret not in logged
        return str(content["text"])


@pytest.fixture
def faulty(infinity: Infinity) -> Iterator[FaultyInfinity]:
    with httpx2.Client() as http:
        faulty = FaultyInfinity(infinity, http)
        yield faulty
        faulty.reset()


@pytest.fixture
def agent(server: Server, key: str) -> Agent:
    return Agent(server, key)


@pytest.mark.parametrize("fault", [fault for fault in TOLD if fault not in RETRIED])
def test_a_read_tells_what_failed(agent: Agent, faulty: FaultyInfinity, fault: str) -> None:
    faulty.fail(fault)
    text = agent.told(*READ)
    assert TOLD[fault] in text
    assert LOOK_FIRST not in text
    assert {"GET"} == set(faulty.hits())


@pytest.mark.parametrize("fault", TOLD)
def test_a_write_tells_what_failed_and_is_sent_once(
    agent: Agent, faulty: FaultyInfinity, fault: str
) -> None:
    faulty.fail(fault)
    text = agent.told(*WRITE)
    assert TOLD[fault] in text
    assert (fault not in SURE) == (LOOK_FIRST in text)
    assert ["POST"] == faulty.hits()


def test_a_read_survives_a_passing_fault(server: Server, key: str, faulty: FaultyInfinity) -> None:
    faulty.fail("closed_mid_body", times=1)
    result = server.call(key, READ[0])
    assert not result.is_error
    assert ["GET", "GET"] == faulty.hits()


@pytest.mark.parametrize("call", [READ, WRITE], ids=["read", "write"])
def test_an_infinity_that_is_down_is_told(
    server: Server, make_user: MakeUser, make_profile: MakeProfile, call: tuple[str, dict[str, Any]]
) -> None:
    gone = make_profile("gone", base_url=f"http://127.0.0.1:{free_port()}/api/v2")
    _, key = make_user(profile=gone)
    text = Agent(server, key).told(*call)
    assert "Infinity could not be reached (no connection). Nothing was sent." in text
