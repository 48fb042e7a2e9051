"""What a text loses when it is stored or written back is said."""

from __future__ import annotations

import asyncio
from contextvars import copy_context

import pytest

from mcpserver.content import notices
from mcpserver.content.conversion import Texts, html_of
from mcpserver.content.richtext.richtext import (
    to_html,
)
from tests.mcpserver.content.richtext.both_ways import (
    MENTION,
    TASKS,
    to_text,
)


@pytest.mark.parametrize(
    ("html", "lost"),
    [
        ('<p>a</p><iframe src="https://x.org"></iframe>', "embedded media"),
        ('<p>a <VIDEO src="https://x.org/v.mp4" controls></VIDEO></p>', "embedded media"),
        ('<p style="font-family: Arial">a</p>', "some styles"),
        ("<p style='color:red;position:fixed'>a</p>", "some styles"),
        ('<p style="background-color:url(x)">a</p>', "some styles"),
        ('<p><a href="http://HOST:PORT/a">x</a></p>', "addresses of unusual kinds"),
        ('<p><a href="java&#9;script:y">x</a></p>', "addresses of unusual kinds"),
        ('<p>a <img src="http://1.2.3.999/b" alt="c"></p>', "addresses of unusual kinds"),
        ('<p><a href="slack://x">a</a></p>', "addresses of unusual kinds"),
        ('<p><img src="data:image/png;base64,AA=="></p>', "addresses of unusual kinds"),
        ('<p><object data="x">a</object> <math><mi>x</mi></math></p>', "embedded media"),
        ("<style>p { color: red }</style><p>a</p>", "some styles"),
        ('<p>a <svg width="9"><path d="M0" fill="red"/></svg></p>', "embedded media"),
        ('<p><font color="red" style="color:red">a</font></p>', "the attribute color"),
        ('<ul class="checklist"><li class="done">a</li></ul>', "some classes"),
        ('<h2 id="a">b</h2>', "the attribute id"),
        ('<p><a name="a">b</a></p>', "the attribute name"),
        ("<p hidden>a</p>", "the attribute hidden"),
        ("<p><a href='/x' download>a</a></p>", "the attribute download"),
        ('<p>a <input type="text" value="b" required></p>', "form fields"),
        ("<p><select><option>a</option></select></p>", "form fields"),
        ("<p>a</p><textarea>b</textarea>", "form fields"),
        (
            '<table border="1" bgcolor=red><tr><td nowrap>a</td></tr></table>',
            "the attribute bgcolor, the attribute border and the attribute nowrap",
        ),
        ("<main style='color:red'><p>a</p></main>", "some styles"),
        ('<p send-your-key="1" id="b">a</p>', "attributes unknown to HTML and the attribute id"),
        (
            '<p style="float:left">a <a href="javascript:x">b</a></p><svg></svg>',
            "addresses of unusual kinds, embedded media and some styles",
        ),
    ],
)
def test_what_a_text_loses_when_it_is_written_back_is_said(html: str, lost: str) -> None:
    texts = Texts()
    texts.text(html)
    assert texts.notice == f"When written back, texts lose {lost}."


@pytest.mark.parametrize(
    "html",
    [
        '<p style="color:red; text-align: center;">a</p>',
        '<p data-a="1" class="">a</p><p style="">b</p>',
        '<p onclick="x()" role="note" aria-label="b" contenteditable>a</p>',
        '<ol reversed><li>a</li></ol><p align="right">b</p>',
        '<meta charset="utf-8"><link rel="a" href="b"><p>c</p>',
        '<table><tr><td valign="top" width="10" align="left">a</td></tr></table>',
        '<ul><li><input type="checkbox" checked disabled> a</li></ul>',
        '<p>a <at-mention data-id="3">Ann</at-mention></p>',
        '<p><a href="https://x.org" target="_blank">a</a> <a href="/b">c</a></p>',
        '<p>style="float:left" and &lt;iframe&gt;</p>',
    ],
)
def test_a_text_that_loses_nothing_has_no_notice(html: str) -> None:
    texts = Texts()
    texts.text(html)
    assert texts.notice is None


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("<center>a</center>", '<div align="center">a</div>'),
        ("<CENTER><p>a</p></CENTER>", '<div align="center"><p>a</p></div>'),
        ("a\n\n<center>**b**</center>", '<p>a</p>\n<div align="center">**b**</div>'),
    ],
)
def test_what_is_centred_stays_so(text: str, html: str) -> None:
    assert to_html(text) == html
    assert to_html(to_text(html)) == html
    assert Texts().text(text) == to_text(html)


