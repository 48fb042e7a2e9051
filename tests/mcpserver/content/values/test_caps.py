"""Lengths and counts: what is too much is refused by name, before anything looks at it."""

from __future__ import annotations

import json
import re
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from mcpserver.content.values.caps import CAPS, MAX_IN_VALUES, SHORT, Cap, cap_of
from mcpserver.http.body import MAX_ENTRIES
from mcpserver.protocol.errors import MAX_ERROR_CHARACTERS
from mcpserver.tools import all_tools
from mcpserver.tools._params import OneOrSeveral
from tests.support import ROOT, Server, text_of

pytestmark = pytest.mark.any_database

PARAMETERS = sorted(
    {name for tool in all_tools() for name in tool.fn_metadata.arg_model.model_fields}
)
PLACE = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa", "folder_id": "m4XcVb9RtQe"}


def call(name: str, arguments: Any) -> bytes:
    params = {"name": name, "arguments": arguments}
    return json.dumps(
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    ).encode()


def told(server: Server, key: str, name: str, arguments: Any) -> str:
    """The error of a call, which must be one, and short."""
    answer = server.post(key, content=call(name, arguments), headers=JSON)
    result = answer.json()["result"]
    assert result["isError"], result
    text = str(result["content"][0]["text"])
    assert len(text) <= MAX_ERROR_CHARACTERS
    assert len(answer.content) <= 2 * MAX_ERROR_CHARACTERS
    return text


JSON = {"Content-Type": "application/json"}


def tool_with(parameter: str) -> str:
    return next(
        tool.name for tool in all_tools() if parameter in tool.fn_metadata.arg_model.model_fields
    )


def test_a_text_over_its_length_is_refused_by_name(server: Server, key: str) -> None:
    for parameter in set(PARAMETERS) - {"content_base64"}:
        most = cap_of(parameter).characters
        text = told(server, key, tool_with(parameter), {parameter: "x" * (most + 1)})
        assert f"{parameter}: takes at most {most:,} characters, not {most + 1:,}" in text


def test_whole_numbers_have_64_bits(server: Server, key: str) -> None:
    for parameter in PARAMETERS:
        body = call(tool_with(parameter), {parameter: 0})
        body = body.replace(b": 0}", b": " + b"9" * 400 + b"}")
        answer = server.post(key, content=body, headers=JSON).json()["result"]
        assert f"{parameter}: has a number that is too large" in answer["content"][0]["text"]


LISTS = [name for name, cap in CAPS.items() if cap.is_json]


@pytest.mark.parametrize("as_text", [False, True], ids=["json", "text"])
@pytest.mark.parametrize("parameter", LISTS)
def test_entries_over_the_most_are_refused_by_name(
    server: Server, key: str, parameter: str, as_text: bool
) -> None:
    cap = cap_of(parameter)
    for given in (["a"] * (cap.entries + 1), {str(n): 1 for n in range(cap.entries + 1)}):
        sent = json.dumps(given) if as_text else given
        text = told(server, key, tool_with(parameter), {parameter: sent})
        assert f"{parameter}: takes at most {cap.entries:,} entries" in text


