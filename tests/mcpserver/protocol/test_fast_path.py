"""The short way to an answer says what the SDK's own way says, in every protocol revision."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pytest_django.fixtures import Settings

from accounts.models import ApiKey
from mcpserver.http.app import McpApp
from tests.conftest import MakeUser
from tests.mcpserver.protocol.the_sdk import (
    JSON,
    JSON_OR_EVENTS,
    VERSIONS,
    answers,
    asking_for_progress,
    call,
    corpus,
    enveloped,
    post,
    the_sdk,
    told,
)
from tests.support import Server

pytestmark = pytest.mark.any_database


@pytest.fixture(autouse=True)
def unlimited(settings: Settings) -> None:
    settings.MCP_REQUESTS_PER_MINUTE = settings.INFINITY_REQUESTS_PER_MINUTE = 1_000_000


@pytest.mark.parametrize("access", ["read-only", "admin"])
@pytest.mark.parametrize("accept", [JSON, JSON_OR_EVENTS])
@pytest.mark.parametrize("version", VERSIONS)
def test_every_answer_means_what_the_sdk_says(
    make_user: MakeUser, version: str | None, accept: str, access: str
) -> None:
    _, key = make_user(access=access)

    async def differences() -> list[Any]:
        given = answers(key, version, corpus(version), accept)
        return [each async for each in given if each[1] != each[2]]

    assert [] == asyncio.run(differences())


def raw(id: bytes = b"1", more: bytes = b"") -> bytes:
    return b'{"jsonrpc":"2.0","id":%s,"method":"ping"%s}' % (id, more)


PROFILE = b"""{"jsonrpc":"2.0","id":1,"method":"tools/call","params":
{"name":"infinity_get_profile","arguments":%s}}"""
BODIES = [
    raw(),
    b"\n\t " + raw() + b" \n",
    raw(more=b',"id":2'),
    raw(more=b',"id":"2","method":"tools/list"'),
    raw(more=b',"method":"no/such"'),
    raw(more=b',"params":{"_meta":5},"params":{}'),
    raw(more=b',"params":{"x":1e999}'),
    raw(more=b',"params":{"x":"\\ud800"}'),
    raw(more=b',"params":{"x":"\xff"}'),
    raw(more=b',"params":{"x":"\\u0000"}'),
    raw(more=b',"params":{"x":%s1%s}' % (b"[" * 100, b"]" * 100)),
    raw(more=b',"params":{"x":%s1%s}' % (b"[" * 900, b"]" * 900)),
    raw(b"9007199254740993"),
    raw(b"9223372036854775807"),
    raw(b"-9223372036854775807"),
    raw(b"-0"),
    raw('"é\u2028"'.encode()),
    raw(b'"\\u00e9\\n"'),
    raw(b'"' + b"x" * 200 + b'"'),
    PROFILE % b'{"response_format":"json","response_format":"markdown"}',
    PROFILE % b'{"response_format":"markdown","response_format":"no"}',
    PROFILE % b'{"x":"\\udc00"}',
    raw().decode().encode("utf-16"),
    raw() + raw(),
    raw()[:-1],
    b"",
]
REFUSED_HERE = [  # no JSON, ids that many a client would round, and what is too long
    raw(more=b',"params":{"x":NaN}'),
    raw(more=b',"params":{"x":-Infinity}'),
    PROFILE % b'{"x":NaN}',
    raw(b"9223372036854775808"),
    raw(b"-9223372036854775808"),
    raw(b'"' + b"x" * 201 + b'"'),
    raw(more=b',"params":{"x":[%s1]}' % (b"1," * 100_001)),
]
ACCEPTS = [
    "application/json;q=0",
    "APPLICATION/JSON",
    "text/html",
    "text/event-stream",
    "application/*",
    "application/jsonp",
    " , ,application/json",
    "application/json;charset=utf-8, text/event-stream;q=0.5",
]


def outcome(answer: httpx2.Response) -> tuple[int, Any]:
    """Status and meaning; of what cannot be read each says in its own words what is wrong."""
    if answer.status_code in (200, 400):
        return answer.status_code, told(answer)
    return answer.status_code, answer.json()["error"]["code"]


def outcomes(key: str, version: str, asked: list[tuple[bytes, str]]) -> list[list[Any]]:
    """Body and Accept, our outcome and the SDK's."""
    record = ApiKey.objects.authenticate(key)
    assert record

    async def both() -> list[list[Any]]:
        ours, found = McpApp(), []
        async with ours.running(), the_sdk(record.caller(), json_response=True) as sdk:
            for body, accept in asked:
                own = {"Accept": accept, "MCP-Protocol-Version": version}
                each = [outcome(await post(app, key, body, own)) for app in (ours, sdk)]
                found.append([body[:80], accept, *each])
        return found

    return asyncio.run(both())


@pytest.mark.parametrize("version", ["2025-06-18", "2025-11-25"])
def test_any_bytes_are_taken_as_the_sdk_takes_them(key: str, version: str) -> None:
    asked = [(body, JSON) for body in BODIES] + [(raw(), accept) for accept in ACCEPTS]
    assert [] == [each for each in outcomes(key, version, asked) if each[2] != each[3]]


def test_what_is_refused_here_alone_is_known(key: str) -> None:
    found = outcomes(key, "2025-11-25", [(body, JSON) for body in REFUSED_HERE])
    assert [(400, 200)] * len(REFUSED_HERE) == [(ours[0], sdk[0]) for _, _, ours, sdk in found]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_call_that_asks_for_progress_is_told_it_as_the_sdk_does(
    server: Server, key: str, roadmap: dict[str, Any], version: str | None
) -> None:
    items = server.data(key, "infinity_list_items", **roadmap, limit=1)["data"]
    subitems = {**roadmap, "parent_item_id": items[0]["id"]}
    asking = asking_for_progress(call("infinity_list_subitems", subitems))
    if version in MODERN_PROTOCOL_VERSIONS:
        asking = enveloped(asking, version)
    message = {"jsonrpc": "2.0", "id": 1, **asking}

    async def told_by_both() -> list[Any]:
        given = answers(key, version, [message], JSON_OR_EVENTS, json_response=False)
        return [each async for each in given]

    for _, mine, theirs in asyncio.run(told_by_both()):
        assert theirs == mine
        assert "notifications/progress" in mine[2]
