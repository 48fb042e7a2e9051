"""A record is a field a line; a long text of it can be read to its end."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.rendering.results import Format, render
from tests.mcpserver.content.rendering.data import FORMATS, LIMIT, reader
from tests.support import text_of

TEXTS = [
    "x" * 60_000,
    "word " * 3_000,
    "\n".join(f"line {n}" for n in range(2_000)),
    "é\U0001f600" * 4_000,
    '"\\\t' * 3_000,
    "x",
    "",
]
COMMENT = {"id": "c", "object": "comment"}


def record(data: dict[str, Any], **more: Any) -> list[str]:
    return text_of(render(data, "markdown", **more)).splitlines()


def test_a_record_is_a_field_a_line() -> None:
    assert ["id: 1", "name: Roadmap", "color: #123456", "note:", "  a", "  b"] == record(
        {"color": "#123456", "id": 1, "name": "Roadmap", "object": "board", "note": "a\nb"}
    )


def test_the_values_of_an_item_stand_below_it() -> None:
    notes = {"id": "u", "name": "Notes", "type": "longtext"}
    values = [
        {"object": "value", "attribute_id": "u", "data": "<p>a</p><p>b</p>"},
        {"object": "value", "attribute_id": "v", "data": 2},
    ]
    lines = record({"id": "i", "values": values}, reader=reader(notes, {"id": "v", "name": "N"}))
    assert ["id: i", "values:", "  Notes:", "    a", "", "    b", "  N: 2"] == lines


def test_rows_of_values_show_their_texts() -> None:
    rows = [
        {"attribute_id": "u", "attribute_name": "Status", "data": ["l1"], "text": "Doing"},
        {"attribute_id": "v", "attribute_name": "Empty", "data": None, "text": ""},
    ]
    assert ["item_id: i", "values:", "  Status: Doing"] == record({"item_id": "i", "values": rows})


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("text", TEXTS)
def test_a_long_text_is_read_to_its_end_by_following_the_notices(format: Format, text: str) -> None:
    row = {"attribute_id": "u", "attribute_name": "Notes", "data": text, "text": text}
    read, offset = "", 0
    for _ in range(200):
        result = text_of(render(row, format, offset=offset))
        assert len(result) <= LIMIT
        read += piece_in(result, format)
        following = re.search(r"go on with offset=(\d+)", result)
        if following is None:
            break
        assert int(following[1]) > offset
        offset = int(following[1])
    if format == "json":
        assert text == read
    else:  # further lines are indented
        assert "".join(text.split()) == "".join(read.split())


def piece_in(result: str, format: Format) -> str:
    """The text of a piece."""
    if format == "json":
        return str(json.loads(result)["text"])
    return "" if result.endswith("text: (empty)") else result.partition("\ntext:")[2]


@pytest.mark.parametrize("format", FORMATS)
def test_an_offset_beyond_the_text_is_refused(format: Format) -> None:
    for offset in (3, 4, 10**9):
        with pytest.raises(WrongValue, match="the text has only 3 characters"):
            render({**COMMENT, "text": "abc"}, format, offset=offset)
