"""Checklists and links are read as they were meant."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.mcpserver.content.values.converting import (
    DAMAGED,
    NO_LISTS,
    URL,
    WITH_BRACKETS,
    convert,
)


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
        ("1) only", [("only", False)]),
        (["1) a", "2) [x] b"], [("a", False), ("b", True)]),
        ("☑ a\n☐ b", [("a", True), ("b", False)]),
        ("[x] a", [("a", True)]),
        ("[draft] a", [("[draft] a", False)]),
        ("[x](https://example.org)", [("[x](https://example.org)", False)]),
        ("- a", [("a", False)]),
        ("2. quarter", [("2. quarter", False)]),
        (["[x] a", "- [ ] b", "- c"], [("a", True), ("b", False), ("c", False)]),
        (["- a", "- [x] b", "* c", "+ d", "• e"], [(n, n == "b") for n in "abcde"]),
        (["☐ a", "☑ b", "1. c", "-d"], [("a", False), ("b", True), ("1. c", False), ("-d", False)]),
        ("('a') b", [("('a') b", False)]),
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
        ([{"id": "", "name": "a", "done": True}], [("a", True)]),
        ([{"name": "a", "done": 1}, {"name": 5, "done": "false"}], [("a", True), ("5", False)]),
        ({"a": True, "b": False}, [("a", True), ("b", False)]),
        ([{"a": True}, "b"], [("a", True), ("b", False)]),
        (["a", "a"], [("a", False), ("a", False)]),
        ([5], [("5", False)]),
        (['{"name":"a","done":true}', '{"name":"b"}'], [("a", True), ("b", False)]),
        (
            ['{"a": true}', "b", " {\n} b"],
            [("a", True), ("b", False), ("{", False), ("} b", False)],
        ),
        ('- {"name":"a","done":true}\n- b', [("a", True), ("b", False)]),
        ('```json\n["a","b"]\n```', [("a", False), ("b", False)]),
        ('\n```\r\n[{"name":"a","done":true}]\r\n```\n', [("a", True)]),
        ("```\n- [x] a\n- b\n```", [("a", True), ("b", False)]),
        ("```\nls\n```", [("ls", False)]),
        ("[\n  1,\n  2\n]", [("1", False), ("2", False)]),
        ({"name": '["a"'}, [('["a"', False)]),
        ({"name": "[1, None]", "done": True}, [("[1, None]", True)]),
        *((text, [(text, False)]) for text in WITH_BRACKETS + NO_LISTS),
        *(([text, "b"], [(text, False), ("b", False)]) for text in WITH_BRACKETS + NO_LISTS),
        *(({"name": text}, [(text, False)]) for text in DAMAGED if text == text.strip()),
        ([], []),
        ("[]", []),
        (" []\n", []),
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
        (f"[a]({URL}), [b](https://b.org)", [(URL, "a"), ("https://b.org", "b")]),
        ("[a](https://a.org),[b](https://b.org)", [("https://a.org", "a"), ("https://b.org", "b")]),
        (
            f"- [a b]({URL}); <https://b.org> [](www.c.d)",
            [(URL, "a b"), ("https://b.org",), ("https://www.c.d",)],
        ),
        ("[a](https://a.org/f(1),g(2))", [("https://a.org/f(1),g(2)", "a")]),
        ({"url": URL, "id": "", "name": None}, [(URL,)]),
        ([{"url": URL, "id": None, "name": "Plan"}], [(URL, "Plan")]),
        ("www.example.org", [("https://www.example.org",)]),
        ("example.org/plan", [("https://example.org/plan",)]),
        ("app://open/5", [("app://open/5",)]),
        ("mailto:ada@example.org", [("mailto:ada@example.org",)]),
        ({"url": URL, "name": "Plan"}, [(URL, "Plan")]),
        ({"href": URL, "title": "Plan"}, [(URL, "Plan")]),
        ([{"link": URL, "text": "Plan"}], [(URL, "Plan")]),
        ({"url": URL, "name": None}, [(URL,)]),
        (json.dumps([{"url": URL}]), [(URL,)]),
        ([json.dumps({"url": URL, "name": "Plan"})], [(URL, "Plan")]),
        (f'```json\n["{URL}"]\n```', [(URL,)]),
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
