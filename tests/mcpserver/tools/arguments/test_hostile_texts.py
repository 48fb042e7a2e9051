"""Hostile, slow texts: each call is answered or refused, and does not hold up /health."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Thread
from typing import Any

import httpx2
import pytest
from mcp.shared.exceptions import MCPError

from mcpserver.sandbox import ADA_TOKEN
from tests.mcpserver.tools.agent import Agent
from tests.support import Server, text_of

LONG = 50_000


def filled(part: str) -> str:
    return (part * (LONG // len(part) + 1))[:LONG]


WRITTEN = {
    "images": filled("!["),
    "brackets": filled("["),
    "emphasis": filled("*a "),
    "emphasis in words": filled("a**b"),
    "less-than": filled("<"),
    "quotes": filled(">"),
    "quoted lines": filled(">" * 200 + "a\n"),
    "backticks": "".join("`" * n + " " for n in range(310)),
    "links": filled("[a]("),
    "addresses": filled("[a](<b"),
    "references": "".join(f"[r{n}]: /u\n" for n in range(4_000)),
    "used references": "[a]: /" + "x" * 5_000 + "\n\n" + filled("[a] ")[:40_000],
    "entities": filled("&amp"),
    "open tags": filled("<p x"),
    "comments": filled("a <!-- "),
    "scripts": filled("<script>"),
    "quoted attributes": filled("<a b=\"'"),
    "table": "|a|b|\n|-|-|\n" + filled("|x|y|\n")[:40_000],
    "wide table": "|a" * 8_000 + "\n" + "|-" * 8_000 + "\n" + "a\n" * 5_000,
    "deep list": "".join(" " * 2 * n + "- a\n" for n in range(200)),
    "lists in a line": filled("- "),
    "backslashes": filled("\\"),
}
STORED = {
    "open tags": "<p x" * 12_400,
    "nested div": "<p>a</p>" + "<div>" * 4_500 + "</div>" * 4_500,
    "nested quotes": "<blockquote>" * 200 + "a<br>" * 15_000 + "</blockquote>" * 200,
    "quotes": "<blockquote>" * 8 + "a<br>" * 3_900 + "</blockquote>" * 8,
    "unclosed": "<p>" + "<b>" * 3_900 + "x",
    "misnested": "<p>" + "<b><i></b></i>" * 950,
    "misnested blocks": "<b><i><u><p>a" * 900,
    "fonts": "".join(f"<font data-n={n}>" for n in range(1_900)) + "<p>a" * 1_900,
    "attributes": "<p " + " ".join(f"data-{n}=x" for n in range(4_000)) + ">a</p>",
    "table": "<table>" + "<tr><td colspan=9999>a</td></tr>" * 980 + "</table>",
    "deep list": "<ul><li>a" * 48 + "</ul>" * 48,
    "entities": f"<p>{filled('&am')}</p>",
    "stars": f"<p>{filled('*_')}</p>",
    "brackets": f"<p>{filled('[')}</p>",
    "code": f"<p>{'`' * 20_000}</p><pre>{'`' * 20_000}</pre>",
    "styles": "<p><span style='color:red'>x</span>" * 900,
    "long": "<p>" + "word " * 200_000 + "</p>",
}


@contextmanager
def health_watched(server: Server) -> Iterator[list[int]]:
    """The answers of /health, which is asked again and again."""
    answers: list[int] = []
    done = Event()

    def ask() -> None:
        with httpx2.Client() as client:
            while not done.is_set():
                answers.append(client.get(f"{server.origin}/health").status_code)

    asking = Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        done.set()
        asking.join()


@pytest.fixture
def stored(item: Agent) -> Any:
    """Puts a text into Infinity as it is."""
    place = "workspaces/{workspace_id}/boards/{board_id}/items/{item_id}".format(**item.place)
    url = f"{item.infinity.url}/{place}/comments"
    headers = {"Authorization": f"Bearer {ADA_TOKEN}"}
    with httpx2.Client(headers=headers) as client:
        yield lambda text: client.post(url, json={"text": text}).raise_for_status().json()["id"]


def answer(agent: Agent, tool: str, **arguments: Any) -> str:
    """The text of a result, or of a refusal of the whole message."""
    try:
        return text_of(agent.call(tool, **arguments))
    except MCPError as error:
        return str(error)


@pytest.mark.parametrize("text", WRITTEN.values(), ids=WRITTEN)
def test_a_text_made_to_be_slow_is_stored_or_refused(item: Agent, text: str) -> None:
    told = answer(item, "infinity_create_comment", text=text)
    assert re.search("^id: |the text has|more than 50,000 lists", told, re.MULTILINE)


@pytest.mark.parametrize("text", STORED.values(), ids=STORED)
def test_a_text_made_to_be_slow_is_read(item: Agent, stored: Any, text: str) -> None:
    read = item.text("infinity_get_comment", comment_id=stored(text))
    assert len(read) <= 25_000


@pytest.mark.parametrize(
    "text", ["![" * 100_000, "[" * 200_000, "|a|b|\n|-|-|\n" + "|x|y|\n" * 33_000]
)
def test_a_text_that_is_too_long_is_refused_at_once(item: Agent, text: str) -> None:
    limit = "at most 50,000 characters|more than 50,000 lists"
    assert re.search(limit, answer(item, "infinity_create_comment", text=text))
    assert re.search(limit, answer(item, "infinity_update_item", values={"Notes": text}))


def test_the_long_texts_of_one_call_have_a_limit_together(board: Agent, item: Agent) -> None:
    names = [f"Long {number}" for number in range(5)]
    for name in names:
        board.result("infinity_create_attribute", name=name, type="longtext")
    told = item.refused("infinity_update_item", values=dict.fromkeys(names, "x" * 40_001))
    assert "the long texts of one call have 200,005 characters, more than 200,000" in told


def test_a_page_of_the_worst_texts_leaves_the_server_answering(
    item: Agent, stored: Any, server: Server
) -> None:
    for number in range(100):
        stored([*STORED.values()][number % (len(STORED) - 1)])
    with health_watched(server) as answers:
        text = item.text("infinity_list_comments", limit=100)
    assert {200} == set(answers)
    assert text.startswith("> Without formatting")
    assert len(text) <= 25_000


def test_the_worst_text_that_is_stored_leaves_the_server_answering(
    item: Agent, server: Server
) -> None:
    with health_watched(server) as answers:
        for text in WRITTEN.values():
            answer(item, "infinity_create_comment", text=text)
    assert {200} == set(answers)


def test_a_text_read_without_formatting_says_so(item: Agent, stored: Any) -> None:
    deep = "<div>" * 100 + "all the same" + "</div>" * 100
    read = item.text("infinity_get_comment", comment_id=stored(f"<p>a</p>{deep}"))
    assert read.startswith("> Without formatting: 1 text beyond 50,000 characters, 4,000 tags")
    assert "all the same" in read


@pytest.mark.parametrize(
    ("tool", "place"),
    [
        ("infinity_get_item_attribute_value", {"attribute_id": "Notes"}),
        ("infinity_get_item_values", {}),
        ("infinity_list_item_values", {"limit": 1}),
    ],
)
def test_values_read_without_formatting_say_so(
    item: Agent, attribute_ids: dict[str, str], tool: str, place: dict[str, Any]
) -> None:
    deep = "<p>a</p>" + "<div>" * 100 + "all the same" + "</div>" * 100
    url = "{}/workspaces/{workspace_id}/boards/{board_id}/items/{item_id}"
    values = [{"attribute_id": attribute_ids["Notes"], "data": deep}]
    headers = {"Authorization": f"Bearer {ADA_TOKEN}"}
    address = url.format(item.infinity.url, **item.place)
    httpx2.put(address, json={"values": values}, headers=headers).raise_for_status()
    arguments = {**item.place, **place}
    if tool == "infinity_list_item_values":
        del arguments["item_id"]
    result = replace(item, place={}).call(tool, **arguments)
    assert "all the same" in text_of(result)
    assert "> Without formatting: 1 text beyond" in text_of(result)
