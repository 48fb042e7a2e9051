"""What clients are known to send otherwise, and what cannot be a message at all."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2
import pytest
from mcp_types import INVALID_PARAMS, UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from mcpserver.protocol.errors import MAX_ERROR_CHARACTERS, REQUEST_ID
from tests.support import Server

pytestmark = pytest.mark.any_database

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
VERSIONS = [None, *KNOWN_PROTOCOL_VERSIONS]


def asked(
    server: Server, key: str, message: dict[str, Any], version: str | None = None, **more: str
) -> httpx2.Response:
    headers = {} if version is None else {"MCP-Protocol-Version": version}
    return server.post(key, json={**PING, **message}, headers={**headers, **more})


def call(name: str, arguments: Any) -> dict[str, Any]:
    return {"method": "tools/call", "params": {"name": name, "arguments": arguments}}


NOTHING: list[Any] = [[], None, {}, "", " ", "{}", "[]", "null"]


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_no_arguments_may_be_said_in_many_ways(
    server: Server, key: str, version: str | None
) -> None:
    for arguments in [*NOTHING, ' {"_a": 1} ']:
        for meta in ({}, {"_meta": {"progressToken": 1, "other": 2}}):
            message = call("infinity_get_profile", arguments)
            message["params"] |= meta
            answer = asked(server, key, message, version)
            assert (200, False) == (answer.status_code, answer.json()["result"]["isError"])


def test_arguments_that_are_spelled_as_text_are_read(server: Server, key: str) -> None:
    text = json.dumps({"limit": 1, "response_format": "json"})
    result = asked(server, key, call("infinity_list_workspaces", text)).json()["result"]
    assert 1 == len(result["structuredContent"]["data"])


@pytest.mark.parametrize("method", ["ping", "tools/list"])
def test_no_params_may_be_said_in_many_ways(server: Server, key: str, method: str) -> None:
    for params in [*NOTHING, ' {"cursor": null}']:
        assert "result" in asked(server, key, {"method": method, "params": params}).json()


def test_params_that_are_spelled_as_text_are_read(server: Server, key: str) -> None:
    params = json.dumps({"name": "infinity_get_profile", "arguments": "{}"})
    answer = asked(server, key, {"method": "tools/call", "params": params}).json()
    assert not answer["result"]["isError"]


INVALID: list[Any] = [
    {"params": [1]},
    {"params": "x"},
    {"params": "[1]"},
    {"params": "[" * 5_000},
    {"params": 5},
    {"method": 5},
    {"method": None},
    {"jsonrpc": "1.0"},
    {"jsonrpc": None},
    {"id": None},
    {"id": 1.5},
    {"id": True},
    {"id": []},
    {"id": "x" * 201},
    {"method": "x" * 201},
    {"method": "x" * 1_000_000},
    {"method": "tools/list", "params": {"cursor": "x" * 1_000_000}},
    {"params": {"_meta": {"progressToken": "x" * 1_000_000}}},
    {"method": "initialize", "params": {"protocolVersion": "x" * 1_000_000}},
    call("infinity_get_profile", "x"),
    call("infinity_get_profile", "[1]"),
    call("infinity_get_profile", 5),
    call("infinity_get_profile", [1]),
]
WRONG: list[Any] = [
    {"method": "no/such/method"},
    {"method": "x" * 200},
    {"method": "tools/list", "params": {"cursor": 5}},
    {"method": "tools/call"},
    call("infinity_get_profile", {}) | {"params": {"name": 5}},
    {"method": "tools/call", "params": {"name": "infinity_get_profile", "requestState": "x"}},
    {"method": "initialize", "params": {"protocolVersion": 1}},
]


def assert_explained(answer: httpx2.Response) -> None:
    """In words of this server, short, with the request's id."""
    error = answer.json()["error"]
    assert answer.headers["x-request-id"] == error["data"]["request_id"]
    assert len(answer.content) <= MAX_ERROR_CHARACTERS + 1_000
    words = "pydantic|validation error|Invalid request parameters|https?://|Traceback|Error:"
    assert not re.search(words, answer.text)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_no_message_is_explained(server: Server, key: str, version: str | None) -> None:
    for message in INVALID:
        answer = asked(server, key, message, version)
        assert 400 == answer.status_code
        assert_explained(answer)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_error_carries_its_request_id(server: Server, key: str, version: str | None) -> None:
    for message in WRONG:
        assert_explained(asked(server, key, message, version))


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_every_error_of_a_tool_carries_its_request_id(
    server: Server, key: str, version: str | None
) -> None:
    wrong = (call("infinity_get_profile", {"x": 1}), call("no_such_tool", {}))
    for message in (*wrong, call("infinity_list_subitems", {})):
        answer = asked(server, key, message, version)
        result = answer.json()["result"]
        assert result["isError"]
        assert answer.headers["x-request-id"] == result["_meta"][REQUEST_ID]


