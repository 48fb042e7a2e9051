"""What shows nothing is no text: nothing is emptied or called by it."""

from __future__ import annotations

import re
from html import unescape
from itertools import product
from unicodedata import category

import pytest

from mcpserver.content.blank import is_blank
from tests.mcpserver.tools.agent import Agent
from tests.measuring import thread_seconds

BLANK = ["\n\t", "\u00a0", "\u200b", " \u2060\u200d ", "\u2066\u2069", "\u3164", "\u2800 ", "\x7f"]
UNSEEN = [
    *BLANK,
    *("", " ", "\ufeff", "\u00ad", "\u2028\u2029", "\u061c", "\u034f", "\u115f\u1160", "\uffa0"),
    *("\u17b4\u17b5", "\u180b", "\u180e", "\ufe0f", "\u2065", "\ufff0", "\ufff9", "\U0001d173"),
    *("\U000e0020\U000e007f", "\U000e0100", "\U000e0001", "\U000e0fff"),
]
# Letters of the same kinds that are seen, alone or with others.
SEEN = [
    "a\u2069",
    "\u1100\u115f",
    "\u2801",
    "\u263a\ufe0f",
    "0",
    "\u0301",
    "\U0001f600",
    "\ue000",
    "-",
    *("\u0600", "\u0605", "\u06dd", "\u070f", "\u0890", "\u08e2", "\U000110bd", "\U000110cd"),
]
BLANK_TEXTS = [
    *BLANK,
    "<p></p>",
    "<p> </p><p><br></p>",
    "<br>",
    "&nbsp;",
    "&#8203;",
    "<p><!-- a --></p>",
    "<p>\u200b</p>",
    "<p><strong></strong></p>",
    "<p>\u3164</p>",
    "<p>&#x2800;</p>",
]
# Marks of Markdown and HTML of which nothing would be left.
MARKS = ["#", "> >", ">", "[](x)", "[]()", "##\n\n##", "<iframe src=x></iframe>", "<a href=x></a>"]
MARKS += ["<p></p><script>a()</script>", "<svg></svg>", "\u06dd"]
# To be filled in: nothing is lost of them in a long text.
TEMPLATES = ["<ul><li></li></ul>", "- \n- ", "+", "```\n```", "<pre></pre>"]
FRAMES = [
    "| | |\n|-|-|\n| | |",
    "<table><tr><td></td></tr></table>",
    "<details><summary></summary></details>",
    "- [ ] ",
    "---",
]


def test_no_comment_is_emptied(item: Agent) -> None:
    id = item.result("infinity_create_comment", text="as it was")["id"]
    for text in [*BLANK_TEXTS, *TEMPLATES]:
        for arguments in ({}, {"parent_id": None}):
            told = item.refused("infinity_update_comment", comment_id=id, text=text, **arguments)
            assert "text: is empty" in told or "text: shows nothing" in told
        item.refused("infinity_create_comment", text=text)
    assert "as it was" in item.text("infinity_get_comment", comment_id=id)


@pytest.mark.parametrize(
    "text",
    [
        *FRAMES,
        *("![](https://x.org/a.png)", "0", "- [ ]  a", "."),
        '<p><span class="mention" data-id="3"></span></p>',
        '<p><at-mention user="3"></at-mention></p>',
    ],
)
def test_a_comment_that_shows_something_is_taken(item: Agent, text: str) -> None:
    assert item.result("infinity_create_comment", text=text)["id"]


@pytest.mark.parametrize("text", MARKS)
def test_marks_that_say_nothing_to_markdown_are_kept_as_they_are(item: Agent, text: str) -> None:
    item.result("infinity_update_item", values={"Notes": "x"})
    item.result("infinity_update_item", values={"Notes": text})
    stored = item.values(item.place["item_id"])["Notes"]
    comment = item.result("infinity_create_comment", text=text)["text"]
    assert text.split() == unescape(re.sub("</?p>", " ", stored)).split()
    assert stored == comment


def test_a_long_text_that_shows_nothing_is_an_empty_one(item: Agent) -> None:
    for text in BLANK_TEXTS:
        item.result("infinity_update_item", values={"Notes": "x"})
        item.result("infinity_update_item", values={"Notes": text})
        assert item.values(item.place["item_id"]).get("Notes") in ("", None)


def test_a_long_text_to_be_filled_in_is_kept(item: Agent) -> None:
    for text in [*FRAMES, *TEMPLATES]:
        item.result("infinity_update_item", values={"Notes": text})
        assert item.values(item.place["item_id"]).get("Notes"), text


def test_what_cannot_be_seen_is_a_blank() -> None:
    assert [] == [text for text in UNSEEN if not is_blank(text)]
    assert [] == [text for text in SEEN if is_blank(text)]


@pytest.mark.parametrize("letter", [" ", "\u200b", "\u3164", "\U000e0020"])
def test_a_long_blank_takes_little_time(letter: str) -> None:
    letters = "x" * 2_000_000
    taken = thread_seconds(lambda: is_blank(letter * 400_000))
    assert taken < thread_seconds(lambda: [ord(each) for each in letters])


def test_every_kind_of_blank_is_one() -> None:
    """But not what stands around digits, Unicode's Prepended_Concatenation_Mark."""
    seen = {
        *"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
    }
    kinds = ("Cc", "Cf", "Zs", "Zl", "Zp")
    blanks = [letter for letter in map(chr, range(0x110000)) if category(letter) in kinds]
    assert seen == {letter for letter in blanks if not is_blank(letter)}


def test_a_text_is_seen_by_its_first_letter() -> None:
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 480)))
    taken = thread_seconds(lambda: [is_blank(letters) for _ in range(4_000)])
    assert taken < thread_seconds(lambda: [ord(each) for each in "x" * 2_000_000])


def test_no_label_entry_or_title_is_a_blank(board: Agent, item: Agent) -> None:
    title = item.values(item.place["item_id"])["Name"]
    for name in BLANK:
        new = {"name": "A", "type": "label", "settings": {"labels": [{"name": name}]}}
        assert "has a name" in board.refused("infinity_create_attribute", **new)
        for entry in (name, {"name": name}):
            told = item.refused("infinity_update_item", values={"Checklist": [entry]})
            assert "each entry is" in told
        item.result("infinity_update_item", title=name, values={"Progress": 5})
        assert title == item.values(item.place["item_id"])["Name"]


def test_a_sign_of_a_script_is_a_name(workspace: Agent, item: Agent) -> None:
    assert workspace.result("infinity_create_board", name="\u06dd")["id"]
    item.result("infinity_update_item", name="\u06dd")
    assert "\u06dd" == item.values(item.place["item_id"])["Name"]


def test_nothing_is_called_by_a_blank(workspace: Agent, item: Agent) -> None:
    place = {key: id for key, id in item.place.items() if key != "item_id"}
    for name, (tool, arguments) in product(
        BLANK,
        (
            ("infinity_create_folder", place),
            ("infinity_update_folder", {**place, "folder_id": "m4XcVb9RtQe"}),
            ("infinity_create_attribute", {**place, "type": "text"}),
            ("infinity_update_attribute", {**place, "attribute_id": "a"}),
            ("infinity_create_board", {}),
        ),
    ):
        assert ": is empty" in workspace.refused(tool, **arguments, name=name)
    for name in BLANK:
        told = workspace.refused("infinity_create_board", name="a", description=name)
        assert "description: is empty" in told
        assert ": is empty" in item.refused("infinity_add_item_comment", comment_text=name)