@pytest.mark.parametrize("as_text", [False, True], ids=["json", "text"])
@pytest.mark.parametrize("parameter", LISTS)
def test_what_is_nested_counts_too(server: Server, key: str, parameter: str, as_text: bool) -> None:
    cap = cap_of(parameter)
    deep: Any = 1
    for _ in range(100):
        deep = [deep]
    for given, expected in (
        ([["a"] * (cap.nodes + 1)], f"takes at most {cap.nodes:,} entries in all"),
        ([{"a": ["b"] * cap.nodes}], "takes at most"),
        (deep, "takes at most"),
        (["x" * cap.characters] * (cap.in_all // cap.characters + 1), "takes at most"),
        (["x" * (cap.characters + 1)], f"takes at most {cap.characters:,} characters"),
        ({"x" * (cap.characters + 1): 1}, f"takes at most {cap.characters:,} characters"),
    ):
        sent = json.dumps(given) if as_text else given
        assert f"{parameter}: {expected}" in told(
            server, key, tool_with(parameter), {parameter: sent}
        )


def test_brackets_in_text_are_counted_before_they_are_read(server: Server, key: str) -> None:
    escaped = b"\\u005b\\u005d\\u002c" * 100_000
    body = call("infinity_create_item", {**PLACE, "values": "@"}).replace(b"@", b"[" + escaped)
    answer = server.post(key, content=body, headers=JSON).json()["result"]
    assert "values: JSON sent as text takes at most" in answer["content"][0]["text"]


def test_two_names_for_values_share_one_count(server: Server, key: str) -> None:
    half = {str(n): 1 for n in range(101)}
    arguments = {**PLACE, "values": half, "values_by_name": json.dumps(half)}
    text = told(server, key, "infinity_create_item", arguments)
    assert "values and values_by_name: take at most 200 entries together" in text


def test_a_flood_of_unknown_arguments_is_refused_in_few_words(server: Server, key: str) -> None:
    for tool in ("infinity_get_profile", "infinity_create_item", "infinity_delete_hook"):
        text = told(server, key, tool, {f"unknown{n}": n for n in range(40_000)})
        assert text.startswith("Wrong arguments: 40000 of them.")


def test_long_unknown_names_are_cut(server: Server, key: str) -> None:
    names = {str(n) + "x" * 30_000: 1 for n in range(90)}
    assert len(told(server, key, "infinity_get_profile", names)) < MAX_ERROR_CHARACTERS


def test_candidates_are_told_once(server: Server, key: str, roadmap: dict[str, Any]) -> None:
    values = {f"unknown {n}": 1 for n in range(200)}
    text = told(server, key, "infinity_update_item", {**roadmap, "item_id": "i", "values": values})
    assert 1 == text.count("there are:")
    assert "and 180 more" in text


def test_lists_that_come_as_values_are_counted_together(
    server: Server, key: str, roadmap: dict[str, Any]
) -> None:
    entries = {"Checklist": ["a"] * (MAX_IN_VALUES - 100), "Links": ["https://a.example"] * 101}
    text = told(server, key, "infinity_update_item", {**roadmap, "item_id": "i", "values": entries})
    assert f"values: takes at most {MAX_IN_VALUES:,} entries in all" in text


@pytest.mark.parametrize(
    "content",
    [
        b"[" + b"[]," * 500_000 + b"1]",
        b"[" + b"{}," * 500_000 + b"1]",
        b"[" + b"1," * 500_000 + b"1]",
    ],
    ids=["lists", "objects", "numbers"],
)
def test_a_message_with_too_many_entries_is_not_read(
    server: Server, key: str, content: bytes
) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":%s}}' % content
    answer = server.post(key, content=body, headers=JSON)
    assert 400 == answer.status_code
    assert f"more than {MAX_ENTRIES:,} lists" in answer.json()["error"]["message"]


def test_arguments_at_their_most_are_taken(
    server: Server, key: str, roadmap: dict[str, Any]
) -> None:
    folder = {**roadmap, "name": "n" * 1_000, "attribute_ids": []}
    assert not server.call(key, "infinity_create_folder", **folder).is_error
    settings = {"a": ["x"] * 4_990, "b": "y" * 100_000}
    view = {"folder_id": "m4XcVb9RtQe", "name": "v", "type": "table", "settings": settings}
    refused = server.call(key, "infinity_create_view", **roadmap, **view)
    assert "Infinity" in text_of(refused)  # it was asked


def test_arguments_of_clients_themselves_are_left_out(server: Server, key: str) -> None:
    assert not server.call(key, "infinity_get_profile", _reason="x", _meta={"a": 1}).is_error


def test_every_json_parameter_has_a_count() -> None:
    counted = {name for name, cap in CAPS.items() if cap.is_json}
    read = {
        name
        for tool in all_tools()
        for name, field in tool.fn_metadata.arg_model.model_fields.items()
        if OneOrSeveral in field.metadata
    }
    assert set() == read - counted
    assert set() == CAPS.keys() - set(PARAMETERS)


def documented() -> dict[str, Cap]:
    """The table of parameters in docs/limits.md."""
    found = {}
    for names, *numbers in re.findall(
        r"^\| (.+?) \| ([\d,]+) \| ([\d,]*) ?\| ([\d,]*) ?\| ([\d,]*) ?\| ([\d,]*) ?\|$",
        Path(ROOT / "docs/limits.md").read_text(),
        re.M,
    ):
        characters, entries, nodes, levels, in_all = (int(n.replace(",", "") or 0) for n in numbers)
        cap = Cap(characters, entries, nodes, levels or Cap(1).levels, in_all)
        for name in ["other"] if names.startswith("Every other") else re.findall(r"`(\w+)`", names):
            found[name] = cap
    return found


def test_the_documentation_has_every_cap() -> None:
    expected = {**CAPS, "other": SHORT}
    assert {name: astuple(cap) for name, cap in expected.items()} == {
        name: astuple(cap) for name, cap in documented().items()
    }
