"""Any text: what is read and written back says the same, and no word is lost."""

from __future__ import annotations

import re
from contextlib import suppress
from html import escape, unescape
from html.parser import HTMLParser

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext.htmltree import parse
from mcpserver.content.richtext.richtext import read, to_html
from mcpserver.content.richtext.simplified import canonical, simplified

bounded = settings(
    derandomize=True,
    deadline=None,
    max_examples=100,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def meaning(html: str) -> str:
    return canonical(simplified(parse(html)))


words = st.text("ab1 .#-+*_~`<>[]()!|\\&;:=\"'/x", min_size=1, max_size=12).map(escape)
inline = st.recursive(
    words | st.sampled_from(["<br>", "<!-- <b>x -->", "<b a b>x</b>", "<a-b data-c>x</a-b>"]),
    lambda inner: (
        st.builds(
            "<{0}>{1}</{0}>".format,
            st.sampled_from(["b", "strong", "em", "i", "s", "del", "code", "u", "sub"]),
            st.lists(inner, min_size=1, max_size=3).map("".join),
        )
        | st.builds('<a href="https://x.org/{}">{}</a>'.format, words, words)
        | st.builds('<span class="mention" data-id="{}">@Ada</span>'.format, st.integers(1, 9))
    ),
    max_leaves=6,
)
prose = st.lists(inline, min_size=1, max_size=4).map("".join)
cells = st.lists(prose, min_size=2, max_size=2)
tables = st.builds(
    lambda head, rows: (
        f"<table><thead><tr>{''.join(f'<th>{c}</th>' for c in head)}</tr></thead><tbody>"
        + "".join(f"<tr>{''.join(f'<td>{c}</td>' for c in row)}</tr>" for row in rows)
        + "</tbody></table>"
    ),
    cells,
    st.lists(cells, max_size=2),
)
blocks = st.recursive(
    st.builds("<p>{}</p>".format, prose)
    | st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["h1", "h2", "h6"]), prose)
    | st.builds(
        "<pre><code>{}</code></pre>".format, st.text("a `~\n\r\\<", max_size=12).map(escape)
    )
    | st.just("<hr>")
    | tables,
    lambda inner: (
        st.builds(
            "<blockquote>{}</blockquote>".format,
            st.lists(inner, min_size=1, max_size=2).map("".join),
        )
        | st.builds(
            lambda tag, items: f"<{tag}>{''.join(f'<li>{item}</li>' for item in items)}</{tag}>",
            st.sampled_from(["ul", "ol"]),
            st.lists(st.one_of(prose, st.lists(inner, max_size=2).map("".join)), max_size=3),
        )
    ),
    max_leaves=5,
)
documents = st.lists(blocks, min_size=1, max_size=4).map("".join)


@bounded
@given(documents)
def test_what_is_read_and_written_back_says_the_same(html: str) -> None:
    stored = to_html(html)
    back = to_html(read(stored).text)
    assert meaning(stored) == meaning(back)


@bounded
@given(documents)
def test_html_keeps_its_words(html: str) -> None:
    assert meaning(html) == meaning(to_html(html))


lines = st.lists(
    st.sampled_from(["", "> ", "- ", "1. ", "    ", "# ", "- [x] ", "| a | b |", "|-|-|", "```"])
    | st.text("ab1 .#-+*_~`<>[]()!|\\&;:=/", max_size=12)
    | st.sampled_from(["<b>", "</b>", "<p>", "</p>", "<br>", "<u>a</u>", "<div>", "&amp;", "<a>"]),
    max_size=12,
).map("\n".join)


@bounded
@given(lines)
def test_any_markdown_is_the_same_after_a_round_trip(text: str) -> None:
    stored = to_html(text)
    assert meaning(stored) == meaning(to_html(read(stored).text))


brackets = ("<b>", "</b>", "<p>", "</p>", "<p", "<b", "<T>", "<a,b>", "<br>", "<", ">", "<div>")


@bounded
@given(st.lists(st.sampled_from(brackets)))
def test_angle_brackets_never_take_a_word_with_them(parts: list[str]) -> None:
    text = " ".join(f"word{number} {part}" for number, part in enumerate(parts))
    shown = unescape(re.sub(r"</?(?:b|p|br|div)>", " ", to_html(text)))
    for number in range(len(parts)):
        assert f"word{number}" in shown


names = st.sampled_from(["main", "p", "div", "td", "input", "col", "area", "button", "b", "x-y"])


@bounded
@given(st.lists(st.builds("<{}{}>".format, names, st.sampled_from(["", " a", ' port="80"']))))
def test_the_names_of_unclosed_tags_are_words(tags: list[str]) -> None:
    parser = HTMLParser()
    shown: list[str] = []
    parser.handle_data = shown.append  # type: ignore[assignment, method-assign]
    text = " ".join(f"word{number} {tag}" for number, tag in enumerate(tags))
    parser.feed(to_html(text))
    parser.close()
    assert text.split() == "".join(shown).split()


@bounded
@given(st.text(max_size=60))
def test_every_text_is_converted_or_refused(text: str) -> None:
    for convert in (to_html, read):
        with suppress(WrongValue):
            convert(text)
