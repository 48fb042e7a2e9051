from __future__ import annotations

import pytest

from tests.mcpserver.tools.agent import Agent, Cases, ToolCases

MARKDOWN = "# Plan\n\n- one & two\n- **three**\n\nSee [this](https://example.org/a?b=1&c=2)."


@pytest.fixture
def comment(item: Agent) -> Agent:
    """At a new comment."""
    made = item.result("infinity_create_comment", text="First.")
    return item.at(comment_id=made["id"])


def stored(comment: Agent) -> str:
    return str(comment.result("infinity_get_comment")["text"])


def test_markdown_is_stored_as_html_and_read_as_markdown(item: Agent) -> None:
    made = item.result("infinity_create_comment", text=MARKDOWN)
    comment = item.at(comment_id=made["id"])
    html = stored(comment)
    for part in ("<h1>Plan</h1>", "<li>one &amp; two</li>", "<strong>three</strong>", "<a href="):
        assert part in html
    read = comment.text("infinity_get_comment")
    for part in ("# Plan", "- one & two", "- **three**", "[this](https://example.org/a?b=1&c=2)"):
        assert part in read
    assert "<" not in read


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("<p>already <em>HTML</em></p>", "<p>already <em>HTML</em></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("List<String> & <b>", "<p>List&lt;String&gt; &amp; &lt;b&gt;</p>"),
        ('<p onclick="x()">Fine<script>alert(1)</script></p>', "<p>Fine</p>"),
        ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    ],
)
def test_comments_become_harmless_html(item: Agent, text: str, html: str) -> None:
    made = item.result("infinity_create_comment", text=text)
    assert html == stored(item.at(comment_id=made["id"]))


def test_what_a_comment_loses_is_said(item: Agent) -> None:
    lossy = 'Berlin: <address city="Berlin" onclick="x()">Main St 1</address>'
    lost = "When stored, texts lose event handlers and the attribute city."
    made = item.result("infinity_create_comment", text=lossy)
    assert lost == made["notice"]
    comment = item.at(comment_id=made["id"])
    assert f"> {lost}\n" in comment.text("infinity_update_comment", text=lossy)
    assert lost == comment.result("infinity_update_comment", text=lossy)["notice"]
    assert "notice" not in comment.result("infinity_update_comment", text=MARKDOWN)
    assert "notice" not in item.result("infinity_add_item_comment", comment_text=lossy)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Done: a < b", "<p>Done: a &lt; b</p>"),
        ("one\n\n  two  \n", "<p>one</p><p>\u00a0\u00a0two</p>"),
        (
            "**not** <b>bold</b> & 'so'",
            "<p>**not** &lt;b&gt;bold&lt;/b&gt; &amp; &#x27;so&#x27;</p>",
        ),
    ],
)
def test_an_item_comment_is_plain_text_in_paragraphs(item: Agent, text: str, html: str) -> None:
    made = item.result("infinity_add_item_comment", comment_text=text)
    assert (4242, html) == (made["created_by"], made["text"])
    assert html == stored(item.at(comment_id=made["id"]))


def test_the_comments_of_an_item_are_listed_as_readable_text(item: Agent) -> None:
    assert 2 == len(item.records("infinity_list_comments"))
    text = item.text("infinity_list_comments")
    assert "Excel wants a **BOM**." in text
    assert "Agreed & noted." in text
    assert "<p>" not in text


def test_a_reply_names_the_comment_that_it_answers(comment: Agent, item: Agent) -> None:
    reply = item.result(
        "infinity_create_comment", text="Second.", parent_id=comment.place["comment_id"]
    )
    read = item.result("infinity_get_comment", comment_id=reply["id"])
    assert comment.place["comment_id"] == read["parent_id"]
    alone = item.at(comment_id=reply["id"]).result("infinity_update_comment", parent_id=None)
    assert (None, read["text"]) == (alone["parent_id"], alone["text"])


def test_an_update_changes_the_text_as_markdown(comment: Agent) -> None:
    comment.result("infinity_update_comment", text="**Second.**", parent_id=None)
    assert "<p><strong>Second.</strong></p>" == stored(comment)


def test_what_a_comment_belongs_to_can_be_expanded(item: Agent) -> None:
    expand = ["item", "item.values", "created_by"]
    (first, _) = item.records("infinity_list_comments", expand=expand)
    assert "Bob Example" == first["created_by"]["name"]
    assert item.place["item_id"] == first["item"]["id"]
    assert first["item"]["values"]
    place = {"comment_id": first["id"], "expand": '["created_by"]'}
    alone = item.result("infinity_get_comment", **place)
    assert ("Bob Example", False) == (alone["created_by"]["name"], "item" in alone)


def test_a_wrong_comment_is_refused_before_anything_is_sent(item: Agent) -> None:
    cases: ToolCases = [
        ("infinity_create_comment", {"text": " "}, "text: is empty"),
        ("infinity_create_comment", {"text": "a", "parent_id": " "}, "parent_id: is empty"),
        ("infinity_add_item_comment", {"comment_text": "\n"}, "comment_text: is empty"),
        ("infinity_add_item_comment", {"text": "a"}, "text is not a parameter"),
    ]
    for tool, arguments, told in cases:
        assert told in item.refused(tool, **arguments)


def test_a_wrong_update_is_refused_before_anything_is_sent(comment: Agent) -> None:
    cases: Cases = [
        ({}, "give at least one thing to change"),
        ({"text": None}, "give at least one thing to change"),
        ({"text": ""}, "give at least one thing to change"),
        ({"text": " "}, "text: is empty"),
    ]
    for changes, told in cases:
        assert told in comment.refused("infinity_update_comment", **changes)
        assert "<p>First.</p>" == stored(comment)


def test_a_deleted_comment_is_gone(comment: Agent, item: Agent) -> None:
    assert comment.result("infinity_delete_comment")["deleted"] is True
    assert "(404)" in comment.error("infinity_get_comment")
    assert 2 == len(item.records("infinity_list_comments"))
