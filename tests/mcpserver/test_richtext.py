"""Texts between Markdown and HTML: what is HTML, what is kept both ways, what is refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from html import escape, unescape
from pathlib import Path

import pytest

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.scopes import SCOPES
from mcpserver.auth import set_caller
from mcpserver.baretext import bare_text
from mcpserver.conversion import AT_ONCE, MAX_BARE, LongTexts, Texts, converting, html_of
from mcpserver.htmltree import MAX_DEPTH, MAX_TAGS
from mcpserver.params import WrongValue
from mcpserver.richtext import MAX_CHARACTERS, paragraphs, read, to_html
from tests.support import thread_seconds

STATUS = Path("/proc/self/status")
CODE = '<pre><code class="language-py">a\n\n  b\n</code></pre>'
TABLE = '<table><thead><tr><th>a</th><th align="right">b</th></tr></thead>'
TASKS = '<li><input type="checkbox" checked="" disabled=""> done</li>'
CENTRED = '<p style="text-align:center">x</p>'
MENTION = '<span class="mention" data-id="4">@Ada</span>'
LINK = '<a href="https://x.org/a_b" title="t" rel="noopener noreferrer">a [b]</a>'


def to_text(html: str) -> str:
    return read(html).text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one<br>two</p>", "one\ntwo"),
        ("<h1>a</h1><h2>b</h2><h3>c</h3>", "# a\n\n## b\n\n### c"),
        ("<h4>a</h4><h5>b</h5><h6>c #</h6>", "#### a\n\n##### b\n\n###### c \\#"),
        ("<p>a</p><hr><p>b</p>", "a\n\n---\n\nb"),
        ("<p><strong>a</strong> <em>b</em> <del>c</del></p>", "**a** *b* ~~c~~"),
        ("<p><em><strong>a</strong></em></p>", "***a***"),
        ("<p>a<strong>b</strong>c</p>", "a**b**c"),
        ("<p>a<strong>'b'</strong>c</p>", "a<strong>'b'</strong>c"),
        ("<p><strong>a</strong><strong>b</strong></p>", "<strong>a</strong>**b**"),
        ("<p><code>a</code> <code>`b</code> <code>*c*</code></p>", "`a` `` `b `` `*c*`"),
        ("<p>__init__.py and snake_case</p>", "\\_\\_init\\_\\_.py and snake_case"),
        ("<p># a</p>", "\\# a"),
        ("<p>#a</p>", "#a"),
        ("<p>1. a</p>", "1\\. a"),
        ("<p>1) a</p>", "1\\) a"),
        ("<p>- a</p>", "\\- a"),
        ("<p>-1 degree</p>", "-1 degree"),
        ("<p>+ a</p>", "\\+ a"),
        ("<p>* a</p>", "\\* a"),
        ("<p>&gt; a</p>", "\\> a"),
        ("<p>a<br># b<br>- c</p>", "a\n\\# b\n\\- c"),
        ("<p>a<br>===</p>", "a\n\\==="),
        ("<p>---</p>", "\\---"),
        ("<p>~~a~~ ~b</p>", "\\~\\~a\\~\\~ ~b"),
        ("<p>```</p>", "\\`\\`\\`"),
        ("<p>a*b*c</p>", "a\\*b\\*c"),
        ("<p>a `b`</p>", "a \\`b\\`"),
        ("<p>a &lt; b &amp; c</p>", "a < b & c"),
        ("<p>&lt;b&gt; and List&lt;T&gt;</p>", "\\<b> and List<T>"),
        ("<p>&amp;amp; &amp;c</p>", "\\&amp; &c"),
        ("<p>[x](y) a[0] [1]</p>", "\\[x](y) a[0] [1]"),
        ("<p>[a]: /b</p>", "\\[a]: /b"),
        ("<p>![x](y)</p>", "!\\[x](y)"),
        ("<p>C:\\a \\* \\</p>", "C:\\a \\\\\\* \\\\"),
        ("<p>[x] a</p>", "\\[x] a"),
        ("<p>a|b<br>-|-</p>", "a|b\n\\-|-"),
        (CODE, "```py\na\n\n  b\n```"),
        ("<pre><code>\na\n\n</code></pre>", "```\n\na\n\n```"),
        ("<pre><code>a ``` b\n</code></pre>", "````\na ``` b\n````"),
        ("<pre><code>&lt;b&gt; &amp;\n</code></pre>", "```\n<b> &\n```"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n- b"),
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ('<ol start="9"><li>a</li><li>b</li></ol>', "9. a\n10. b"),
        ("<ul><li>a<ul><li>b<ul><li>c</li></ul></li></ul></li></ul>", "- a\n  - b\n    - c"),
        ("<ul><li>a<ol><li>b</li></ol></li></ul>", "- a\n  1. b"),
        ("<ul><li><p>a</p><p>b</p></li><li><p>c</p></li></ul>", "- a\n\n  b\n\n- c"),
        ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n* b"),
        (f"<ul>{TASKS}</ul>", "- [x] done"),
        ('<ul><li><input type="checkbox" disabled=""> a</li></ul>', "- [ ] a"),
        ("<ul><li>[x] a</li></ul>", "- \\[x] a"),
        ("<ul><li><pre><code>a\nb\n</code></pre></li></ul>", "- ```\n  a\n  b\n  ```"),
        ("<blockquote><p>a</p></blockquote>", "> a"),
        (
            "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote>",
            "> a\n>\n> > b",
        ),
        ("<blockquote><ul><li>a</li></ul></blockquote>", "> - a"),
        (
            f'{TABLE}<tbody><tr><td>c|d</td><td align="right">e<br>f</td></tr></tbody></table>',
            "| a | b |\n| --- | --: |\n| c\\|d | e<br>f |",
        ),
        (f"<p>{LINK}</p>", '[a \\[b\\]](https://x.org/a_b "t")'),
        (
            '<p><a href="https://x.org/(a)" rel="noopener noreferrer">a</a></p>',
            "[a](https://x.org/\\(a\\))",
        ),
        (
            '<p><a href="https://x.org/" rel="noopener noreferrer">https://x.org/</a></p>',
            "<https://x.org/>",
        ),
        (
            '<p><img src="https://x.org/a.png" alt="a" title="t"></p>',
            '![a](https://x.org/a.png "t")',
        ),
        ('<p><img src="https://x.org/a.png" alt="a"></p>', "![a](https://x.org/a.png)"),
        ("<p>https://x.org/a_b</p>", "https://x.org/a_b"),
        ("<p><u>a</u> <sub>b</sub></p>", "<u>a</u> <sub>b</sub>"),
        ('<p><span style="color:red">a</span></p>', '<span style="color:red">a</span>'),
        (f"<p>Ask {MENTION}.</p>", f"Ask {MENTION}."),
        (f"<p>a</p>{CENTRED}", f"a\n\n{CENTRED}"),
        ("<table><tbody><tr><td>a</td></tr></tbody></table>", None),
        ("<details><summary>a</summary><p>b</p></details>", None),
        ('<ul data-type="taskList"><li data-checked="true">a</li></ul>', None),
        ('<p dir="rtl">\u05e9\u05dc\u05d5\u05dd</p>', None),
        ('<ol type="a"><li>a</li></ol>', None),
        ('<ol><li value="3">a</li></ol>', None),
        ('<p><span style="font-size:20px">a</span></p>', '<span style="font-size:20px">a</span>'),
        ("<p><code>a  b</code></p>", "`a  b`"),
        ("<pre><code>\na\n</code></pre>", "```\n\na\n```"),
    ],
)
def test_html_and_markdown_say_the_same_both_ways(html: str, markdown: str | None) -> None:
    """None: Markdown has no form for it, and it stays HTML."""
    read = to_text(html)
    if markdown is None:
        assert html == read
    else:
        assert markdown == read
    assert without_line_breaks(html) == without_line_breaks(to_html(read))


def without_line_breaks(html: str) -> str:
    """Beside tags they are white space, but not in code."""
    parts = re.split("(<pre>.*?</pre>)", html, flags=re.DOTALL)
    parts[::2] = [re.sub(r"\n(?=<|$)|(?<=>)\n|^\n", "", part) for part in parts[::2]]
    return "".join(parts)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        (
            "<p>Map<String, Integer> and Vec<u8></p>",
            "<p>Map&lt;String, Integer&gt; and Vec&lt;u8&gt;</p>",
        ),
        ("<p>if a<b then c</p>", "<p>if a&lt;b then c</p>"),
        ("<p>a<b and c>d</p>", "<p>a&lt;b and c&gt;d</p>"),
        ("<p>a</p><hr>", "<p>a</p><hr>"),
        ("<hr>", "<hr>"),
        ("<p>one<p>two", "<p>one</p><p>two</p>"),
        ("<table>a<tr><td>b</table>", "<p>a</p><table><tbody><tr><td>b</td></tr></tbody></table>"),
        ("<tr><td>a</td></tr> b", "<p>a b</p>"),
        ("<h1>a<h2>b", "<h1>a</h1><h2>b</h2>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("Line<br>two", "<p>Line<br>two</p>"),
        ("<b>x</b> y", "<p><b>x</b> y</p>"),
        ("<p>a</p> tail", "<p>a</p><p>tail</p>"),
        ("<main>one</main><main>two</main>", "<div>one</div><div>two</div>"),
        *[
            (text, f"<p>{escape(text, quote=False)}</p>")
            for text in (
                "git push origin <main> now",
                "SELECT <col> FROM <table>",
                "press <input> key",
                "press <input type=x> key",
                "reply to <address>",
                '<server port="80">main</server> is up',
                'Use <Button color="red">Go</Button>',
                "cd <area> now",
                "replace <p> by <div>",
                "<main> is broken",
                "<div> is not closed",
                "a <label>b</label> <form>c</form>",
                "end </div> or </p>",
                "<!-- TODO fix -->",
            )
        ],
        (" <!-- a -->\n<!-- b -->", "<p>&lt;!-- a --&gt;<br>\n&lt;!-- b --&gt;</p>"),
        ("<!-- a --><p>b</p>", "<p>b</p>"),
        (
            "x\n\n<ul><li><input type=checkbox>a<li>b<wbr>c</ul>",
            '<p>x</p>\n<ul><li><input type="checkbox">a</li><li>b<wbr>c</li></ul>',
        ),
        ("<P CLASS=x>Upper</P>", "<p>Upper</p>"),
        ("x</b> y", "<p>x&lt;/b&gt; y</p>"),
        ("a<b>c", "<p>a&lt;b&gt;c</p>"),
        ("Box<p> and Vec<i>", "<p>Box&lt;p&gt; and Vec&lt;i&gt;</p>"),
        ("1 <2> 3 < 4 && 5>3", "<p>1 &lt;2&gt; 3 &lt; 4 &amp;&amp; 5&gt;3</p>"),
        ("say <name> here", "<p>say &lt;name&gt; here</p>"),
        ("`<b>x</b>`", "<p><code>&lt;b&gt;x&lt;/b&gt;</code></p>"),
        ("\\<b>x\\</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>"),
        ("<u>a</u> **b**", "<p><u>a</u> <strong>b</strong></p>"),
        ("a <!-- b --> c", "<p>a &lt;!-- b --&gt; c</p>"),
        ("a <script>b()</script>", "<p>a &lt;script&gt;b()&lt;/script&gt;</p>"),
        ("<p>a<script>b()</script></p>", "<p>a</p>"),
        ('<p onclick="x()" style="color:red;position:fixed">a</p>', '<p style="color:red">a</p>'),
        (
            '<p style="color:expression(x());color:rgb(1, 2, 3)">a</p>',
            '<p style="color:rgb(1, 2, 3)">a</p>',
        ),
        (
            '<p><select x="1"><b>b</b></select> <svg>c</svg> <template x="1">d</template></p>',
            '<p>&lt;select x="1"&gt;<b>b</b>&lt;/select&gt; c '
            '&lt;template x="1"&gt;d&lt;/template&gt;</p>',
        ),
        ('<p class="modal">a</p>', "<p>a</p>"),
        ("<p>[x](javascript:y)</p>", "<p>[x](javascript:y)</p>"),
        ('<p><a href="javascript:y">x</a></p>', "<p>[x](javascript:y)</p>"),
        ("[x](JavaScript:y)", "<p>[x](JavaScript:y)</p>"),
        ('<p>a<input type="text">b</p>', "<p>ab</p>"),
        ("<p>un<b>closed</p>", "<p>un&lt;b&gt;closed</p>"),
        ("<!-- a -->", "<p>&lt;!-- a --&gt;</p>"),
        ("<script>a</script>", "<p>&lt;script&gt;a&lt;/script&gt;</p>"),
        ("</p>", "<p>&lt;/p&gt;</p>"),
        ("<p", "<p>&lt;p</p>"),
        ("[TODO]: call", "<p>[TODO]: call</p>"),
        ("[a]: b\n\n`[c]: d`", "<p>[a]: b</p>\n<p><code>[c]: d</code></p>"),
        (
            "[a]\n\n[a]: https://x.org",
            '<p><a href="https://x.org" rel="noopener noreferrer">a</a></p>',
        ),
        (
            "```py three words\na\n```",
            '<pre><code class="language-py" data-meta="three words">a\n</code></pre>',
        ),
        ("a\u0000b", "<p>a\ufffdb</p>"),
    ],
)
def test_one_rule_says_what_is_html(text: str, html: str) -> None:
    assert html == to_html(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- [ ] [Bug]: crash\n- [x] [API]: timeout", "Bug crash API timeout"),
        ("1. [ ] [T-1]: later", "T-1 later"),
        ("> 2) [X] [T]: later", "T later"),
        ("`[TODO]`\n\n[TODO]: later", "TODO later"),
        ("```\n[TODO]\n```\n[TODO]: later", "TODO later"),
        ("a\r\r[x]: word", "a x word"),
        ("a\r\n\r\n[x]: word", "a x word"),
        ("[a\\]b]: word", "a b word"),
        ("[a\nb]: word", "a b word"),
        ("[a]\n\n[a]: /one\n[a]: /two", "a one two"),
        ("[a] and [A]\n\n[a]: /one\n[ a ]: /two", "a A two"),
        ("[x](slack://channel) [y](localhost:80/z)", "x slack channel y localhost z"),
        ("![alt](data:image/png;base64,AAAA)", "alt AAAA"),
    ],
)
def test_no_word_is_dropped(text: str, words: str) -> None:
    stored = to_html(text)
    shown = re.findall(r"[\w-]+", unescape(re.sub("<[^>]*>", " ", stored)))
    assert [word for word in words.split() if word not in shown] == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("~5 to ~6, ~x~", "<p>~5 to ~6, ~x~</p>"),
        ("~~a ~b~ c~~", "<p><del>a ~b~ c</del></p>"),
        ("\\~~a~~ `~b~`", "<p>~~a~~ <code>~b~</code></p>"),
        ("<https://x.org/~b/~c>", '<p><a href="https://x.org/~b/~c"'),
        ("~~~py\n~x~\n~~~", '<pre><code class="language-py">~x~\n</code></pre>'),
    ],
)
def test_one_tilde_strikes_nothing_out(text: str, html: str) -> None:
    assert to_html(text).startswith(html)


@pytest.mark.parametrize(
    "html",
    [
        '<ul><li>a</li><li class="ql-indent-1">b</li></ul>',
        '<p class="ql-align-center">a</p>',
        '<h2 class="ql-direction-rtl ql-align-right">a</h2>',
        '<p class="ql-indent-2">a <span class="ql-size-large">b</span></p>',
    ],
)
def test_the_classes_that_format_are_kept(html: str) -> None:
    assert Texts().text(html) == html
    assert to_html(html) == html


@pytest.mark.parametrize(
    ("html", "lost"),
    [
        ('<p>a</p><iframe src="https://x.org"></iframe>', "embedded media"),
        ('<p>a <VIDEO src="https://x.org/v.mp4" controls></VIDEO></p>', "embedded media"),
        ('<p style="font-family: Arial">a</p>', "some styles"),
        ("<p style='color:red;position:fixed'>a</p>", "some styles"),
        ('<p style="background-color:url(x)">a</p>', "some styles"),
        ('<p><a href="slack://x">a</a></p>', "addresses of unusual kinds"),
        ('<p><img src="data:image/png;base64,AA=="></p>', "addresses of unusual kinds"),
        (
            '<p style="float:left">a <a href="javascript:x">b</a></p><svg></svg>',
            "addresses of unusual kinds, embedded media and some styles",
        ),
    ],
)
def test_what_a_text_loses_when_it_is_written_back_is_said(html: str, lost: str) -> None:
    texts = Texts()
    texts.text(html)
    assert texts.notice == f"Written back, texts here lose {lost}."


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:red; text-align: center;">a</p>',
        '<p id="x" data-a="1">a</p><p style="">b</p>',
        '<p><a href="https://x.org" target="_blank">a</a> <a href="/b">c</a></p>',
        '<p>style="float:left" and &lt;iframe&gt;</p>',
    ],
)
def test_a_text_that_loses_nothing_has_no_notice(html: str) -> None:
    texts = Texts()
    texts.text(html)
    assert texts.notice is None


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


@pytest.mark.parametrize("start", ["x", "iv", "", "1.5", "-2", "9" * 5_000, "٣"])
def test_a_list_with_an_odd_number_is_read_and_kept(start: str) -> None:
    html = f'<ol start="{start}"><li>a</li></ol>'
    assert to_text(html) == html


@pytest.mark.parametrize(
    "text",
    [
        "=" * 48_000 + " x",
        "-" * 48_000 + " x",
        "|" * 48_000 + " x",
        "x " + ": " * 20_000 + "x",
        "# " + "#" * 40_000 + "x",
        "# x" + "#" * 40_000,
    ],
    ids=["=", "-", "|", ":", "#", "x#"],
)
def test_a_long_line_of_marks_takes_its_length(text: str) -> None:
    html, part = to_html(text), to_html(text[: len(text) // 8] + text[-2:])
    few = thread_seconds(lambda: to_text(part))
    assert thread_seconds(lambda: to_text(html)) < 24 * few + 0.2
    assert to_html(to_text(html)) == html


@pytest.mark.skipif(not STATUS.exists(), reason="the memory of a process is told by Linux only")
def test_conversions_leave_nothing_in_memory() -> None:
    text = to_text(to_html(" ".join(f"**{number}** [a](https://x.org)" for number in range(100))))

    def memory_after(conversions: int) -> int:
        for _ in range(conversions):
            assert to_text(to_html(text)) == text
        return int(STATUS.read_text().partition("VmRSS:")[2].split()[0])

    before = memory_after(50)
    assert memory_after(200) - before < 200 * len(text) / 1024


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
        ("<p>a<!-- b --></p>", "a"),
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
    "text",
    [
        "x" * (MAX_CHARACTERS + 1),
        "<br>" * (MAX_TAGS + 1),
        "<div>" * (MAX_DEPTH + 1) + "</div>" * (MAX_DEPTH + 1),
        ">" * (MAX_DEPTH + 1) + " x",
        "&" * (MAX_TAGS + 1),
        "|a" * 100 + "\n" + "|-" * 100 + "\n" + "a\n" * 100,
        "*a* " * MAX_TAGS,
    ],
)
def test_what_is_too_much_is_refused_with_the_limit(text: str) -> None:
    with pytest.raises(WrongValue, match="a text has at most"):
        to_html(text)


def test_cells_that_a_table_would_lose_are_refused() -> None:
    with pytest.raises(WrongValue, match="more cells than its head, which would lose 'c'"):
        to_html("|a|b|\n|-|-|\n|1|2|c|")
    assert "c" in to_html("```\n|a|b|\n|-|-|\n|1|2|c|\n```")


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


def test_a_plain_comment_has_the_same_limit() -> None:
    with pytest.raises(WrongValue, match="at most 50,000 characters"):
        paragraphs("x\n" * MAX_CHARACTERS)


@pytest.mark.parametrize(
    "html",
    [
        "<p>" + "<div>" * 4500 + "all the same" + "</div>" * 4500,
        "<blockquote>" * 200 + "all the same<br>" * 3000,
        "<p x" * 12_400 + " all the same",
        "all the same " * 10_000,
        "<p>all the same</p>" * 3_000 + "Vec<all the same>",
        "all the same" + "\u2028" * 5_000,
    ],
)
def test_what_is_too_much_to_convert_is_read_as_bare_text(html: str) -> None:
    texts = Texts()
    assert "all the same" in texts.text(html)
    assert texts.notice is not None
    assert texts.notice.startswith("Without formatting: 1 text beyond 50,000 characters")


def test_bare_text_keeps_what_is_no_tag() -> None:
    html = "<p class='x'>a<br>Vec&lt;u8&gt; Map<String> a<b</p><div>b</div>"
    assert "a\nVec<u8> Map<String> a<b\nb" == bare_text(html)


def test_a_result_has_a_limit_of_its_own() -> None:
    texts = Texts()
    read = [texts.text(f"<p><b>{number}</b>{'x' * 39_000}</p>") for number in range(40)]
    assert ["**0**" in read[0], "**1**" in read[1], "**2**" in read[2]] == [True, True, False]
    assert sum(map(len, read)) < MAX_BARE + 5 * MAX_CHARACTERS
    assert "Without formatting" in str(texts.notice)
    assert "cut short" in str(texts.notice)


def call_as(user: str) -> None:
    set_caller(Caller.from_environment(user, Policy(frozenset(SCOPES))))


@pytest.mark.parametrize(
    "convert",
    [
        lambda: html_of("[" * MAX_CHARACTERS),
        lambda: converting(lambda texts: texts.text(f"<p>{'[' * 20_000}</p>")),
        lambda: converting(lambda texts: texts.text("<p x" * 100_000)),
        lambda: converting(lambda texts: [texts.text(f"<p>{n:04}</p>") for n in range(2_000)]),
    ],
)
def test_long_texts_are_converted_while_the_loop_goes_on(
    convert: Callable[[], Awaitable[object]],
) -> None:
    async def turns_meanwhile() -> int:
        call_as("alice")
        converting = asyncio.ensure_future(convert())
        turns = 0
        while not converting.done():
            await asyncio.sleep(0)
            turns += 1
        await converting
        return turns

    assert 2 < asyncio.run(turns_meanwhile())


def test_a_queue_of_one_caller_holds_up_no_other() -> None:
    async def order() -> list[str]:
        done: list[str] = []

        async def convert(user: str, number: int) -> None:
            call_as(user)
            await html_of(f"{number} " + "*a " * 10_000)
            done.append(user)

        await asyncio.gather(*(convert("alice", n) for n in range(12)), convert("bob", 0))
        return done

    assert "bob" in asyncio.run(order())[:6]


@pytest.mark.parametrize("text", ["x" * (AT_ONCE + 1), "a\n" * 60, "\u2028" * 60, "<hr>" * 60])
def test_short_texts_need_no_thread(text: str) -> None:
    with pytest.raises(LongTexts):
        Texts(at_once=True).text(text)
    assert "x" == Texts(at_once=True).text("<p>x</p>")
