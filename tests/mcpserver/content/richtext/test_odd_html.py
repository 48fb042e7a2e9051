"""HTML of any form is read without losing a word or a cell."""

from __future__ import annotations

import re
from html import unescape

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext.baretext import bare_text
from mcpserver.content.richtext.richtext import (
    looks_like_html,
    paragraphs,
    read,
    to_html,
)
from tests.mcpserver.content.richtext.both_ways import (
    meaning,
    to_text,
)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("/?id=1&region=eu&timestamp=5&copy=2", "/?id=1&amp;region=eu&amp;timestamp=5&amp;copy=2"),
        ("/?a&section=3&notify=1", "/?a&amp;section=3&amp;notify=1"),
        ("/?a=1&amp;b=2&#38;c=3", "/?a=1&amp;b=2&amp;c=3"),
        ("/?a=&eacute;&copy", "/?a=%C3%A9%C2%A9"),
        ("/?a&lt=1&gta=2", "/?a&amp;lt=1&amp;gta=2"),
    ],
)
def test_an_address_keeps_its_parameters(value: str, address: str) -> None:
    stored = to_html(f'<p><a href="{value}">x</a></p>')
    assert f'<a href="{address}"' in stored.replace("é", "%C3%A9").replace("©", "%C2%A9")
    assert to_html(to_text(stored)) == stored


@pytest.mark.parametrize(
    "html",
    [
        "<pre><code>a\r\nb\r\n</code></pre>",
        "<pre>a\rb</pre>",
        "<pre><code>a&#13;&#10;b</code></pre>",
        "<pre><code>a\r\n<b>b</b></code></pre>",
        "<ul><li><pre><code>a\r\n\r\nb</code></pre></li></ul>",
        "<p>a\r\nb<br>\r\nc</p>",
        "<p><code>a\r\nb</code></p>",
        '<p title="a\r\nb">c</p>',
        '<p><a href="/x" title="a\r\n b">c</a></p>',
        "<pre><code>a\n<!-- b -->\nc</code></pre>",
        "<table><!-- a --><tr><!-- b --><td>c<!-- d -->e</td></tr></table>",
    ],
)
def test_line_ends_and_comments_do_no_harm(html: str) -> None:
    plain = re.sub("<!--.*?-->", "", html.replace("\r\n", "\n").replace("&#13;", ""))
    back = to_html(to_text(html))
    assert meaning(back) == meaning(plain.replace("\r", "\n"))
    assert meaning(back) == meaning(to_html(html))


@pytest.mark.parametrize("start", ["x", "iv", "", "1.5", "-2", "9" * 5_000, "٣"])
def test_a_list_with_an_odd_number_is_read_and_kept(start: str) -> None:
    html = f'<ol start="{start}"><li>a</li></ol>'
    assert to_text(html) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("3. **a**&nbsp;b\n4. [x]", "<ol"),
        ("- [x] &eacute;a `&eacute;a`", "<input"),
        ('[a][r] ![b](/\u00fc "t")\n\n[r]: https://x.org/%41 "t"', '<a href="https://x.org/'),
        ("a<wbr>b <font>c</font>**d**e", "<strong>d</strong>"),
        ("*a* AT&T &copy2024 a\\&eacute;b", "<em>a</em>"),
    ],
)
def test_a_text_that_keeps_its_words_keeps_its_form(text: str, html: str) -> None:
    assert html in to_html(text)


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("plain text", "plain text"),
        ("# not\n- a list", "\\# not\n\n\\- a list"),
        ("a &amp; b", "a & b"),
        ("<div>a</div><div>b</div>", "a\n\nb"),
        ("<p>a<b> b </b>c</p>", "a **b** c"),
        ("<p>a</p><p></p><p><br></p><p>b</p>", "a\n\nb"),
        ("<p><b>a</b> <i>b</i> <s>c</s></p>", "**a** *b* ~~c~~"),
        ("<p>a\n   b</p>", "a b"),
        ("<h1></h1><p>a</p><h2> <br></h2>", "a"),
        ("<p>a<!-- b --></p>", "a"),
        ("<p>a</p><script>b()</script><style>p { c: d }</style>", "a"),
        ("<p><span>a</span></p>", "a"),
        ("<p>a&nbsp;b</p>", "a\u00a0b"),
        (
            "<table><tr><th><p>a</p></th></tr><tr><td><p>b</p></td></tr></table>",
            "| a |\n| --- |\n| b |",
        ),
        ("<p>Box<T></p>", "Box<T>"),
    ],
)
def test_other_forms_of_html_are_read(html: str, markdown: str) -> None:
    assert markdown == to_text(html)


