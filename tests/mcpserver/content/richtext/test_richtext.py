"""Texts between Markdown and HTML: what is HTML, what is kept both ways, what is refused."""

from __future__ import annotations

from html import escape

import pytest

from mcpserver.content.conversion import Texts
from mcpserver.content.richtext.richtext import (
    to_html,
)
from tests.mcpserver.content.richtext.both_ways import (
    CENTRED,
    CODE,
    LINK,
    MENTION,
    TABLE,
    TASKS,
    to_text,
    without_line_breaks,
)


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
    "text",
    [
        "https://x.org/a/__init__.py",
        "see http://x.org/*a*/**b**, then (https://x.org/~~a~~/_b_) and ftp://x.org/__c__.",
        "https://x.org/?a=*b*&c=__d__#_e_",
        "www.x.org/__a__/b git+ssh://x.org/*a*b",
        "https://x.org/a_(b)_c https://x.org/*",
        "https://x.org/__\u65e5\u672c__/a",
        "first_last_@x.org __a__@x.org _a_@b_c.org mailto:__a__@x.org",
        "See[^1] and[^a].\n\n[^1]: Smith\n\n[^a]: https://x.org/__b__",
        "[^1]: Smith 2020",
        "see [1] and [2]\n\n[1]: Smith\n\n[2]: Jones.",
    ],
)
def test_addresses_and_footnotes_stay_as_they_are_written(text: str) -> None:
    lines = escape(text).split("\n\n")
    assert to_html(text) == "\n".join(f"<p>{line}</p>" for line in lines)
    assert to_html(to_text(to_html(text))) == to_html(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**https://x.org/a_b** *c*", "<strong>https://x.org/a_b</strong> <em>c</em>"),
        (
            "__https://x.org/a__, _a_b@x.org_",
            "<strong>https://x.org/a</strong>, <em>a_b@x.org</em>",
        ),
        ("~~www.x.org/a~~.", "<del>www.x.org/a</del>."),
        (
            "https://x.org/a\\_b\\_ `https://x.org/*a*`",
            "https://x.org/a_b_ <code>https://x.org/*a*</code>",
        ),
        (
            '<a href="/">https://x.org/_a_/</a>',
            '<a href="/" rel="noopener noreferrer">https://x.org/_a_/</a>',
        ),
        ("![a](https://x.org/*a*/_b_)", '<img src="https://x.org/*a*/_b_" alt="a">'),
    ],
)
def test_marks_around_an_address_format_it(text: str, html: str) -> None:
    assert to_html(text) == f"<p>{html}</p>"


@pytest.mark.parametrize(
    "html",
    [
        '<ul><li>a</li><li class="ql-indent-1">b</li></ul>',
        '<p class="ql-align-center">a</p>',
        '<h2 class="ql-direction-rtl ql-align-right">a</h2>',
        '<ol reversed=""><li>a</li></ol>',
        '<p align="center">a</p>',
        '<table><tbody><tr><td width="9" valign="top">a</td></tr></tbody></table>',
        '<p class="ql-indent-2">a <span class="ql-size-large">b</span></p>',
    ],
)
def test_what_formats_is_kept(html: str) -> None:
    assert Texts().text(html) == html
    assert to_html(html) == html
