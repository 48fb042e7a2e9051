"""Reads HTML into a tree and writes it again, in time that grows only with its length.

`<` begins a tag only where all of this holds; elsewhere it is a character of the text:

- a name that HTML has, well-formed attributes and `>`;
- an inline tag such as `<b>` is also closed again. So `Map<String, int>`, `a<b and c>d` and
  `Vec<i>` stay as they are;
- in running text, blocks are closed again too, and the tag is one that is stored: only `<br>`,
  `<hr>` and `<img>` stand alone. So `replace <p> by <div>` stays as it is.

Every attempt to read a tag ends at the next `<`, and what is nested is limited, so that no text is
read twice.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from typing import NamedTuple

from mcpserver.htmlattributes import ATTRIBUTE, kept_attributes

MAX_DEPTH = 50
MAX_TAGS = 4_000  # `<` in one text, and as many `&`

_TAG = re.compile(rf"<(/?)([a-zA-Z][\w:-]*+)((?:{ATTRIBUTE})*+)\s*+/?>|<!--|<!(?i:doctype)[^<>]*+>")

# fmt: off
VOID = frozenset(("br", "hr", "img", "input", "col", "wbr", "area"))
_LISTS = ("ul", "ol", "li", "dl", "dt", "dd")
_TABLES = ("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "col")
_ROWS = ("table", "thead", "tbody", "tfoot", "tr")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "hgroup")
_PROSE = ("p", "hr", "pre", "blockquote", "figure", "figcaption", "details", "summary", "address")
GROUPS = frozenset((
    "html", "head", "body", "main", "section", "article", "header", "footer", "aside", "nav",
    "div", "form", "fieldset", "center",
))
NO_MEANING = frozenset((
    "span", "font", "label", "button", "o:p", "svg", "iframe", "video", "audio", "source",
    "picture", "map", "area",
))
EMBEDDED = frozenset(("iframe", "video", "audio", "svg", "map"))
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn",
    "em", "i", "img", "input", "ins", "kbd", "mark", "mention", "q", "rp", "rt", "rtc",
    "ruby", "s", "samp", "small", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
)) | NO_MEANING
BLOCKS = GROUPS.union(_LISTS, _TABLES, _HEADINGS, _PROSE)
# fmt: on
LEFT_OPEN = frozenset((*_LISTS, *_TABLES, *_HEADINGS, "p")) - {"ul", "ol", "dl", "table", "hgroup"}
ALONE = frozenset(("br", "hr", "img"))
SILENT = frozenset(("script", "style"))  # what is in them is no text
KNOWN = BLOCKS | _INLINE | SILENT
_ENDS = {"!": re.compile("-->")} | {name: re.compile(f"(?i)</{name}>") for name in SILENT}

# What a start tag closes, and what it does not look beyond.
_CELLS, _PARTS = {"td", "th"}, {"thead", "tbody", "tfoot"}
_IMPLIED: dict[str, tuple[set[str] | frozenset[str], set[str] | frozenset[str]]] = {
    "li": ({"li"}, {"ul", "ol"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr", "caption"}, {"table"}),
    **dict.fromkeys(_CELLS, (_CELLS, {"tr", "table"})),
    **dict.fromkeys(_PARTS, (_PARTS | {"caption"}, {"table"})),
    **dict.fromkeys(_HEADINGS, (set(_HEADINGS), BLOCKS - set(_HEADINGS))),
    "a": ({"a"}, BLOCKS),
}


class TooComplex(Exception):
    """A text with more tags, or nested deeper, than is read."""


class Tag(NamedTuple):
    start: int
    end: int
    name: str
    closing: bool
    attributes: str


@dataclass(slots=True)
class Element:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    holds_blocks: bool = False
    source: list[Node] | None = None  # of a simplified element: what it was made of

    @property
    def is_block(self) -> bool:
        return self.tag in BLOCKS or self.holds_blocks


Node = Element | str


def find_tags(
    text: str, *, unclosed: frozenset[str] = VOID | BLOCKS, names: frozenset[str] = KNOWN
) -> list[Tag]:
    """The tags of a text by the rule above. A comment is a tag called `!`. Raises TooComplex.

    Outside blocks that are closed, they have one of the `names`, and only `unclosed` stand alone.
    """
    if text.count("<") > MAX_TAGS:
        raise TooComplex
    found = list(_candidates(text))
    pairs = _pairs(found)
    tags: list[Tag] = []
    in_html, depth = False, 0
    for number, tag in enumerate(found):
        if not depth and tag.name not in names and tag.name not in SILENT and tag.name != "!":
            continue
        alone = unclosed | VOID | LEFT_OPEN if depth else unclosed
        if number in pairs or _stands_alone(text, tag, in_html, alone):
            tags.append(tag)
            in_html = in_html or tag.name in BLOCKS
            if number in pairs and tag.name in BLOCKS:
                depth = max(0, depth - 1) if tag.closing else depth + 1
    return tags


def _candidates(text: str) -> Iterator[Tag]:
    done, unclosed = 0, set()
    for match in _TAG.finditer(text):
        name = (match[2] or "!").lower()
        if match.start() < done or name in unclosed:
            continue
        end = match.end()
        if match[0] == "<!--" or (name in SILENT and not match[1]):
            closing = _ENDS[name].search(text, end)
            if closing is None:
                unclosed.add(name)  # once is enough to know it
                continue
            end = closing.end()
            yield Tag(match.start(), end, name, False, "")
        elif name == "!" or name in KNOWN:
            yield Tag(match.start(), end, name, bool(match[1]), match[3] or "")
        done = end


def _pairs(found: list[Tag]) -> set[int]:
    """The numbers of the tags that open and close each other."""
    opened: defaultdict[str, list[int]] = defaultdict(list)
    pairs: set[int] = set()
    for number, tag in enumerate(found):
        if tag.closing:
            if opened[tag.name]:
                pairs |= {number, opened[tag.name].pop()}
        elif tag.name not in VOID and tag.name not in SILENT and tag.name != "!":
            opened[tag.name].append(number)
    return pairs


def _stands_alone(text: str, tag: Tag, in_html: bool, unclosed: frozenset[str]) -> bool:
    if tag.name in SILENT or tag.name == "!":
        return not tag.closing
    if tag.name not in unclosed:
        return False
    if tag.name in VOID:
        return not tag.closing
    # `<p>` may be left open, but `Box<p>` in a text without other blocks is no paragraph.
    return in_html or not (tag.closing or text[tag.start - 1 : tag.start].isalnum())


def parse(html: str) -> list[Node]:
    """The nodes of a text. Raises TooComplex."""
    return build(html, find_tags(html))


def build(html: str, tags: list[Tag]) -> list[Node]:
    if html.count("&") > MAX_TAGS:
        raise TooComplex
    builder = _Builder()
    done = 0
    for tag in tags:
        builder.text(html[done : tag.start])
        if tag.closing:
            builder.close(tag.name)
        elif tag.name not in SILENT and tag.name != "!":
            builder.open(tag)
        done = tag.end
    builder.text(html[done:])
    return builder.root.children


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._stack = [self.root]
        self._open: Counter[str] = Counter()

    def text(self, source: str) -> None:
        if source:
            self._append(unescape(source))

    def open(self, tag: Tag) -> None:
        if tag.name in BLOCKS and self._open["p"]:
            self._close_nearest({"p"}, BLOCKS)
        if tag.name in _IMPLIED:
            self._close_nearest(*_IMPLIED[tag.name])
        if tag.name == "table" and self._stack[-1].tag in _ROWS:
            self._pop_through("table")
        element = Element(tag.name, dict(kept_attributes(tag.name, tag.attributes)))
        if tag.name == "input" and "type" not in element.attributes:
            return
        if tag.name in _TABLES[1:] and not self._open["table"]:
            return  # browsers and nh3 know none outside a table
        self._append(element)
        if tag.name in BLOCKS:
            self._note_block()
        if tag.name not in VOID:
            if len(self._stack) > MAX_DEPTH:
                raise TooComplex
            self._stack.append(element)
            self._open[tag.name] += 1

    def _append(self, node: Node) -> None:
        parent = self._stack[-1]
        if parent.tag not in _ROWS or _belongs_in_a_row(node):
            parent.children.append(node)
            return
        # What stands between the cells of a table is shown before it.
        table = next(each for each in reversed(self._stack) if each.tag == "table")
        outer = self._stack[self._stack.index(table) - 1]
        outer.children.insert(len(outer.children) - 1, node)

    def close(self, name: str) -> None:
        if self._open[name]:
            self._pop_through(name)

    def _close_nearest(
        self, closes: set[str] | frozenset[str], stops: set[str] | frozenset[str]
    ) -> None:
        for element in reversed(self._stack):
            if element.tag in closes:
                self._pop_through(element.tag)
                return
            if element.tag in stops:
                return

    def _pop_through(self, name: str) -> None:
        while True:
            element = self._stack.pop()
            self._open[element.tag] -= 1
            if element.tag == name:
                return

    def _note_block(self) -> None:
        for element in reversed(self._stack):
            if element.holds_blocks:
                return
            element.holds_blocks = True


def _belongs_in_a_row(node: Node) -> bool:
    return node.tag in _TABLES if isinstance(node, Element) else not node.strip()


def serialize(nodes: list[Node]) -> str:
    parts: list[str] = []
    _write(nodes, parts)
    return "".join(parts)


def _write(nodes: list[Node], parts: list[str]) -> None:
    for node in nodes:
        if isinstance(node, str):
            parts.append(escape(node, quote=False))
            continue
        parts.append(start_tag(node))
        if node.tag not in VOID:
            _write(node.children, parts)
            parts.append(f"</{node.tag}>")


def start_tag(element: Element) -> str:
    pairs = (f' {name}="{escape(value)}"' for name, value in element.attributes.items())
    return f"<{element.tag}{''.join(pairs)}>"
