"""One value as agents write it: read as it was meant, or refused."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.conversions import converted, needs_members
from mcpserver.content.values.names import Names
from tests.mcpserver.content.values.converting import (
    PEOPLE,
    convert,
)
from tests.measuring import thread_seconds, turns_given


@pytest.mark.parametrize(
    ("type", "given", "stored"),
    [
        ("text", "Buy paper", "Buy paper"),
        ("text", "[draft]", "[draft]"),
        ("text", '["a", "b"]', '["a", "b"]'),
        ("text", '{"a": 1}', '{"a": 1}'),
        ("text", "null", "null"),
        ("text", " kept ", " kept "),
        ("text", 42, "42"),
        ("text", 2.5, "2.5"),
        ("text", 1e22, "10000000000000000000000"),
        ("text", 1e-7, "0.0000001"),
        ("text", "", ""),
        ("text", None, ""),
        ("email", " ada@example.org ", "ada@example.org"),
        ("email", "mailto:ada@example.org", "ada@example.org"),
        ("email", "", None),
        ("phone", "tel:+49 30 1", "+49 30 1"),
        ("phone", 4930123, "4930123"),
        ("longtext", "one\n\ntwo", "<p>one</p>\n<p>two</p>"),
        ("longtext", 5, "<p>5</p>"),
        ("longtext", None, ""),
        ("longtext", "#", "<p>#</p>"),
        ("checkbox", "Yes", True),
        ("checkbox", "true", True),
        ("checkbox", "x", True),
        ("checkbox", 1, True),
        ("checkbox", "on", True),
        ("checkbox", "done", True),
        ("checkbox", 0, False),
        ("checkbox", "0", False),
        ("checkbox", "off", False),
        ("checkbox", None, False),
        ("checkbox", "", False),
        ("number", "12.5", 12.5),
        ("number", " 12 ", 12),
        ("number", "+3", 3),
        ("number", "-0.0", 0),
        ("number", ".5", 0.5),
        ("number", "5.", 5),
        ("number", "1e3", 1000),
        ("number", 2.0, 2),
        ("number", 0, 0),
        ("number", "", None),
        ("number", "12345678901234567", 12345678901234567),
        ("number", "12345678901234567.0", 12345678901234567),
        ("number", "3.14159265358979323846", 3.141592653589793),
        ("number", "0.1", 0.1),
        ("number", "123456789012.25", 123456789012.25),
        ("number", "1e-20", 1e-20),
        ("progress", "40%", 40),
        ("progress", "40 %", 40),
        ("progress", 40.0, 40),
        ("rating", "4", 4),
        ("vote", 3.0, 3),
        ("date", "2026-12-01", "2026-12-01"),
        ("date", " 2026-12-01 ", "2026-12-01"),
        ("date", "2026-12-1", "2026-12-01"),
        ("date", "2026/12/01", "2026-12-01"),
        ("date", "2026.2.3", "2026-02-03"),
        ("date", "2026-12-01T09:30:00Z", "2026-12-01T09:30:00Z"),
        ("date", "2026-12-01 09:30", "2026-12-01 09:30"),
        ("date", "2026-12-01T09:30:00+01:00", "2026-12-01T09:30:00+01:00"),
        ("date", "2026-12-01T09:30:00.123456Z", "2026-12-01T09:30:00.123456Z"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", None, None),
        ("label", "Web", ["l1"]),
        ("label", "web ", ["l1"]),
        ("label", "l2", ["l2"]),
        ("label", "Web, API", ["l5"]),
        ("label", ["Web", "API"], ["l1", "l2"]),
        ("label", ["Web", "Web"], ["l1"]),
        ("label", ["API", "web", "l2", "WEB"], ["l2", "l1"]),
        ("label", '["Web", "API"]', ["l1", "l2"]),
        ("label", "Web\nAPI", ["l1", "l2"]),
        ("label", 2026, ["l3"]),
        ("label", [2026, "Web"], ["l3", "l1"]),
        ("label", "None", ["l4"]),
        ("label", {"id": "l1"}, ["l1"]),
        ("label", {"name": "API"}, ["l2"]),
        ("label", ['{"name": "API"}', '{"id": "l1"}'], ["l2", "l1"]),
        ("label", '```json\n["API", "Web"]\n```', ["l2", "l1"]),
        ("label", [{"id": "l1", "name": "Gone"}, {"name": "API"}], ["l1", "l2"]),
        ("label", '{"name": "API"}', ["l2"]),
        ("label", [], []),
        ("label", "", []),
        ("label", "[]", []),
        ("label", None, []),
        ("members", "Ada Example", [4242]),
        ("members", "ADA@example.org", [4242]),
        ("members", 4242, [4242]),
        ("members", "4242", [4242]),
        ("members", 4242.0, [4242]),
        ("members", "[4242, 4243]", [4242, 4243]),
        ("members", ["Ada Example", 4242, "ada@example.org"], [4242]),
        ("members", {"id": 4243, "name": "Bob"}, [4243]),
        ("members", ['{"id": 4243}', '{"name": "Ada Example"}'], [4243, 4242]),
        ("members", [{"email": "ada@example.org"}], [4242]),
        ("members", 99, [99]),
        ("members", None, []),
        ("attachments", 5, [{"id": 5}]),
        ("attachments", ["5", 5, {"id": 6, "link": "x"}], [{"id": 5}, {"id": 6}]),
        ("attachments", "[5, 6]", [{"id": 5}, {"id": 6}]),
        ("attachments", [], []),
    ],
)
def test_a_value_is_read_as_it_was_meant(type: str, given: Any, stored: Any) -> None:
    read = convert(type, given)
    assert (stored, [*map(str, [stored])]) == (read, [*map(str, [read])])  # 1 is not True


# Names that could also be read as JSON, or as a list of other names.
ODD = [
    "[2024]",
    "2024",
    '["x"]',
    "x",
    '{"k":1}',
    '{"id": "x"}',
    "a\nb",
    "a",
    "b",
    "[]",
    '"x"',
    "[x",
]
ODD_CASES = [
    *((name, [name]) for name in ODD),
    (" [2024] ", ["[2024]"]),
    ('["X"]', ['["x"]']),
    ('{"K":1}', ['{"k":1}']),
    ("[ 2024 ]", ["2024"]),
    ('["2024", "[2024]"]', ["2024", "[2024]"]),
    ('[["x"]]', None),
    ("a\nx", ["a", "x"]),
    ("b\na", ["b", "a"]),
    (["[2024]", "a\nb", "[]"], ["[2024]", "a\nb", "[]"]),
    (['["x"]', '{"k":1}', "[x"], ['["x"]', '{"k":1}', "[x"]),
]


@pytest.mark.parametrize(("given", "names"), ODD_CASES)
def test_a_whole_text_that_is_a_name_is_that_name(given: Any, names: list[str] | None) -> None:
    records = [{"id": 7000 + number, "name": name} for number, name in enumerate(ODD)]
    attribute = {"id": "a", "type": "label", "settings": {"labels": records}}
    if names is None:
        with pytest.raises(WrongValue, match="not as a list"):
            asyncio.run(converted(attribute, given))
        return
    read = asyncio.run(converted(attribute, given))
    assert names == [ODD[int(id) - 7000] for id in read]


@pytest.mark.parametrize("name", ['["x"]', '["x"', '{"k":1}', "Ada\nExample", "[Ada]"])
def test_a_whole_text_that_is_the_name_of_a_member_is_that_member(name: str) -> None:
    people = Names([*PEOPLE, {"id": 5, "name": name}, {"id": 6, "name": "x"}], "member")
    assert needs_members({"type": "members"}, name)
    assert [5] == asyncio.run(converted({"type": "members"}, name, people))


HARD = "\ufdfa" * 190  # takes a hundred times as long to compare as other names


@pytest.mark.parametrize("type", ["label", "members"])
def test_no_name_is_compared_after_one_that_is_unknown(type: str) -> None:
    def refused() -> None:
        with pytest.raises(WrongValue, match="there is no"):
            convert(type, [f"{HARD}{n}" for n in range(1_990)])

    letters = "x" * 2_000_000
    assert thread_seconds(refused) < thread_seconds(lambda: [ord(each) for each in letters])


@pytest.mark.parametrize("mark", ["", "[", "{", "```"])
def test_others_have_their_turn_between_two_names_of_a_list(mark: str) -> None:
    names = [f"{mark}{HARD}{n}" for n in range(100)]
    labels = [{"id": str(n), "name": name} for n, name in enumerate(names)]
    attribute = {"type": "label", "settings": {"labels": labels}}
    written = [f"{name} " for name in names]
    assert turns_given(lambda: converted(attribute, written)) > 2 * len(names)


def test_a_text_of_lines_is_a_list_where_only_a_similar_name_has_blanks() -> None:
    records = [
        {"id": id, "name": name} for id, name in zip("123", ("Web API", "Web", "API"), strict=True)
    ]
    attribute = {"id": "a", "type": "label", "settings": {"labels": records}}
    assert ["2", "3"] == asyncio.run(converted(attribute, "Web\nAPI"))
