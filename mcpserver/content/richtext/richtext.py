"""Converts between Infinity's HTML and the Markdown, plain text or HTML that agents write.

A text that consists of HTML blocks is read as HTML: of complete tags that HTML has, closed unless
they may stay open. All else is read as Markdown, in which tags that are stored and closed are HTML
too, except in code. Every other `<` is a character of the text, so that no word is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape, unescape
from itertools import groupby
from typing import NamedTuple

import comrak
import nh3

from mcpserver.content.blank import is_blank, is_empty
from mcpserver.content.errors import WrongValue
from mcpserver.content.richtext import htmlelements, htmltree, textmarks
from mcpserver.content.richtext.expansion import refuse_expansion
from mcpserver.content.richtext.htmlattributes import (
    ATTRIBUTES,
    STYLES,
    in_own_words,
    is_stored_address,
    kept_attributes,
    lost_attributes,
)
from mcpserver.content.richtext.htmltags import Tag, TooComplex, find_tags
from mcpserver.content.richtext.htmltree import Element, Node
from mcpserver.content.richtext.lostwords import loses_words, refuse_lost_cells
from mcpserver.content.richtext.markdown import one_line, written
from mcpserver.content.richtext.simplified import canonical, simplified

MAX_CHARACTERS = 50_000

_EXTENSIONS = comrak.ExtensionOptions()
_EXTENSIONS.table = _EXTENSIONS.strikethrough = _EXTENSIONS.tasklist = True
_RENDERING = comrak.RenderOptions()
_RENDERING.unsafe_ = True  # nh3 decides what is safe
_RENDERING.hardbreaks = True  # keep every line break, as in plain text
_RENDERING.full_info_string = True  # the words after a code's language
_CUSTOM = re.compile(f"<({htmlelements.CUSTOM})")
_BLOCK = "|".join(sorted(htmlelements.BLOCKS))
_HTML = re.compile(rf"\s*<(?:{_BLOCK}|{_BLOCK.upper()})\b")

_TAGS = htmlelements.KNOWN - htmlelements.SILENT - htmlelements.NO_MEANING - htmlelements.GROUPS
_TAGS |= {"div", "span", "section", "article", "header", "footer", "aside", "nav", "center"}
_SHOWING = htmlelements.EMBEDDED | htmlelements.FIELDS | htmlelements.SILENT | {"a"}
_LOST = {
    **dict.fromkeys(htmlelements.EMBEDDED, "embedded media"),
    **dict.fromkeys(htmlelements.FIELDS, "form fields"),
    "style": "some styles",
    "script": "scripts",
}
# Losses that matter when a text is stored, not when it is read.
_REMOVED = frozenset(("event handlers", "HTML comments", "scripts"))


class Stored(NamedTuple):
    """The HTML to store for a text, and what the text loses, in words."""

    html: str
    losses: frozenset[str] = frozenset()


def to_html(text: str) -> str:
    """The HTML to store for a text, without scripts and event handlers. Raises WrongValue."""
    return stored(text).html


def stored(text: str) -> Stored:
    """The HTML to store for a text, with what is lost. Raises WrongValue."""
    _refuse_long(text)
    try:
        return _stored(_with_nul_shown(text).replace("\r\n", "\n").replace("\r", "\n"))
    except TooComplex as fault:
        raise WrongValue(f"the text has {fault}") from None


def _with_nul_shown(text: str) -> str:
    """The text with U+FFFD for each NUL, as in Markdown: HTML has no NUL."""
    return text.replace("\0", "\ufffd")


def _stored(text: str) -> Stored:
    """The HTML of a text. If a word or all of it would be lost, less of it is read as markup."""
    for definitions in (True, False):
        made = _converted(text, definitions=definitions)
        html = _cleaned(made.nodes)
        if loses_words(_between_tags(text, made.tags), html):
            continue
        if is_empty(html) and _shows_something(text, made.tags):
            break
        return Stored(html, frozenset(_losses(*made.markup)))
    return Stored(paragraphs(text))


def _shows_something(text: str, tags: list[Tag]) -> bool:
    """Whether a text is more than blanks within tags that show nothing themselves (`<p></p>`)."""
    if any(tag.name in _SHOWING for tag in tags):
        return True
    return not is_blank(unescape(_between_tags(text, tags)))


def _between_tags(text: str, tags: list[Tag]) -> str:
    """A text without its tags; stored tags and blocks become a blank."""
    parts, done = [], 0
    for tag in tags:
        kept = _is_stored(tag.name) and (tag.name != "input" or _is_box(tag.attributes))
        parts += [text[done : tag.start], " " if kept or tag.name in htmlelements.BLOCKS else ""]
        done = tag.end
    return "".join([*parts, text[done:]])


def _refuse_long(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise WrongValue(
            f"a text has at most {MAX_CHARACTERS:,} characters and this one has {len(text):,}: "
            "shorten it, split it, or attach it as a file"
        )


def _cleaned(nodes: list[Node]) -> str:
    html = htmltree.serialize(nodes)
    return nh3.clean(
        html,
        tags=_TAGS.union(_CUSTOM.findall(html)),
        attributes=ATTRIBUTES,
        generic_attribute_prefixes={"data-"},
        filter_style_properties=set(STYLES),
    ).strip()


class _Converted(NamedTuple):
    """The tags of a text, its nodes, and the HTML it was read as, with the tags of that."""

    tags: list[Tag]
    nodes: list[Node]
    markup: tuple[str, list[Tag]]


def _converted(text: str, *, definitions: bool) -> _Converted:
    if text.lstrip().startswith("<"):
        tags = find_tags(text, unclosed=htmlelements.VOID | htmlelements.LEFT_OPEN)
        nodes = htmltree.build(text, tags)
        if all(map(_is_html, nodes)) and any(isinstance(node, Element) for node in nodes):
            return _Converted(tags, _safe(nodes), (text, tags))
    tags = find_tags(text, unclosed=htmlelements.ALONE, names=_TAGS) if "<" in text else []
    tags = [tag for tag in tags if tag.name not in htmlelements.SILENT]
    refuse_expansion(text)
    source = textmarks.hidden(text, tags, definitions=definitions)
    html = textmarks.shown(_rendered(source))
    if "<table" in html:
        refuse_lost_cells(source, _rendered)
    found = find_tags(html)
    return _Converted(tags, _in_paragraphs(_safe(htmltree.build(html, found))), (html, found))


def _rendered(markdown: str) -> str:
    return comrak.render_markdown(markdown, _EXTENSIONS, None, _RENDERING)


def _in_paragraphs(nodes: list[Node]) -> list[Node]:
    """The nodes, with text outside blocks in paragraphs, as Infinity stores it."""
    out: list[Node] = []
    for is_block, group in groupby(nodes, _is_html):
        run = list(group)
        out += run if is_block else [Element("p", {}, _stripped(run))]
    return out


def _is_html(node: Node) -> bool:
    return node.is_block if isinstance(node, Element) else not node.strip()


def _stripped(run: list[Node]) -> list[Node]:
    first, last = run[0], run[-1]
    if isinstance(first, str):
        run[0] = first.lstrip()
    if isinstance(last, str):
        run[-1] = last.rstrip() if len(run) > 1 else last.strip()
    return run


def _safe(nodes: list[Node]) -> list[Node]:
    """The nodes without tags that are not stored; addresses that are not stored become text."""
    out: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            out.append(node)
            continue
        node.children = _safe(node.children)
        address = node.attributes.get("href") or node.attributes.get("src", "")
        if node.tag in htmlelements.GROUPS and not node.holds_blocks:
            out.append(Element("div", node.attributes, node.children))
        elif not _is_stored(node.tag):
            out += node.children
        elif is_stored_address(address):
            out.append(node)
        else:
            mark = "![" + node.attributes.get("alt", "") if node.tag == "img" else "["
            out += [mark, *node.children, f"]({address})"]
    return out


def _is_stored(name: str) -> bool:
    return name in _TAGS or htmlelements.is_custom(name)


def looks_like_html(text: str) -> bool:
    """Whether a text of unknown form begins and ends like HTML that Infinity stores."""
    return _HTML.match(text) is not None and text.rstrip().endswith(">")


class Reading(NamedTuple):
    """The Markdown of an HTML text, and what is lost when it is written back, in words."""

    text: str
    losses: frozenset[str]


def read(html: str) -> Reading:
    """HTML as Markdown that `to_html` turns into the same HTML. Raises TooComplex."""
    if len(html) > MAX_CHARACTERS:
        raise TooComplex("too many characters")
    html = _with_nul_shown(html)
    tags = find_tags(html)
    nodes = htmltree.build(html, tags) if tags else htmltree.parse(paragraphs(unescape(html)))
    losses = frozenset(map(in_own_words, _losses(html, tags))) - _REMOVED
    return Reading(_markdown(simplified(_safe(nodes))), losses)


def _markdown(blocks: list[Element]) -> str:
    texts = written(blocks)
    if _becomes(text := _joined(blocks, texts), blocks):
        return text
    for number, (block, written_block) in enumerate(zip(blocks, texts, strict=True)):
        if written_block is not None and not _becomes(written_block, [block]):
            texts[number] = None
    if _becomes(text := _joined(blocks, texts), blocks):
        return text
    return "\n".join(map(one_line, blocks))


def _losses(html: str, tags: list[Tag]) -> Iterator[str]:
    """The parts of HTML that are neither read nor stored, in words."""
    for start, end, name, _, attributes in tags:
        if name in _LOST and not (name == "input" and _is_box(attributes)):
            yield _LOST[name]
        elif attributes and name not in htmlelements.NOTHING and name != "!":
            yield from lost_attributes(name, attributes, is_stored=_is_stored(name))
        elif html.startswith("<!--", start) and html[start + 4 : end - 3].strip():
            yield "HTML comments"


def _is_box(attributes: str) -> bool:
    """Whether an input is the checkbox of a task; others are not stored."""
    return any(name == "type" for name, _ in kept_attributes("input", attributes))


def _joined(blocks: list[Element], texts: list[str | None]) -> str:
    pairs = zip(blocks, texts, strict=True)
    return "\n\n".join(one_line(block) if text is None else text for block, text in pairs)


def _becomes(text: str, blocks: list[Element]) -> bool:
    """Whether `to_html` would turn a text into these blocks."""
    if len(text) > MAX_CHARACTERS:
        return False
    try:
        return canonical(simplified(_converted(text, definitions=True).nodes)) == canonical(blocks)
    except (TooComplex, WrongValue):
        return False


def paragraphs(text: str) -> str:
    """Plain text as HTML: escaped, a paragraph per line, with its indents. Raises WrongValue."""
    _refuse_long(text)
    lines = (line.rstrip() for line in text.splitlines())
    return "".join(f"<p>{_plain(line)}</p>" for line in lines if line)


def _plain(line: str) -> str:
    """A line as HTML. Indents and runs of blanks become no-break spaces: HTML would collapse
    them."""
    blanks = re.compile(r"^ +| {2,}")
    return escape(blanks.sub(lambda run: "\u00a0" * len(run[0]), line.expandtabs(4)))
