"""Values converted for an attribute, and texts that are hard to tell from lists."""

from __future__ import annotations

import asyncio
from typing import Any

from mcpserver.content.values.conversions import converted
from mcpserver.content.values.names import MEMBER_KEYS, Names

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

# Texts of a checklist that begin as lists do.
WITH_BRACKETS = [
    *("[1] first note", "[1] see [2]", "[1, 2] compare them", "[Draft] Plan", "[Draft]"),
    *("[draft, 2]", "[10:30] Standup", "[10:30]", "[2026-12-01]", "[2026-12-01] Ship", "[007]"),
    *("[v1.2]", "[-] a", "[None] of them", "[true] story", "[Nonesuch]"),
    *("[Web](https://example.org)", "[[Page]]", '["Web"](https://example.org)'),
    *("[1](https://example.org)", "[#5, #6]", "[a] and {b}", "[@ada]", "{draft} Plan"),
    *("{{name}} calls", "{name}", "(a) first", '("urgent") a', "(1) a", "(2026)"),
]
# Texts that are no one bracket as a whole, or hold neither a quoted text nor a key.
NO_LISTS = [
    *("{id: 5} returns 500", "{user: admin} sees nothing, fix", '{"en": "x"} -> translate'),
    *("{x: y} refactor", '["x"] in config', '["x"] in config["y"]', "['90s] party", "['90s]"),
    *(
        "['t Hooft] paper",
        "[3], see [4]",
        '["a"], see ["b"]',
        "(1, 2)",
        "{1,3}",
        "{0, 1}",
        "[0, 1)",
    ),
    *("[2024, Q1]", "{", "[", "[{", '["draft"] title', "{http://example.org}", '[5" pipe]', "[x"),
    *("[1, None]", "[[None]]", "[True, False]", "[1, 2,]", '["a", "b"];', '["a", "b"] // two'),
    *('{"name": "a"}, {"name": "b"}', "(see 'a')", "[don't]", "[it's 'a']", "{a} {b: 1}", "[1"),
    *("```ls``` then ```pwd```", "```a```", '```["a"]```', "`ls`", "```", "```ls", "ls```"),
    *(
        '```json ["a"]```',
        'see ```["a"]```',
        "[True]",
        "[NaN]",
        "[None]",
        "[1e400]",
        "[2024]",
        "[-1]",
    ),
]
# What is a list or an object as a whole, and no JSON.
DAMAGED = [
    *("[('a', True), ('b', False)]", "[1, 'a']", "{1: 'a'}", '["a", "b"', "{id: 5}", "{x: y"),
    *('[{"name":"a"},{"name":"b"', '[{"name":"a",}]', '[\n  "a",\n  "b"\n', "[[1, 2], [3, 'a']]"),
    *('["a" "b"]', '["a", ...]', '[["a"], ["b"', '{"name": "a"', "{name: 'a'}", "[null, 'a']"),
    *('["a",]', '[{name: "a", done: true}]', "{'a', 'b'}", "(1, 'a')", '("a", "b"', '{"a": True}'),
    *("[1.5, 'a'", '```json\n["a", "b"\n```', "```python\n['a']\n```", '[("a")]', '["a", 1e400]'),
    *('[\n  {"name": "a"}\n  {"name": "b"}\n]', '[{"name": NaN}]', "[\t]", "[  ]", "[\n]"),
    *(
        "[\n  Web,\n  API\n]",
        "['see [1]', 'b']",
        '["see [1], b',
        "['a] b', 'c']",
        "[Web,\nAPI]",
        ' ["a", b] ',
    ),
]


def convert(type: str, data: Any, **settings: Any) -> Any:
    attribute = {"id": "a", "name": "A", "type": type, "settings": {"labels": LABELS, **settings}}
    return asyncio.run(converted(attribute, data, Names(PEOPLE, "member", MEMBER_KEYS)))