@pytest.mark.parametrize(
    "message, named",
    [
        ({"method": "tools/call"}, "params"),
        ({"method": "tools/call", "params": {"name": 5}}, "params.name"),
        ({"method": "tools/call", "params": {"name": 1, "_meta": 5}}, "params._meta, params.name"),
        ({"method": "tools/call", "params": {"name": "a", "inputResponses": 5}}, "params.inputR"),
        ({"method": "tools/list", "params": {"cursor": 5}}, "params.cursor"),
        ({"method": "completion/complete", "params": {"ref": {}, "argument": {}}}, "params.ref"),
        ({"method": "initialize", "params": {"clientInfo": 1}}, "params.clientInfo"),
    ],
)
def test_params_that_do_not_fit_are_named(
    server: Server, key: str, message: dict[str, Any], named: str
) -> None:
    error = asked(server, key, message).json()["error"]
    assert INVALID_PARAMS == error["code"]
    assert named in error["message"].partition(": ")[2]
    assert len(error["message"]) < 300


def test_a_reply_that_is_none_is_explained(server: Server, key: str) -> None:
    for reply in ({"result": 5}, {"error": "x"}, {"error": {"code": 1}}, {"error": 5}, {}):
        answer = server.post(key, json={"jsonrpc": "2.0", "id": 1, **reply})
        assert 400 == answer.status_code
        assert_explained(answer)


NUMBERS = f"[{','.join(['9' * 401] * 900)}]"
KEYS = json.dumps({f"key {n}": n for n in range(49_000)})


@pytest.mark.parametrize("spelled", [NUMBERS, KEYS, f"[ -{'1' * 401}]", f"[{KEYS}"])
def test_spelled_json_that_is_slow_to_read_is_refused(
    server: Server, key: str, spelled: str
) -> None:
    arguments = call("infinity_get_profile", spelled)
    params = {**arguments, "params": json.dumps(arguments["params"])}
    value = call("infinity_get_profile", json.dumps({"x": 1, "values": spelled}))
    for message in (arguments, params, value):
        answer = asked(server, key, message)
        assert 400 == answer.status_code
        assert re.search(r"at most 20,000 entries|number", answer.json()["error"]["message"])
        assert_explained(answer)


def test_spelled_json_is_counted_together(server: Server, key: str) -> None:
    many = json.dumps([1] * 12_000)
    one = call("infinity_get_profile", {"values": many})
    assert "takes at most 200 entries" in asked(server, key, one).text
    message = call("infinity_get_profile", {"values": many, "values_by_name": many})
    assert (
        "JSON sent as text takes at most 20,000 entries in all" in asked(server, key, message).text
    )


def test_a_number_of_too_many_digits_is_not_read(server: Server, key: str) -> None:
    for before in ("", "-", " ", "[1,", '{"a":', '{"a": '):
        head = '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":'
        body = f"{head}{before}{'9' * 401}".encode()
        answer = server.post(key, content=body, headers={"Content-Type": "application/json"})
        assert "more than 400 digits" in answer.json()["error"]["message"]


def test_a_text_of_many_digits_is_taken(server: Server, key: str) -> None:
    for text in ("9" * 5_000, "AB" + "9" * 5_000, "0." + "3" * 5_000):
        assert 200 == asked(server, key, {"params": {"x": text}}).status_code


@pytest.mark.parametrize("id", [7, 0, -1, "seven", ""])
def test_a_refusal_names_the_message(server: Server, key: str, id: int | str) -> None:
    wrong = ({"params": "hello"}, {"method": 5}, call("infinity_get_profile", 5), {"jsonrpc": "1"})
    for message in wrong:
        assert id == asked(server, key, {**message, "id": id}).json()["id"]
    assert id == asked(server, key, {"id": id}, "2027-01-01").json()["id"]


@pytest.mark.parametrize("id", [None, True, 1.5, [], {}, "x" * 201, 2**63])
def test_a_refusal_of_an_id_names_none(server: Server, key: str, id: Any) -> None:
    assert asked(server, key, {"id": id}).json()["id"] is None


