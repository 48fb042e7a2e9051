"""A page is a table: a header once, a row a record, names instead of ids."""

from __future__ import annotations

import re
from typing import Any

import pytest

from mcpserver.content.pages import Window
from mcpserver.content.rendering.results import render
from tests.mcpserver.content.rendering.data import FORMATS, LIMIT, page, reader
from tests.support import text_of

LABELS = {"labels": [{"id": "l1", "name": "Doing"}, {"id": "l2", "name": "Done"}]}
NAME = {"id": "u1", "name": "Name", "type": "text"}
STATUS = {"id": "u2", "name": "Status", "type": "label", "settings": LABELS}
OWNER = {"id": "u3", "name": "Owner", "type": "members"}
NOTES = {"id": "u4", "name": "Notes", "type": "longtext"}
ADA = {"id": 7, "name": "Ada Example"}


def value(attribute: dict[str, Any], data: Any, /, **more: Any) -> dict[str, Any]:
    return {"object": "value", "attribute_id": attribute["id"], "data": data, **more}


def table(*records: dict[str, Any], **changes: Any) -> list[str]:
    known = reader(NAME, STATUS, OWNER, NOTES, people=[ADA])
    result = render(page(0, data=list(records), **changes), "markdown", reader=known)
    return text_of(result).splitlines()


def item(id: str, *values: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"id": id, "object": "item", "deleted": False, "values": list(values), **fields}


def test_values_stand_under_the_names_of_their_attributes() -> None:
    assert [
        "> 2 records",
        "id | Name | Status | Owner",
        "---|---|---|---",
        "a | Buy paper | Doing, Done | Ada Example",
        "b | Sell paper",
    ] == table(
        item("a", value(STATUS, ["l1", "l2"]), value(NAME, "Buy paper"), value(OWNER, [7])),
        item("b", value(NAME, "Sell paper"), value(STATUS, []), value(OWNER, None)),
    )


def test_an_expanded_attribute_is_not_repeated() -> None:
    expanded = [item(id, value(STATUS, ["l1"], attribute=STATUS)) for id in "ab"]
    assert ["id | Status", "---|---", "a | Doing", "b | Doing"] == table(*expanded)[1:]


def test_what_is_the_same_in_each_row_is_said_once() -> None:
    records = [
        {"id": id, "name": f"N{id}", "folder_id": "f", "created_by": 7, "parent_id": None}
        for id in "abc"
    ]
    assert [
        "> 3 records",
        "In each row: folder_id: f; created_by: Ada Example",
        "id | name",
        "---|---",
        "a | Na",
        "b | Nb",
        "c | Nc",
    ] == table(*records)


def test_empty_fields_and_what_says_nothing_are_left_out() -> None:
    nothing: dict[str, Any] = {
        "object": "folder",
        "color": None,
        "note": "",
        "list": [],
        "deleted": False,
    }
    assert ["id | name", "---|---", "a | A"] == table({"id": "a", "name": "A", **nothing})[1:]
    gone = {"id": "a", "name": "A", "deleted": True, "count": 0}
    assert "a | A | true | 0" == table(gone)[-1]


def test_texts_of_several_lines_keep_them_below_their_row() -> None:
    html = "<h2>Goal</h2><ul><li>one</li><li>two</li></ul><pre><code>a\n  b</code></pre>"
    lines = table(item("a", value(NAME, "A"), value(NOTES, html)), item("b", value(NAME, "B")))
    assert [
        "a | A",
        "  Notes:",
        "    ## Goal",
        "",
        "    - one",
        "    - two",
        "",
        "    ```",
        "    a",
        "      b",
        "    ```",
        "b | B",
    ] == lines[3:]


def test_all_records_of_a_page_come_before_long_texts_come_whole() -> None:
    records = [item(id, value(NAME, id.upper()), value(NOTES, id * 600)) for id in "abcd"]
    lines = table(*records)
    assert "> Texts that end with … are cut to 200 characters: read one to its end with" in lines[0]
    for id in "abcd":
        assert f"  Notes: {id * 200} …" in lines
    assert f"  Notes: {'a' * 600}" in table(*records[:1])


def test_times_are_short() -> None:
    times = {
        "created_at": "2026-02-03T04:05:06.000000Z",
        "started_at": "2026-02-03T04:05:00.000000Z",
        "ended_at": "2026-02-03 04:05:06",
        "due_at": "tomorrow",
    }
    assert (
        "a | 2026-02-03 04:05 | 2026-02-03 04:05 | 2026-02-03 04:05:06 | tomorrow"
        == table({"id": "a", **times})[-1]
    )


