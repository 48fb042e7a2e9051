"""What clients are known to send otherwise, and what cannot be a message at all."""

from __future__ import annotations

import json
import re
import socket
from typing import Any

import httpx2
import pytest
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import KNOWN_PROTOCOL_VERSIONS, LATEST_HANDSHAKE_VERSION

from mcpserver.refusal import MOST_ERROR_CHARACTERS, REQUEST_ID
from tests.support import PATIENCE_SECONDS, Server

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
    assert len(answer.content) <= MOST_ERROR_CHARACTERS + 1_000
    assert not re.search("pydantic|validation error|https?://|Traceback|Error:", answer.text)


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


def test_a_parameter_with_half_a_character_is_named(server: Server, key: str) -> None:
    for name, shown in (("\ud800", "\\ud800"), ("limit\udfff", "limit\\udfff")):
        message = call("infinity_list_workspaces", json.dumps({name: 1}))
        result = asked(server, key, message).json()["result"]
        text = result["content"][0]["text"]
        assert f"Wrong arguments: {shown}: the name has half a character. Nothing was done." == text


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


def test_a_nul_in_a_text_is_no_failure(server: Server, key: str) -> None:
    message = call("infinity_get_board", {"workspace_id": "1\0", "board_id": "\0"})
    result = asked(server, key, message).json()["result"]
    assert "is not an Infinity id" in result["content"][0]["text"]


# --- Protocol versions ----------------------------------------------------------------------------

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


# --- Headers that come twice ----------------------------------------------------------------------


def sent_twice(server: Server, key: str, name: str, *values: str) -> int:
    """The status of the answer to a ping with this header twice."""
    body = json.dumps(PING).encode()
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    lines = [f"{n}: {v}" for n, v in headers.items() if n != name]
    lines += [f"{name}: {value or headers.get(name)}" for value in values]
    request = "\r\n".join(["POST /mcp HTTP/1.1", "Connection: close", *lines, "", ""]).encode()
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as connection:
        connection.sendall(request + body)
        return int(connection.makefile("rb").readline().split()[1])


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Host", "evil.example"),
        ("Authorization", "Bearer mcp_other"),
        ("Content-Type", "text/plain"),
        ("Content-Length", "1"),
    ],
)
def test_a_header_that_comes_twice_is_refused(
    server: Server, key: str, name: str, other: str
) -> None:
    assert [200, 400, 400, 400] == [
        sent_twice(server, key, name, *values)
        for values in ([""], ["", ""], ["", other], [other, ""])
    ]


def test_a_stranger_is_asked_for_a_key_whatever_else_comes_twice(server: Server) -> None:
    assert 401 == sent_twice(server, "", "Host", "", "other.example.org")


@pytest.mark.parametrize(
    ("name", "value"),
    [("Origin", "http://localhost:6274"), ("MCP-Protocol-Version", "2025-11-25")],
)
def test_an_optional_header_that_comes_twice_is_refused(
    server: Server, key: str, name: str, value: str
) -> None:
    assert [200, 400] == [
        sent_twice(server, key, name, *values) for values in ([value], [value, value])
    ]
