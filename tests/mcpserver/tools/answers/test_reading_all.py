"""What was sent is read to its end: long lists page by page, long texts piece by piece."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import httpx2
import pytest

from mcpserver.sandbox import ADA_TOKEN
from tests.mcpserver.tools.agent import Agent

ITEMS = 300
MAX_BYTES, MAX_CHARACTERS = 30_000, 25_000
FORMATS = ["markdown", "json"]


def add_items(board: Agent, folder_id: str, names: dict[str, str], texts: list[str]) -> list[str]:
    """Put items into the sandbox itself: some texts are longer than a tool takes."""
    place = board.place
    path = f"/workspaces/{place['workspace_id']}/boards/{place['board_id']}/items"
    headers = {"Authorization": f"Bearer {ADA_TOKEN}"}
    with httpx2.Client(headers=headers) as http:
        made = []
        for number, text in enumerate(texts):
            values = [{"attribute_id": names["Name"], "data": f"Task {number}"}]
            if text:
                values.append({"attribute_id": names["Notes"], "data": f"<p>{text}</p>"})
            answer = http.post(
                f"{board.infinity.url}{path}", json={"folder_id": folder_id, "values": values}
            )
            made.append(str(answer.raise_for_status().json()["id"]))
    return made


@pytest.fixture
def many(board: Agent, attribute_ids: dict[str, str]) -> tuple[Agent, list[str]]:
    """At a folder of 300 items, some with long texts, one with 60,000 characters; and their ids."""
    folder = board.result("infinity_create_folder", name="Many")["id"]
    texts = ["" if n % 10 else f"{n} " * 1_000 for n in range(ITEMS)]
    texts[45] = "word " * 12_000
    return board.at(folder_id=folder), add_items(board, folder, attribute_ids, texts)


@pytest.mark.parametrize("format", FORMATS)
def test_each_of_300_items_is_seen_once(many: tuple[Agent, list[str]], format: str) -> None:
    reader, expected = many
    for limit, expand in ((1, "values"), (50, "values.attribute"), (100, "values")):
        seen = walk(reader, format, limit, expand)
        assert dict.fromkeys(expected, 1) == dict(seen), (limit, expand)


def walk(reader: Agent, format: str, limit: int, expand: str) -> Counter[str]:
    """How often each id is in the results, paging as they say."""
    seen: Counter[str] = Counter()
    after: str | None = None
    for _ in range(ITEMS + 1):
        arguments = {"limit": limit, "expand": [expand], "response_format": format, "after": after}
        text = reader.text("infinity_list_items", **arguments)
        assert len(text) <= MAX_CHARACTERS
        assert len(text.encode()) <= MAX_BYTES
        seen.update(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", ids_of(text)))
        match = re.search(r"after=(\S+)", text) if format == "markdown" else None
        page = json.loads(text) if format == "json" else {}
        after = match[1] if match else page.get("has_more") and page["after"]
        if not after:
            return seen
    raise AssertionError("The list does not end.")


def ids_of(text: str) -> str:
    """The first cells of the rows, or the ids of the records."""
    if text.startswith("{"):
        return " ".join(each["id"] for each in json.loads(text)["data"])
    return " ".join(line.partition(" |")[0] for line in text.splitlines() if line[:1] not in " >")


@pytest.mark.parametrize("format", FORMATS)
def test_a_text_of_60_kb_is_read_to_its_end_by_following_the_notices(
    board: Agent, folder_ids: dict[str, str], attribute_ids: dict[str, str], format: str
) -> None:
    whole = " ".join(f"w{n}" for n in range(10_000))
    (id,) = add_items(board, folder_ids["Ideas"], attribute_ids, [whole])
    assert len(whole) > 55_000
    offset: dict[str, Any] = {}
    rest = ""
    for _ in range(10):
        text = board.text(
            "infinity_get_item_attribute_value",
            item_id=id,
            attribute_id="Notes",
            response_format=format,
            **offset,
        )
        assert len(text) <= MAX_CHARACTERS
        rest += json.loads(text)["text"] if format == "json" else text.partition("\ntext: ")[2]
        match = re.search(r"go on with offset=(\d+)", text)
        if not match:
            break
        offset = {"offset": int(match[1])}
    assert [f"w{n}" for n in range(10_000)] == re.findall(r"w\d+", rest)


def test_a_long_comment_is_read_to_its_end(item: Agent) -> None:
    whole = "\n\n".join(f"Paragraph {n} of a long story" for n in range(1_200))
    made = item.result("infinity_create_comment", text=whole)["id"]
    seen, offset = "", 0
    for _ in range(10):
        text = item.text("infinity_get_comment", comment_id=made, offset=offset)
        seen += text.partition("\ntext:")[2]
        match = re.search(r"go on with offset=(\d+)", text)
        if not match:
            break
        offset = int(match[1])
    assert [str(n) for n in range(1_200)] == re.findall(r"Paragraph (\d+)", seen)


def test_a_list_tells_how_to_read_the_texts_that_it_cuts(many: tuple[Agent, list[str]]) -> None:
    reader, _ = many
    text = reader.text("infinity_list_items", limit=50, expand=["values"])
    own = "\n".join(line for line in text.splitlines() if line.startswith(">"))
    assert "infinity_get_item_attribute_value" in own
    cut = re.search(r"cut to (\d+) characters.*offset=(\d+)", own)
    assert cut and cut[1] == cut[2]


def test_an_offset_beyond_the_end_is_refused(item: Agent) -> None:
    told = item.error("infinity_get_item_attribute_value", attribute_id="Name", offset=10**6)
    assert "offset: the text has only 21 characters" in told
    for wrong in (-1, "x", True, 1.5):
        assert "offset: " in item.error(
            "infinity_get_item_attribute_value", attribute_id="Name", offset=wrong
        )
