"""Values that cannot be meant are refused with what would work."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.conversions import needs_members
from tests.mcpserver.content.values.converting import (
    DAMAGED,
    URL,
    convert,
)
from tests.measuring import thread_seconds


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
        *(("checklist", text, 'as a name, send {"name": …}') for text in DAMAGED),
        *(("checklist", ["a", text], "an object but is not JSON") for text in DAMAGED),
        *(
            ("checklist", given, "each entry is a text")
            for given in (
                *(float("inf"), float("-inf"), float("nan"), 1.0, 1.5, [1.0], "[1.5, 2]"),
                *({"name": 1.5}, {"name": float("inf")}, ['["a", "b"]'], ["[]"], ["[1, 2]"], "{}"),
                *("[ ]", "[x]", " [X] ", "- [ ]", ["[ ]"], ["a", "[x]"], "☐", "☑", ["- [x]"]),
            )
        ),
        ("label", 1e400, "not as inf"),
        ("label", "[ ]", "there is no label '[ ]'"),
        ("label", ['{"name":"Gone"}'], "there is no label 'Gone'"),
        ("members", [float("nan")], "not as nan"),
        ("members", "[ ]", "there is no member '[ ]'"),
        ("links", "[ ]", "is no URL"),
        ("attachments", "[ ]", "takes attachment ids"),
        ("attachments", [1e400], "takes attachment ids"),
        *(
            (kind, text, "an object but is not JSON")
            for kind in ("label", "members", "links", "checklist", "attachments")
            for text in (
                "['a','b']",
                "('a', 'b')",
                "[True, 'a']",
                "{'name': 'a'}",
                "['a',]",
            )
        ),
        ("checklist", "[\"a\", 'b']", "is not JSON: send JSON"),
        ("checklist", "[{'name': 'a', 'done': True}]", "is not JSON: send JSON"),
        ("checklist", [None], "each entry is a text"),
        ("checklist", [True], "each entry is a text"),
        ("checklist", [["a"]], "each entry is a text"),
        ("checklist", [""], "each entry is a text"),
        ("checklist", "- [x] ", "each entry is a text"),
        ("checklist", "Steps:\n- [ ] a", "the line 'Steps:' is no entry"),
        ("checklist", ["Steps:\n- [ ] a"], "the line 'Steps:' is no entry"),
        ("checklist", ["```\nls\n```"], "the line '```' is no entry"),
        ("checklist", "Run:\n```sh\nls\n```", "the line '```sh' is no entry"),
        ("checklist", ["\n\n"], "each entry is a text"),
        ("checklist", ["a\n" * 1500] * 2, "takes at most 2,000 list entries"),
        ("checklist", {"done": True}, "each entry is a text"),
        ("checklist", {}, "each entry is a text"),
        ("checklist", {"name": ["a"]}, "each entry is a text"),
        ("links", "Spec - https://a.org/x", "'Spec' is no URL"),
        ("links", "https://a.org - https://b.org", "'-' is no URL"),
        ("links", f"[a]({URL}) and [b]({URL})", "'and' is no URL"),
        ("links", {"url": URL, "id": "", "colour": "red"}, "'colour' is not known"),
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


@pytest.mark.parametrize(
    "text",
    [
        *(
            "[(" * 25_000,
            '["' * 25_000,
            "[1," + "] " * 25_000 + "x",
            "[1, " + "a] \n" * 12_000 + "x",
        ),
        *("```" + " " * 50_000 + "x", "[" + " " * 50_000 + "]x", "('" + "a" * 50_000),
        *("[1" + "0" * 50_000, "{" + "a" * 50_000, "[1e" + "1" * 50_000 + "x"),
        *("['a'," + "[" * 50_000, "('" * 25_000, "['a'" + ", " * 25_000, "[" + ',"\\' * 16_000),
        *("```\n" + "``x" * 16_000, '["' + "\\" * 49_999, "{" + "a:{ " * 12_000, "[\t" * 25_000),
    ],
)
def test_a_text_that_may_be_a_list_is_read_in_little_time(text: str) -> None:
    def read() -> None:
        with suppress(WrongValue):
            convert("checklist", text)

    letters = "x" * 1_000_000
    assert thread_seconds(read) < thread_seconds(lambda: [ord(each) for each in letters])


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