@pytest.mark.parametrize(
    "cell", ["c", "✅", "—", "?", "€", "1", "table", "td", "*", "`-`", "<b>1</b>", "&amp;", "a|✅"]
)
def test_cells_that_a_table_would_lose_are_refused(cell: str) -> None:
    for text in (f"|a|b|\n|-|-|\n|1|2|{cell}|", f"|Task|✅|\n|-|-|\n|x|✅|{cell}|\n|y|z|"):
        with pytest.raises(WrongValue, match="more cells than its head, which would lose "):
            to_html(text)
        assert unescape(to_html(f"```\n{text}\n```")) == f"<pre><code>{text}\n</code></pre>"


@pytest.mark.parametrize(
    "after",
    [
        "```\nps | sort | 2\n```",
        "~~~ a | b | 2\n|c|d|2|\n~~~",
        "1. use x | y | 2",
        "- |c|d|2|",
        "> |c|d|2|",
        "# x | y | 2",
        "```\nx\n```\n|c|d|2|\n|-|-|-|\n|c|d|2|",
        "<div>x | y | 2</div>",
        "\n[x]: https://x.org/y|z|2",
    ],
)
def test_bars_after_the_end_of_a_table_are_no_cells(after: str) -> None:
    html = to_html(f"1. one\n2. two\n\n[x]\n\n|a|b|\n|-|-|\n|1|2|\n{after}")
    assert "<td>2</td>" in html and html.count("2") > 1
    with pytest.raises(WrongValue, match="would lose '9'"):
        to_html(f"|a|b|\n|-|-|\n|1|2|\n{after}\n\n|a|b|\n|-|-|\n|1|2|9|")


@pytest.mark.parametrize("row", ["||1|9|", "> 1|9|9", "1 \\\\| 2|9|9|"])
def test_rows_of_any_form_lose_no_cell(row: str) -> None:
    head = "> |a|b|\n> |-|-|\n" if row.startswith(">") else "|a|b|\n|-|-|\n"
    with pytest.raises(WrongValue, match="would lose '9'"):
        to_html(f"{head}{row}")


@pytest.mark.parametrize("row", ["|1|2| |", "|1|2|\t|", "|1|2||", "|1|2", "1|2|", "|1|2|  |  |"])
def test_cells_with_nothing_in_them_are_no_loss(row: str) -> None:
    assert to_html(f"|a|b|\n|-|-|\n{row}").count("<td>") == 2


@pytest.mark.parametrize(
    "text", ["a\0b &amp;lt;", "<p>a\0b &amp;lt; <b>c</b></p>", "```\n\0a\n```"]
)
def test_a_nul_is_shown_as_markdown_shows_it(text: str) -> None:
    assert to_html(text.replace("\0", "\ufffd")) == to_html(text)
    assert read(text.replace("\0", "\ufffd")) == read(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("if x:\n    y <b>", ["if x:", "\u00a0\u00a0\u00a0\u00a0y &lt;b&gt;"]),
        ("\ta\tb", ["\u00a0\u00a0\u00a0\u00a0a\u00a0\u00a0\u00a0b"]),
        ("a  b c ", ["a\u00a0\u00a0b c"]),
        (" - a\r\n\r\n\n b", ["\u00a0- a", "\u00a0b"]),
    ],
)
def test_a_plain_comment_keeps_its_indentation(text: str, shown: list[str]) -> None:
    html = paragraphs(text)
    assert "".join(f"<p>{line}</p>" for line in shown) == html
    assert unescape(html) == unescape(to_html(to_text(html)).replace("\n", ""))


def test_a_component_is_no_stored_html() -> None:
    assert looks_like_html("<p>a</p>") and looks_like_html(" <H1>a</H1> ")
    assert not looks_like_html("<Form onSubmit={save}>a</Form>")
    assert (
        not looks_like_html("<Table>") and not looks_like_html("<pa>") and not looks_like_html("a>")
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p class='x'>a<br>b</p>\n<P hidden>c</P> d<BR/> e", "a\nb\nc\nd\ne"),
        ("<p>Vec&lt;u8&gt; Map<String> a<b <b and c></p>", "Vec<u8> Map<String> a<b <b and c>"),
        (
            '<p>a <Form onSubmit={b}>c</Form> <Nav d="e"></p>',
            'a <Form onSubmit={b}>c</Form> <Nav d="e">',
        ),
        ('<p><at-mention data-id="3">@Ann</at-mention> <My-Tag></p>', "@Ann <My-Tag>"),
        ("a<!-- <b>b</b> -->c <!-- d", "ac <!-- d"),
        ("a<script>if (b<c) d('</p>')</script>e<style>p > i {}</style>f", "aef"),
        ("a <svg><path d='b'/><Text>c</Text></svg> <Text>d</Text>", "a c <Text>d</Text>"),
        ("<script>a " + "b" * 60_000 + "</script>c", "c"),
        (f'a<img src="data:{"b" * 60_000}">c', "ac"),
        ("a &amp;" + "&lt;" * 60_000, "a &" + "<" * 60_000),
        ("&<b>amp;</b>", "&amp;"),
    ],
)
def test_bare_text_is_what_stands_between_tags(html: str, text: str) -> None:
    assert text == bare_text(html)
