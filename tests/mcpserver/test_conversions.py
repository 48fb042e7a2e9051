"""One value as agents write it: read as it was meant, or refused."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import Any

import pytest

from mcpserver.conversions import converted, needs_members
from mcpserver.params import WrongValue

LABELS = [
    {"id": "l1", "name": "Web"},
    {"id": "l2", "name": "API"},
    {"id": "l3", "name": "2026"},
    {"id": "l4", "name": "None"},
    {"id": "l5", "name": "Web, API"},
]
PEOPLE = [
    {"id": 4242, "name": "Ada Example", "email": "ada@example.org"},
    {"id": 4243, "name": "Bob Example", "email": None},
]
URL = "https://example.org/a?b=c#d"


def convert(type: str, data: Any, **settings: Any) -> Any:
    attribute = {"id": "a", "name": "A", "type": type, "settings": {"labels": LABELS, **settings}}
    return asyncio.run(converted(attribute, data, PEOPLE))


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


@pytest.mark.parametrize("name", ['["x"]', '{"k":1}', "Ada\nExample", "[Ada]"])
def test_a_whole_text_that_is_the_name_of_a_member_is_that_member(name: str) -> None:
    people = [*PEOPLE, {"id": 5, "name": name}, {"id": 6, "name": "x"}]
    assert needs_members({"type": "members"}, name)
    assert [5] == asyncio.run(converted({"type": "members"}, name, people))


def test_a_text_of_lines_is_a_list_where_only_a_similar_name_has_blanks() -> None:
    records = [
        {"id": id, "name": name} for id, name in zip("123", ("Web API", "Web", "API"), strict=True)
    ]
    attribute = {"id": "a", "type": "label", "settings": {"labels": records}}
    assert ["2", "3"] == asyncio.run(converted(attribute, "Web\nAPI"))


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (["a", "b"], [("a", False), ("b", False)]),
        ("a", [("a", False)]),
        ("a\n\nb\n", [("a", False), ("b", False)]),
        ('[{"name":"a","done":true}]', [("a", True)]),
        ('["a", "b"]', [("a", False), ("b", False)]),
        ('{"name":"a","done":true}', [("a", True)]),
        ("- [ ] a\n- [x] b", [("a", False), ("b", True)]),
        ("* [X] a\r\n+ [] b", [("a", True), ("b", False)]),
        ("1. [x] a\n2) [ ] b", [("a", True), ("b", False)]),
        ("- a\n  - [x] b", [("a", False), ("b", True)]),
        ("- [ ] a - b\n- [x] c", [("a - b", False), ("c", True)]),
        ("1. [ ] Version 2. b\n2. [x] c - d", [("Version 2. b", False), ("c - d", True)]),
        (["[ ] Step 2. of 3", "- [x] a * b"], [("Step 2. of 3", False), ("a * b", True)]),
        ("[ ] 5 + 3 = 8", [("5 + 3 = 8", False)]),
        ("☑ a\n☐ b", [("a", True), ("b", False)]),
        ("[x] a", [("a", True)]),
        ("[draft] a", [("[draft] a", False)]),
        ("[x](https://example.org)", [("[x](https://example.org)", False)]),
        ("- a", [("a", False)]),
        ("2. quarter", [("2. quarter", False)]),
        (["[x] a", "- [ ] b", "- c"], [("a", True), ("b", False), ("- c", False)]),
        (["- [ ] a\n- [x] b"], [("a", False), ("b", True)]),
        (["a\nb"], [("a", False), ("b", False)]),
        (["a\r\n\r\nb\n", "c"], [("a", False), ("b", False), ("c", False)]),
        (["1. a\n2. [x] b", {"name": "c"}], [("a", False), ("b", True), ("c", False)]),
        (["☑ a\n☐ b", "2. quarter\n"], [("a", True), ("b", False), ("2. quarter", False)]),
        ('["- [x] a\\n- b"]', [("a", True), ("b", False)]),
        ({"name": "a", "checked": True}, [("a", True)]),
        ({"text": "a", "done": True}, [("a", True)]),
        ([{"title": "a", "completed": "yes"}], [("a", True)]),
        ([{"task": "a", "status": "open"}], [("a", False)]),
        ([{"name": "a", "done": None}], [("a", False)]),
        ([{"name": "a", "done": 1}, {"name": 5, "done": "false"}], [("a", True), ("5", False)]),
        ({"a": True, "b": False}, [("a", True), ("b", False)]),
        ([{"a": True}, "b"], [("a", True), ("b", False)]),
        (["a", "a"], [("a", False), ("a", False)]),
        ([5], [("5", False)]),
        ([], []),
        ("", []),
        (None, []),
    ],
)
def test_a_checklist_is_read_as_it_was_meant(given: Any, stored: list[Any]) -> None:
    read = convert("checklist", given)
    assert stored == [(entry["name"], entry["done"]) for entry in read]
    assert all(uuid.UUID(entry["id"]) for entry in read)
    assert [] == [entry for entry in read if entry.keys() != {"id", "name", "done"}]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (URL, [(URL,)]),
        ([URL, URL], [(URL,)]),
        (f"{URL}\nhttps://example.net", [(URL,), ("https://example.net",)]),
        (f"{URL} https://example.net", [(URL,), ("https://example.net",)]),
        (f"{URL}, https://example.net", [(URL,), ("https://example.net",)]),
        ("https://a.org,https://b.org", [("https://a.org",), ("https://b.org",)]),
        ("https://a.org;www.b.org/x", [("https://a.org",), ("https://www.b.org/x",)]),
        (["https://a.org,mailto:a@b.org"], [("https://a.org",), ("mailto:a@b.org",)]),
        ("https://a.org,http://b.org,", [("https://a.org",), ("http://b.org",)]),
        ("https://a.org/x,y;z", [("https://a.org/x,y;z",)]),
        ("https://a.org/w_1,f/https://b.org", [("https://a.org/w_1,f/https://b.org",)]),
        ({"url": "https://a.org?u=x,https://b.org"}, [("https://a.org?u=x,https://b.org",)]),
        (f"- {URL}\n- [Net](https://example.net)", [(URL,), ("https://example.net", "Net")]),
        (f"<{URL}>", [(URL,)]),
        (f"[Plan]({URL})", [(URL, "Plan")]),
        ("www.example.org", [("https://www.example.org",)]),
        ("example.org/plan", [("https://example.org/plan",)]),
        ("app://open/5", [("app://open/5",)]),
        ("mailto:ada@example.org", [("mailto:ada@example.org",)]),
        ({"url": URL, "name": "Plan"}, [(URL, "Plan")]),
        ({"href": URL, "title": "Plan"}, [(URL, "Plan")]),
        ([{"link": URL, "text": "Plan"}], [(URL, "Plan")]),
        ({"url": URL, "name": None}, [(URL,)]),
        (json.dumps([{"url": URL}]), [(URL,)]),
        (json.dumps([URL, "https://example.net"]), [(URL,), ("https://example.net",)]),
        ([], []),
        (None, []),
    ],
)
def test_links_are_read_as_they_were_meant(given: Any, stored: list[Any]) -> None:
    read = convert("links", given)
    names = [
        (entry["url"], entry["name"]) if "name" in entry else (entry["url"],) for entry in read
    ]
    assert stored == names
    assert all(uuid.UUID(entry["id"]) for entry in read)


@pytest.mark.parametrize("type", ["links", "checklist"])
def test_entries_as_infinity_has_them_come_back_unchanged(type: str) -> None:
    own = {"url": URL, "name": None} if type == "links" else {"name": "a", "done": True}
    entry = {"id": str(uuid.uuid4()), **own, "favicon": None, "sort_order": "5", "title": "kept"}
    assert [entry] == convert(type, [entry])
    assert [entry] == convert(type, json.dumps([entry]))


@pytest.mark.parametrize("url", ["example.com", "https://a.org/x,;", "", " <a> ", "a b", "www.a.b"])
def test_the_url_of_a_link_that_infinity_has_is_left_alone(url: str) -> None:
    entry = {"id": str(uuid.uuid4()), "url": url, "name": "A"}
    assert [entry] == convert("links", [entry])
    assert [entry] == convert("links", json.dumps([entry]))


@pytest.mark.parametrize(
    ("type", "given", "told"),
    [
        ("text", True, "takes text"),
        ("text", ["x"], "takes text"),
        ("text", {"a": 1}, "takes text"),
        ("text", [], "takes text"),
        ("text", float("nan"), "takes text"),
        ("text", float("inf"), "takes text"),
        ("longtext", False, "takes text"),
        ("longtext", {"html": "x"}, "takes text"),
        ("email", ["a@example.org"], "takes text"),
        ("phone", True, "takes text"),
        ("checkbox", "perhaps", "takes true or false"),
        ("checkbox", 2, "takes true or false"),
        ("checkbox", [True], "takes true or false"),
        ("checkbox", 1.0, "takes true or false"),
        ("checkbox", {}, "takes true or false"),
        *(
            ("number", given, "takes a number")
            for given in (
                "NaN",
                "Infinity",
                "-inf",
                "1e400",
                "1e999999999",
                "9" * 1000,
                "12,5",
                "1,234.5",
                "1_000",
                "0x10",
                "١٢",
                "12 kg",
                "much",
                "e5",
                True,
                [5],
                {"value": 5},
                float("nan"),
                float("inf"),
                2**63,
                "1e-400",
            )
        ),
        *(
            ("number", given, "would be stored as ")
            for given in (
                "12345678901234567.25",
                "-12345678901234567.25",
                "1234567890.123456789",
                "9007199254740993.5",
                "1234567890123456.789e1",
            )
        ),
        ("progress", "12345678901234567.25%", "round it to 15 digits"),
        ("rating", 2.5, "takes a whole number"),
        ("vote", True, "takes a number"),
        *(
            ("date", given, "takes a date like 2026-12-01")
            for given in (
                "soon",
                "tomorrow",
                "2026-02-30",
                "2026-13-01",
                "0000-01-01",
                "2026-12",
                "2026-W49-2",
                "01.12.2026",
                "12/01/2026",
                "1 December 2026",
                "2026-12-01T25:00",
                "2026-12-01 to 2026-12-05",
                "2026-12-01T09:30:00 Europe/Berlin",
                "\uff12\uff10\uff12\uff16-12-01",
                20261201,
                1764547200,
                True,
                ["2026-12-01"],
                {"date": "2026-12-01"},
            )
        ),
        ("label", [None], "a label is given by its name or id, not as null"),
        ("label", [["Web"]], "not as a list"),
        ("label", True, "not as true or false"),
        ("label", [{}], "not as an object"),
        ("label", {"add": ["Web"]}, "not as an object"),
        ("label", [""], "there is no label ''"),
        ("label", " ", "there is no label ' '"),
        ("label", "Wbe", "there is no label 'Wbe'; there are: 'Web', 'API'"),
        ("members", [None], "a member is given by its name or id, not as null"),
        ("members", True, "not as true or false"),
        ("members", [[4242]], "not as a list"),
        ("members", -5, "there is no member '-5'"),
        ("members", 0, "there is no member '0'"),
        ("members", 1.5, "there is no member '1.5'"),
        ("members", "zed", "there is no member 'zed'; there are: 'Ada Example', 'Bob Example'"),
        ("attachments", ["plan.pdf"], "takes attachment ids"),
        ("attachments", [True], "takes attachment ids"),
        ("attachments", [None], "takes attachment ids"),
        ("attachments", URL, "takes attachment ids"),
        ("attachments", {"name": "plan.pdf"}, "takes attachment ids"),
        ("links", "see the wiki", "each link is a URL"),
        ("links", "plan.pdf", "'plan.pdf' is no URL"),
        ("links", f"Docs: {URL}", "'Docs:' is no URL"),
        ("links", "javascript:alert(1)", "is no URL"),
        ("links", {"url": "data:text/html,x"}, "is no URL"),
        ("links", "https://a.org,javascript://b", "is no URL"),
        ("links", {"id": "x", "url": " javascript:alert(1)"}, "is no URL"),
        ("links", "https://a.org?u=x,https://b.org", "may be one URL or several: give each as"),
        ("links", [None], "each link is a URL"),
        ("links", [5], "each link is a URL"),
        ("links", [[URL]], "each link is a URL"),
        ("links", {"name": "Plan"}, "each link is a URL"),
        ("links", {"url": URL, "name": 5}, "each link is a URL"),
        ("links", {"url": URL, "colour": "red"}, "'colour' is not known"),
        ("links", {"url": URL, "href": "https://example.net"}, "contradicts"),
        ("checklist", [None], "each entry is a text"),
        ("checklist", [True], "each entry is a text"),
        ("checklist", [["a"]], "each entry is a text"),
        ("checklist", [""], "each entry is a text"),
        ("checklist", "- [x] ", "each entry is a text"),
        ("checklist", "Steps:\n- [ ] a", "the line 'Steps:' is no entry"),
        ("checklist", ["Steps:\n- [ ] a"], "the line 'Steps:' is no entry"),
        ("checklist", ["\n\n"], "each entry is a text"),
        ("checklist", ["a\n" * 1500] * 2, "takes at most 2,000 list entries"),
        ("checklist", {"done": True}, "each entry is a text"),
        ("checklist", {}, "each entry is a text"),
        ("checklist", {"name": ["a"]}, "each entry is a text"),
        ("links", "Spec - https://a.org/x", "'Spec' is no URL"),
        ("links", "https://a.org - https://b.org", "'-' is no URL"),
        ("links", ["See 2. https://a.org"], "'See' is no URL"),
        ("links", {"url": "www." + "." * 49_000 + " x"}, "is no URL"),
        ("links", {"url": "www." + "a." * 24_000 + " x"}, "is no URL"),
        ("checklist", {"name": True}, "each entry is a text"),
        ("checklist", {"name": "a", "done": "perhaps"}, "done is true or false"),
        ("checklist", {"name": "a", "done": [True]}, "done is true or false"),
        ("checklist", {"name": "a", "ticked": True}, "'ticked' is not known"),
        ("checklist", {"name": "a", "done": True, "checked": False}, "contradicts"),
        ("reference", ["x"], "use infinity_create_reference"),
        ("time-tracking", 5, "use infinity_create_time_entry"),
        ("created_at", "2026-12-01", "Infinity computes it"),
        ("formula", 5, "Infinity computes it"),
        (None, 5, "Infinity computes it"),
    ],
)
def test_what_cannot_be_meant_is_refused(type: str, given: Any, told: str) -> None:
    with pytest.raises(WrongValue) as raised:
        convert(type, given)
    assert told in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize(("type", "what"), [("label", "label"), ("members", "member")])
def test_one_is_taken_where_one_is_allowed(type: str, what: str) -> None:
    one, two = (["Web"], ["Web", "API"]) if type == "label" else ([4242], [4242, 4243])
    assert 1 == len(convert(type, one * 2, multiple=False))
    with pytest.raises(WrongValue, match=f"takes one {what} only"):
        convert(type, two, multiple=False)


@pytest.mark.parametrize(
    ("data", "needed"),
    [
        ("Ada Example", True),
        ("4242", False),
        ("[4242]", False),
        ([4242, "Ada Example"], True),
        ({"id": 4242, "name": "Ada Example"}, False),
        (None, False),
    ],
)
def test_members_are_read_only_for_names(data: Any, needed: bool) -> None:
    assert needed == needs_members({"type": "members"}, data)
