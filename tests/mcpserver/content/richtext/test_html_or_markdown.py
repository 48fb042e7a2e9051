"""One rule says whether a text is HTML or Markdown."""

from __future__ import annotations

import re
from html import escape, unescape

import pytest

from mcpserver.content.richtext.richtext import (
    to_html,
)


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
                "<Form onSubmit={save}>text</Form>",
                "use <Nav items={a}>x</Nav> here",
                '<Article kind="post">Title</Article>',
                "<Dialog open={x} onClose={y}>a</Dialog>",
                "<Table rows={x}><Row id=1>a</Row></Table>",
                '<Summary kind="a">b</Summary>',
                '<Form onSubmit="save">a</Form>',
                '<Address type="home" city="Berlin">a</Address>',
                '<div className="a">b</div>',
                '<label htmlFor="a">b</label> c',
                "List<Caption> <Address>",
                "<form onSubmit={save}>a</form>",
                "<div {...props} className={x}>a</div>",
                '<form @submit="save" :rows="a">b</form>',
                '<b *if="x">a</b> <i [b]="c" (d)="e" #f="g">h</i>',
            )
        ],
        ("<Table><Tr><tD>a</Td></tr></TABLE>", "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        (
            '<Table Border="1" cellSpacing=0><tr><td colSpan="2">a</table>',
            '<table><tbody><tr><td colspan="2">a</td></tr></tbody></table>',
        ),
        ("a <Strong>b</Strong> <eM>c</Em><Br>d", "<p>a <strong>b</strong> <em>c</em><br>d</p>"),
        ("<Ul><Li>a</Li><Li>b</Li></Ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<form>a</Form><Section>b</Section>", "<div>a</div><div>b</div>"),
        ('<a HREF="/b" onClick="c()">d</a>', '<p><a href="/b" rel="noopener noreferrer">d</a></p>'),
        ("<p>List<Caption> a</p>", "<p>List&lt;Caption&gt; a</p>"),
        (
            '<div><div className="a"><p>b</p></div></div>',
            '<div>&lt;div className="a"&gt;<p>b</p>&lt;/div&gt;</div>',
        ),
        (
            "<ul><li key={a}>b</li><li>c</li></ul>",
            "<ul>&lt;li key={a}&gt;b&lt;/li&gt;<li>c</li></ul>",
        ),
        (
            '<p>a</p><p @click="b => c">d</p><p :e="f" />',
            '<p>a</p><p>&lt;p @click="b =&gt; c"&gt;d&lt;/p&gt;&lt;p :e="f" /&gt;</p>',
        ),
        ('<p><svg viewBox="0 0 1 1"><linearGradient idRef=a />b</svg></p>', "<p>b</p>"),
        ('<p><a-b userId="3">c</a-b></p>', "<p><a-b>c</a-b></p>"),
        ('<TABLE ROWS="2"><TR><TD>a</TABLE>', "<table><tbody><tr><td>a</td></tr></tbody></table>"),
        ('<H1>a</H1><p data-a="{1}">b</p>', '<h1>a</h1><p data-a="{1}">b</p>'),
        ("<P><O:P>a</O:P></P><p _x=1 xml:lang=a v-if=b>c</p>", "<p>a</p><p>c</p>"),
        ("<P>a <Nav b={c}>d</Nav></P>", "<p>a &lt;Nav b={c}&gt;d&lt;/Nav&gt;</p>"),
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
        ("<p>a<!-- b -->c</p><!-- d -->", "<p>ac</p>"),
        ("<p><code>a<!-- <b>b</b> -->c</code></p>", "<p><code>ac</code></p>"),
        ("# a\n\n<div>b<!-- c --><p>d</p></div>", "<h1>a</h1>\n<div>b<p>d</p></div>"),
        ("a\n\n<pre>b<!-- c -->d</pre>", "<p>a</p>\n<pre>bd</pre>"),
        ("<b>a<!-- b -->c</b> d", "<p><b>a&lt;!-- b --&gt;c</b> d</p>"),
        ("**a** b<!-- c -->d", "<p><strong>a</strong> b&lt;!-- c --&gt;d</p>"),
        ("`a<!-- b -->` *c*", "<p><code>a&lt;!-- b --&gt;</code> <em>c</em></p>"),
        ("*a* b<style>c</style>d", "<p><em>a</em> b&lt;style&gt;c&lt;/style&gt;d</p>"),
        ("a <script>b()</script>", "<p>a &lt;script&gt;b()&lt;/script&gt;</p>"),
        ("<p>a<script>b()</script></p>", "<p>a</p>"),
        ('<p onclick="x()" style="color:red;position:fixed">a</p>', '<p style="color:red">a</p>'),
        (
            '<p style="color:expression(x());color:rgb(1, 2, 3)">a</p>',
            '<p style="color:rgb(1, 2, 3)">a</p>',
        ),
        (
            '<p><select x="1"><b>b</b></select> <svg>c</svg> <template x="1">d</template></p>',
            "<p><b>b</b> c d</p>",
        ),
        ('<p class="modal">a</p>', "<p>a</p>"),
        ('<p download foo class="ql-a">a</p>', '<p class="ql-a">a</p>'),
        ("<div contenteditable><p hidden>a</p></div>", "<div><p>a</p></div>"),
        ("<p><b foo bar>a</b></p>", "<p><b>a</b></p>"),
        ('<p><img src="/a" alt="b<c" lazy></p>', '<p><img src="/a" alt="b&lt;c"></p>'),
        ("<p title='<b>a</b>'>b</p>", '<p title="&lt;b&gt;a&lt;/b&gt;">b</p>'),
        ('<p lang="de"title="t">a</p>', '<p lang="de" title="t">a</p>'),
        ("<p title=a=b&c=d>a</p>", '<p title="a=b&amp;c=d">a</p>'),
        ("<p>a <video src=x autoplay muted loop>b</video></p>", "<p>a b</p>"),
        ("<p>a <font color=red>b</font> <nobr>c</nobr></p>", "<p>a <span>b</span> c</p>"),
        (
            "<form><select multiple><option>a</option><option selected>b</option></select></form>",
            "<div>a</div><div>b</div>",
        ),
        ("<p>a</p><textarea required>b</textarea>", "<p>a</p><div>b</div>"),
        ("<menu><li>a</menu><dir><li>b</dir>", "<ul><li>a</li></ul><ul><li>b</li></ul>"),
        ("<center>a</center>", '<div align="center">a</div>'),
        ('<meta charset="utf-8"><link rel="x" href="y"><p>a</p>', "<p>a</p>"),
        ('<p><object data="x"><param name="a" value="b">c</object> d</p>', "<p>c d</p>"),
        ('<p>a <svg width="9"><path d="M0"/><text x="1">b</text></svg> c</p>', "<p>a b c</p>"),
        ("<p><math><mi>a</mi><mo>=</mo></math> <svg>b</p>", "<p>a= &lt;svg&gt;b</p>"),
        (
            '<p><at-mention data-id="3" onclick="x()">Ann</at-mention></p>',
            '<p><at-mention data-id="3">Ann</at-mention></p>',
        ),
        (
            '**a** <at-mention data-id="3">Ann</at-mention>',
            '<p><strong>a</strong> <at-mention data-id="3">Ann</at-mention></p>',
        ),
        ("<my-card><p>a</p></my-card>", "<my-card><p>a</p></my-card>"),
        ("<p><b>a<b and c>d</b></p>", "<p><b>a&lt;b and c&gt;d</b></p>"),
        ("<p>if a <p and b> c</p>", "<p>if a &lt;p and b&gt; c</p>"),
        ("<p>a<br and b>c <hr or d>e</p>", "<p>a&lt;br and b&gt;c &lt;hr or d&gt;e</p>"),
        *[
            (f"<p>{text}</p>", f"<p>{escape(text, quote=False)}</p>")
            for text in (
                "x <y and z> w",
                "x <i and y> z",
                "Map<String, Integer> and Vec<u8>",
                "cd <dir> and <link> <source> <option> <menu>",
                "see <my-tag> and <a-b c>",
                "<My-Tag>a</My-Tag>",
                "<T extends B>a</T>",
                "<b, c>a</b, c>",
            )
        ],
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
