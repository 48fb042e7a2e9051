"""Every reader of texts takes linear time for any pattern repeated up to its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext.htmltags import TooComplex
from mcpserver.content.richtext.richtext import read, to_html
from mcpserver.content.values.conversions import converted
from mcpserver.content.values.free_forms import by_attribute
from mcpserver.content.values.label_forms import entries
from mcpserver.content.values.names import Names, folded
from tests.measuring import thread_seconds

LONG = 50_000
PIECES = [
    *"<>[]`*_~|#-&\\\"'{}().,;/:@%=+!?x5",
    *(" ", "\t", "\r\n", "\0", "\u00a0", "\u0301", "\ufdfa", "\u200b", "\U0001f600", "☐", "é "),
    *("![", "&amp", "&amp;", "<!--", "<p x", "<p>", '"[', "e9", "a\n", "- ", "- a\n", "1. ", "> "),
    *(
        "[a](",
        "[a]: ",
        "|-",
        "|a|\n",
        "a.",
        "www.",
        "http://",
        "a@",
        "['",
        "[x] ",
        "a,",
        "**a",
        "<b>",
    ),
]
KINDS = ("text", "email", "checkbox", "number", "progress", "rating", "date", "label", "members")


def value(kind: str) -> Callable[[str], Any]:
    attribute = {"type": kind, "settings": {"labels": [{"id": "1", "name": "Web"}]}}
    people = Names([{"id": 1, "name": "Ada"}], "member")
    return lambda text: asyncio.run(converted(attribute, text, people))


READERS: dict[str, Callable[[str], Any]] = {
    "to HTML": to_html,
    "to Markdown": read,
    "folded": folded,
    "name": lambda text: asyncio.run(Names([{"id": "1", "name": "A"}], "label").find(text)),
    "labels": lambda text: asyncio.run(entries(text, [])),
    "values": by_attribute,
    **{kind: value(kind) for kind in (*KINDS, "links", "checklist", "attachments")},
}


@pytest.mark.parametrize("reader", READERS)
def test_a_repeated_piece_takes_linear_time(reader: str) -> None:
    baseline = thread_seconds(lambda: [ord(each) for each in "x" * LONG * 10])
    slow = []
    for piece in PIECES:
        text = (piece * LONG)[:LONG]

        def work(text: str = text) -> None:
            with suppress(WrongValue, TooComplex, ValueError):
                READERS[reader](text)

        if thread_seconds(work) > 20 * baseline:
            slow.append(piece)
    assert [] == slow