def said_of(*texts: str) -> str:
    """What the result of a call says that stores these texts."""

    def stored() -> str:
        notices.begin()
        for text in texts:
            asyncio.run(html_of(text))
        return notices.taken()

    return copy_context().run(stored)  # other tests go on without notices


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ('Berlin: <address city="Berlin">Main St 1</address> end', "the attribute city"),
        (
            'config:\n<address city="Berlin">\n  <street>x</street>\n</address>',
            "the attribute city",
        ),
        ('**a** <b id="1">c</b>', "the attribute id"),
        ('- a <u class="x">b</u>', "some classes"),
        ('# a\n\n<p style="margin:3px">b</p>', "some styles"),
        ('a <img src="/x.png" alt="b" vspace="3"> c', "the attribute vspace"),
        ('a<br clear="all">b', "the attribute clear"),
        ('a <at-mention user="3">Ann</at-mention>', "the attribute user"),
        ("[a](slack://x)", "addresses of unusual kinds"),
        ("![a](data:image/png;base64,AA==)", "addresses of unusual kinds"),
        ('[r]: https://x.org\n<b id="x">a</b>', "the attribute id"),
        ('<p>a <iframe src="https://v.org/x"></iframe></p>', "embedded media"),
        ("<p>a <video controls><source src='x'>b</video></p>", "embedded media"),
        ('<p class="foo" id="q">a</p>', "some classes and the attribute id"),
        ('<P ID="q">a</P>', "the attribute id"),
        ('<p style="color:red;margin:0">a</p>', "some styles"),
        ('<p style="color:red !important">a</p>', "some styles"),
        ("<style>p { color: red }</style><p>a</p>", "some styles"),
        ('<p><a href="javascript:x()">a</a></p>', "addresses of unusual kinds"),
        ('<p onclick="x()">a</p>', "event handlers"),
        ('<form onsubmit="x()"><p>a</p></form>', "event handlers"),
        ("<p>a</p><script>b()</script>", "scripts"),
        ("<p>a<script src='/b.js'></script></p>", "scripts"),
        ("<p>a</p><!-- b -->", "HTML comments"),
        ("a\n\n<div>\n<!-- b -->\nc</div>", "HTML comments"),
        ('<p>a <input name="checkbox" value="b"></p>', "form fields"),
        ('<p><input type="checkbox" id="x"> a</p>', "the attribute id"),
        ("<p><button>a</button></p>", "form fields"),
        ('<blockquote cite="https://x.org">a</blockquote>', "the attribute cite"),
        ('<table border="1"><tr><td>a</td></tr></table>', "the attribute border"),
        (
            '<p onclick="x()" id="a">b<script>c</script><svg></svg></p>',
            "embedded media, event handlers, scripts and the attribute id",
        ),
        (
            f"<p {' '.join(f'x{n:02}=1' for n in range(30))}>a</p>",
            f"{', '.join(f'the attribute x{n:02}' for n in range(12))} and more",
        ),
    ],
)
def test_what_a_text_loses_when_it_is_stored_is_said(text: str, lost: str) -> None:
    assert said_of(text) == f"When stored, texts lose {lost}."


@pytest.mark.parametrize(
    "text",
    [
        "a < b & c, `<p id='x'>`, snake_case and https://x.org/__init__.py",
        "# a\n\n- [x] b\n- [ ] c\n\n3. d\n\n> e ~~f~~",
        "| a | b |\n|:-:|--:|\n| 1 | 2 |",
        '```py title="a"\n<p id="x" onclick="y()">z</p>\n```\n\n    <i id="x">',
        'a [b](https://x.org "c") ![d](/e.png) <https://x.org> <a@x.org>',
        '\\<p id="x">a</p> and `<iframe src="/x"></iframe>`',
        "a <script>b()</script> <!-- c --> <iframe> <style>",
        "Map<String, int> a<b and c>d <name> <Form onSubmit={save}>x</Form>",
        '<Button color="red">Go</Button> <form @submit="save">a</form>',
        "<p>a <b>b</b> <u>c</u> <mark>d</mark></p><hr><h2>e</h2>",
        '<p style="color:red; text-align: center" class="">a</p>',
        '<p lang="de" dir="rtl" title="x" align="center" data-a="1">a</p>',
        '<p><a href="https://x.org" target="_blank" rel="noopener">a</a></p>',
        '<p role="note" aria-label="b" contenteditable>a</p>',
        MENTION,
        f"Hello {MENTION}, **see** <at-mention data-id='3'>Ann</at-mention>",
        '<p class="ql-indent-2">a <span class="ql-size-large">b</span></p>',
        '<table><tr><td colspan="2" width="9" valign="top">a</td></tr></table>',
        '<ol start="3" reversed><li value="4">a</li></ol><ul><li>b</li></ul>',
        f"<ul>{TASKS}</ul><pre><code class='language-py'>a</code></pre>",
        '<details open><summary>a</summary><time datetime="2026">b</time></details>',
        "<!doctype html><html><body><main><p>a</p></main></body></html>",
        "<!---->\n<p>a</p>",
        "<center><p>a</p></center>",
        "",
    ],
)
def test_nothing_is_said_of_a_text_that_is_stored_whole(text: str) -> None:
    assert said_of(text) == ""


def test_the_losses_of_all_texts_of_a_call_are_one_line() -> None:
    said = said_of('<p id="a">b</p>', "c", '<p id="d" class="e">f</p>', "<p>g<svg></svg></p>")
    assert said == "When stored, texts lose embedded media, some classes and the attribute id."