HALVES: list[dict[str, Any]] = [
    call("infinity_create_board", json.dumps({"workspace_id": "1", "name": "\ud800"})),
    call("infinity_list_workspaces", json.dumps({"\ud800": 1})),
    call("infinity_list_workspaces", json.dumps({"limit\udfff": 1})),
    call("infinity_list_workspaces", json.dumps({"after": "a\udc00b"})),
    call("infinity_list_boards", json.dumps({"workspace_id": "\ud800"})),
    call("infinity_get_profile", json.dumps({"_x": {"y": ["\ud800"]}})),
    {"method": "tools/call", "params": json.dumps({"name": "\ud800"})},
    {"method": "tools/call", "params": json.dumps({"name": "x", "arguments": '{"a": "\ud800"}'})},
    {"method": "tools/call", "params": json.dumps({"name": "x", "arguments": {"\ud800": 1}})},
    {"method": "tools/list", "params": json.dumps({"cursor": "\ud800"})},
    {"method": "ping", "params": json.dumps({"_meta": {"progressToken": "\ud800"}})},
    {"method": "\ud800"},
    {"id": "\ud800"},
    {"\ud800": 1},
]


@pytest.mark.parametrize("version", [None, KNOWN_PROTOCOL_VERSIONS[-1]])
def test_half_a_character_is_refused_by_every_door(
    server: Server, key: str, version: str | None
) -> None:
    headers = {"Content-Type": "application/json", "MCP-Protocol-Version": version or ""}
    for message in HALVES:
        content = json.dumps({**PING, **message}).encode()
        answer = server.post(key, content=content, headers=headers)
        assert 400 == answer.status_code
        assert "not valid JSON" in answer.text
        assert_explained(answer)


def test_half_a_character_within_an_argument_s_own_json_stays_text(
    server: Server, key: str
) -> None:
    for events in ('["\\ud800"]', '[{"event": "\\ud800"}]'):
        message = call("infinity_create_hook", {"events": events})
        told = asked(server, key, message).json()["result"]["content"][0]["text"]
        assert told.startswith("Wrong arguments: ")
        assert "events: takes a JSON list" in told


def test_a_byte_order_mark_is_left_out(server: Server, key: str) -> None:
    headers = {"Content-Type": "application/json"}
    for version in ({}, {"MCP-Protocol-Version": "2025-11-25"}, {"Accept": "text/event-stream"}):
        for body in (PING, {**PING, **call("infinity_get_profile", "{}")}):
            plain = json.dumps(body).encode()
            status = [
                server.post(key, content=content, headers={**headers, **version}).status_code
                for content in (plain, b"\xef\xbb\xbf" + plain)
            ]
            assert status[0] == status[1]


def test_an_empty_version_is_none(server: Server, key: str) -> None:
    for message in (PING, call("infinity_get_profile", {}), INITIALIZE):
        assert 200 == asked(server, key, message, "").status_code


def test_what_is_no_json_is_explained(server: Server, key: str) -> None:
    for body in (b"{", b"nope", b"\xff", b'{"a":' * 300, b'{"a":"\\ud800"}', b"", b"[]", b"1"):
        answer = server.post(key, content=body, headers={"Content-Type": "application/json"})
        assert 400 == answer.status_code
        assert_explained(answer)


@pytest.mark.parametrize(
    ("id", "told"), [("\0", "item_id: is empty"), ("1\0", "is not an Infinity id")]
)
def test_a_nul_in_a_text_is_no_failure(server: Server, key: str, id: str, told: str) -> None:
    place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
    message = call("infinity_get_item", {**place, "item_id": id})
    result = asked(server, key, message).json()["result"]
    assert told in result["content"][0]["text"]


INITIALIZE = {
    "method": "initialize",
    "params": {
        "protocolVersion": "2027-01-01",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "0"},
    },
}
UNKNOWN = ["2027-01-01", "1999-01-01", "x", "2025-11-25, 2025-11-25", "x" * 5_000]


def test_initialize_is_negotiated_down(server: Server, key: str) -> None:
    for version in (*UNKNOWN, *KNOWN_PROTOCOL_VERSIONS):
        answer = asked(server, key, INITIALIZE, version)
        assert LATEST_HANDSHAKE_VERSION == answer.json()["result"]["protocolVersion"]


@pytest.mark.parametrize("method", ["ping", "tools/list", "tools/call", "no/such"])
def test_an_unknown_version_is_told_all_that_work(server: Server, key: str, method: str) -> None:
    for version in UNKNOWN:
        answer = asked(server, key, {"method": method}, version)
        error = answer.json()["error"]
        assert (400, UNSUPPORTED_PROTOCOL_VERSION) == (answer.status_code, error["code"])
        assert list(KNOWN_PROTOCOL_VERSIONS) == error["data"]["supported"]
        assert all(known in error["message"] for known in KNOWN_PROTOCOL_VERSIONS)
        assert_explained(answer)
