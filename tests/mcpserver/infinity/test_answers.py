"""The client reads every form of an answer that Infinity may give."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from mcpserver.infinity import JsonObject, errors
from mcpserver.infinity.answers import MAX_IN_ANSWER, MAX_LEVELS
from mcpserver.infinity.client import Query
from tests.mcpserver.infinity.upstream import (
    METHODS,
    WRITES,
    FaultyInfinity,
    always,
    connected,
    raw_server,
    run,
    send,
)

EMPTY_PAGE: JsonObject = {"has_more": False, "before": None, "after": None, "data": []}


def answered(method: str, content: Any, status: int = 200) -> JsonObject:
    async def call() -> JsonObject:
        respond = always(content, status=status)
        async with raw_server(respond) as server, connected(server.url) as api:
            return await send(api, method)

    return run(call())


def listed(content: Any) -> JsonObject:
    async def call() -> JsonObject:
        async with raw_server(always(content)) as server, connected(server.url) as api:
            return await api.list("items")

    return run(call())


def walked(*pages: Any, most: int = 20) -> tuple[list[Any], list[str]]:
    """The ids that `walk` yields from these pages, the last of which repeats, and its requests."""

    async def call() -> tuple[list[Any], list[str]]:
        found: list[Any] = []
        async with raw_server(always(*pages)) as server, connected(server.url) as api:
            async for record in api.walk("items", {"folder_id": "f"}):
                found.append(record["id"])
                assert len(found) <= most, "endless"
        return found, [request.target.partition("?")[2] for request in server.requests]

    return run(call())


def page(*ids: int, **envelope: Any) -> JsonObject:
    return {**envelope, "data": [{"id": id} for id in ids]}


# --- One record -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", [200, 201, 202, 203])
def test_every_success_is_taken(method: str, status: int) -> None:
    assert {"id": 1} == answered(method, {"id": 1}, status)


@pytest.mark.parametrize("method", METHODS)
def test_a_wrapped_record_is_unwrapped(method: str) -> None:
    assert {"id": 1, "data": 2} == answered(method, {"data": {"id": 1, "data": 2}})


@pytest.mark.parametrize(
    "record",
    [
        {"id": 1, "data": {"id": 2}},
        {"object": "value", "data": {"id": 2}},
        {"object": "value", "data": None},
        {"data": "text"},
        {"settings": [], "extra": {"kept": True}},
        {"id": "1", "deleted": True, "settings": {"labels": {"0": {"id": "a"}}}},
    ],
)
def test_a_bare_record_is_left_as_it_is(record: JsonObject) -> None:
    assert record == answered("GET", record)


@pytest.mark.parametrize("method", WRITES)
@pytest.mark.parametrize(("status", "content"), [(204, b""), (200, {}), (200, [])])
def test_a_write_may_be_answered_with_nothing(method: str, status: int, content: Any) -> None:
    assert {} == answered(method, content, status)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "content", [b" ", b"null", b"true", b"1", b'"text"', b'[{"id":1}]', b"\xff", b"NaN"]
)
def test_what_is_no_record_is_an_error(method: str, content: bytes) -> None:
    if method == "DELETE" and content in (b" ", b"null"):
        assert {} == answered(method, content)
        return
    with pytest.raises(errors.BadAnswer) as raised:
        answered(method, content)
    told = "The change may or may not have been made" in str(raised.value)
    assert (method != "GET") == told


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("levels", [MAX_LEVELS, 1000])
def test_what_is_nested_too_deeply_is_an_error(method: str, levels: int) -> None:
    deep = b'{"id":1,"x":%s%s}' % (b"[" * levels, b"]" * levels)
    with pytest.raises(errors.BadAnswer, match="nested too deeply"):
        answered(method, deep)


@pytest.mark.parametrize("method", METHODS)
def test_a_refusal_nested_too_deeply_is_a_refusal_all_the_same(method: str) -> None:
    deep = b'{"message":"No","errors":{"x":%s%s}}' % (b"[" * 1020, b"]" * 1020)
    with pytest.raises(errors.Invalid, match=r"^Infinity did not accept this \(422\)\. Correct"):
        answered(method, deep, 422)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("entry", [b"[],", b"{},", b"1,", b'"",'])
def test_an_answer_with_too_many_entries_is_not_read(method: str, entry: bytes) -> None:
    many = b'{"id":1,"x":[%s1]}' % (entry * MAX_IN_ANSWER)
    with pytest.raises(errors.TooManyEntries, match=r"200,000 entries\. Ask for less"):
        answered(method, many)


def test_a_refusal_with_too_many_entries_is_a_refusal_all_the_same() -> None:
    many = b'{"message":"No","errors":{"x":[%s1]}}' % (b"[]," * MAX_IN_ANSWER)
    with pytest.raises(errors.Invalid, match=r"^Infinity did not accept this \(422\)\. Correct"):
        answered("POST", many, 422)


def test_a_long_answer_with_few_entries_is_read() -> None:
    assert 300_000 == len(answered("GET", {"id": 1, "text": "x" * 300_000})["text"])


def test_a_list_with_too_many_entries_is_asked_for_in_smaller_pages() -> None:
    too_many = b'{"data":[%s1]}' % (b"[]," * MAX_IN_ANSWER)

    async def call() -> tuple[JsonObject, list[str]]:
        respond = always(too_many, too_many, page(1, has_more=True, after="x"))
        async with raw_server(respond) as server, connected(server.url) as api:
            found = await api.list("items", {"limit": 100})
        return found, [request.target for request in server.requests]

    found, targets = run(call())
    assert (True, "x", [{"id": 1}]) == (found["has_more"], found["after"], found["data"])
    assert [f"/api/v2/items?limit={limit}" for limit in (100, 50, 25)] == targets


def test_a_record_that_alone_has_too_many_entries_is_told() -> None:
    too_many = b'{"data":[%s1]}' % (b"[]," * MAX_IN_ANSWER)
    with pytest.raises(errors.TooManyEntries):
        listed(too_many)


def test_what_clients_can_just_read_is_a_record() -> None:
    deep = b'{"id":1,"x":%s%s}' % (b"[" * (MAX_LEVELS - 1), b"]" * (MAX_LEVELS - 1))
    assert deep == orjson.dumps(answered("GET", deep))


@pytest.mark.parametrize(("status", "content"), [(204, b""), (200, {}), (200, [])])
def test_a_read_of_nothing_is_an_error(status: int, content: Any) -> None:
    with pytest.raises(errors.BadAnswer, match="one record was expected"):
        answered("GET", content, status)


# --- A page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"data": []}, EMPTY_PAGE),
        ([], EMPTY_PAGE),
        ([{"id": 1}], {**EMPTY_PAGE, "data": [{"id": 1}]}),
        ({"has_more": None, "data": []}, EMPTY_PAGE),
        ({"has_more": True, "data": []}, {**EMPTY_PAGE, "has_more": True}),
        ({"object": "list", "data": []}, {**EMPTY_PAGE, "object": "list"}),
        (
            {"has_more": False, "before": "b", "after": "a", "data": [{"id": 1, "deleted": True}]},
            {"has_more": False, "before": "b", "after": "a", "data": []},
        ),
        (
            {"data": [{"id": 1, "settings": [], "events": ["item.created", {"name": "x"}]}]},
            {
                **EMPTY_PAGE,
                "data": [{"id": 1, "settings": [], "events": ["item.created", {"name": "x"}]}],
            },
        ),
    ],
)
def test_a_page_has_all_its_keys(content: Any, expected: JsonObject) -> None:
    assert expected == listed(content)


@pytest.mark.parametrize("content", [b"", b"null", {}, {"id": 1}, {"data": None}, {"data": {}}, 1])
def test_what_is_no_page_is_an_error(content: Any) -> None:
    with pytest.raises(errors.BadAnswer, match="where a list was expected"):
        listed(content)


# --- All pages ------------------------------------------------------------------------------------


def test_a_walk_follows_the_cursors() -> None:
    first, last = page(1, 2, has_more=True, after="a="), page(3, has_more=False, after="b=")
    found, queries = walked(first, last)
    assert [1, 2, 3] == found
    assert ["limit=100&folder_id=f", "limit=100&folder_id=f&after=a%3D"] == queries


@pytest.mark.parametrize(
    "end",
    [
        {"has_more": False, "after": "b"},
        {"after": "b"},
        {"has_more": True},
        {"has_more": True, "after": None},
        {"has_more": True, "after": ""},
        {"has_more": True, "after": "a"},
    ],
    ids=["no more", "unsaid", "no cursor", "null cursor", "empty cursor", "same cursor"],
)
def test_a_walk_ends(end: JsonObject) -> None:
    found, queries = walked(page(1, has_more=True, after="a"), page(2, **end))
    assert ([1, 2], 2) == (found, len(queries))


def test_a_walk_leaves_a_circle_of_cursors() -> None:
    pages = [page(n, has_more=True, after="ab"[n % 2]) for n in range(10)]
    assert [0, 1, 2] == walked(*pages)[0]


def test_a_walk_passes_an_empty_page() -> None:
    pages = [page(1, has_more=True, after="a"), page(has_more=True, after="b"), page(2)]
    assert [1, 2] == walked(*pages)[0]


@pytest.mark.parametrize("sort_by", ["id", "created_at"])
def test_a_walk_of_the_sandbox_finds_everything_once(faulty: FaultyInfinity, sort_by: str) -> None:
    async def call() -> tuple[list[Any], list[Any]]:
        async with connected(faulty.url) as api:
            board = (await api.list("workspaces/{ws}/boards", ws=31337))["data"][0]["id"]
            path, ids = "workspaces/{ws}/boards/{board}/items", {"ws": 31337, "board": board}
            query: Query = {"limit": 3, "sort_by": sort_by}
            found = [item["id"] async for item in api.walk(path, query, **ids)]
            whole = await api.list(path, {"limit": 100, "sort_by": sort_by}, **ids)
            return [item["id"] for item in whole["data"]], found

    expected, found = run(call())
    assert expected == found
    assert len(found) > 6