def test_a_cell_cannot_pass_for_further_cells_or_rows() -> None:
    lines = table(item("a", value(NAME, "A | Done\nb | B")), item("b|c", value(NAME, "B")))
    assert "a" in lines
    assert ["  Name:", "    A | Done", "    b | B"] == lines[4:7]
    assert "b\\|c | B" == lines[-1]


def test_attributes_with_the_same_name_or_that_of_a_field_have_columns_of_their_own() -> None:
    twins = [{**NAME, "id": "u8-twin"}, {**NAME, "id": "u9", "name": "id"}]
    record = item("a", value(NAME, "A"), value(twins[0], "B"), value(twins[1], "C"))
    known = reader(NAME, *twins)
    text = text_of(render(page(1, data=[record]), "markdown", reader=known))
    assert "id | Name | Name (u8-twin) | attr:id" in text
    assert "a | A | B | C" in text


def test_names_that_are_not_known_leave_ids() -> None:
    record = item("a", value(NAME, "A"), value(OWNER, [7]), created_by=8)
    text = text_of(render(page(1, data=[record]), "markdown"))
    assert "a | A | [7] | #8" in text


def test_an_expanded_record_stands_by_its_name() -> None:
    folder = {"object": "folder", "id": "f", "name": "Backlog", "attribute_ids": ["u"] * 24}
    person = {"object": "user", "id": 7, "name": "Ada Example", "email": "ada@example.org"}
    assert "a | Backlog | Ada Example" == table({"id": "a", "folder": folder, "by": person})[-1]


def test_long_lists_of_ids_are_counted() -> None:
    assert "a | 24 entries" == table({"id": "a", "attribute_ids": ["u"] * 24})[-1]
    assert "a | 2 entries" == table({"id": "a", "attribute_ids": ["x", "y"]})[-1]
    assert "a | x, y" == table({"id": "a", "tags": ["x", "y"]})[-1]


def test_the_labels_of_an_attribute_stand_by_name() -> None:
    assert "u2 | Status | label | Doing, Done" == table(STATUS)[-1]


def test_a_page_with_thousands_of_columns_shows_its_records() -> None:
    """Columns beyond a number are lines below the row."""
    records = [{"id": f"id-{n}", **{f"key {n}-{m}": m for m in range(150)}} for n in range(100)]
    text = text_of(render(page(0, data=records), "markdown"))
    assert "id-0" in text
    assert "key 0-80: 80" in text


def test_a_text_is_read_on_however_much_stands_beside_it() -> None:
    comment = {"id": 1, "object": "comment", "text": "word " * 900, "item": {"note": "x" * 9_000}}
    for format in FORMATS:
        first = text_of(render(comment, format, offset=0))
        assert len(first) <= LIMIT
        assert first.count("word") > 100


def wide(id: str, columns: int, size: int) -> dict[str, Any]:
    rows = [
        {"attribute_id": f"u{n}", "attribute_name": f"Column {n}", "text": f"{id}{n} " + "x" * size}
        for n in range(columns)
    ]
    return {"item_id": id, "values": rows}


@pytest.mark.parametrize(("columns", "size"), [(40, 10), (400, 90), (400, 300), (30, 5_000)])
def test_records_too_wide_for_a_result_are_shown_as_far_as_they_fit(
    columns: int, size: int
) -> None:
    seen: list[str] = []
    data = [wide(f"i{n}", columns, size) for n in range(8)]
    window = Window.of("after", None, 100)
    left = page(0, data=data)
    for _ in range(8):
        lines = text_of(render(left, "markdown", cut=window.cut)).splitlines()
        assert sum(len(line) + 1 for line in lines) <= LIMIT
        seen += [line.split(" | ")[0] for line in lines if re.match(r"i\d+( |$)", line)]
        cursor = re.search(r"after=(\S+)", "\n".join(lines))
        if not cursor:
            break
        window = Window.of("after", cursor[1], 100)
        left = window.shown(page(0, data=data))
    assert [each["item_id"] for each in data] == seen
    if columns == 400:
        assert "> The rest of this record is left out: " in "\n".join(lines)


def test_a_text_too_long_for_a_result_is_cut_and_not_left_out() -> None:
    lines = table(item("a", value(NAME, "A"), value(NOTES, "long " * 9_000)))
    assert any(line.startswith("  Notes: long long") and line.endswith(" …") for line in lines)
    assert "read one to its end with" in "\n".join(lines)
