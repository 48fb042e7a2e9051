"""Builds a tree from the tags of HTML and serializes it, in linear time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html import escape

from mcpserver.content.richtext.htmlattributes import (
    decoded,
    kept_attributes,
)
from mcpserver.content.richtext.htmlelements import (
    BLOCKS,
    HEADINGS,
    NOTHING,
    ROWS,
    SILENT,
    TABLES,
    VOID,
)
from mcpserver.content.richtext.htmltags import MAX_DEPTH, MAX_TAGS, Tag, TooComplex, find_tags

# Per start tag: the elements that it closes, and those at which the search for them ends.
_CELLS, _PARTS = {"td", "th"}, {"thead", "tbody", "tfoot"}
_IMPLIED: dict[str, tuple[set[str] | frozenset[str], set[str] | frozenset[str]]] = {
    "li": ({"li"}, {"ul", "ol"}),
    "dt": ({"dt", "dd"}, {"dl"}),
    "dd": ({"dt", "dd"}, {"dl"}),
    "tr": ({"tr", "caption"}, {"table"}),
    **dict.fromkeys(_CELLS, (_CELLS, {"tr", "table"})),
    **dict.fromkeys(_PARTS, (_PARTS | {"caption"}, {"table"})),
    **dict.fromkeys(HEADINGS, (set(HEADINGS), BLOCKS - set(HEADINGS))),
    "a": ({"a"}, BLOCKS),
}


@dataclass(slots=True, eq=False)  # compared by identity; `serialize` shows whether two are equal
class Element:
    """An element of the tree."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    holds_blocks: bool = False
    source: list[Node] | None = None  # the nodes from which a simplified element was made

    @property
    def is_block(self) -> bool:
        """Whether it is a block, or has some in it."""
        return self.tag in BLOCKS or self.holds_blocks


Node = Element | str


def parse(html: str) -> list[Node]:
    """The nodes of a text. Raises TooComplex."""
    return build(html, find_tags(html))


def build(html: str, tags: list[Tag]) -> list[Node]:
    """The nodes of a text with these tags. Raises TooComplex."""
    if html.count("&") > MAX_TAGS:
        raise TooComplex(f"more than {MAX_TAGS:,} of & < >: split it, or attach it as a file")
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
            self._append(decoded(source))

    def open(self, tag: Tag) -> None:
        if tag.name in BLOCKS and self._open["p"]:
            self._close_nearest({"p"}, BLOCKS)
        if tag.name in _IMPLIED:
            self._close_nearest(*_IMPLIED[tag.name])
        if tag.name == "table" and self._stack[-1].tag in ROWS:
            self._pop_through("table")
        element = Element(tag.name, dict(kept_attributes(tag.name, tag.attributes)))
        is_hidden = tag.name == "input" and "type" not in element.attributes
        if is_hidden or tag.name in NOTHING:
            return
        if tag.name in TABLES[1:] and not self._open["table"]:
            return  # browsers and nh3 ignore it outside a table
        self._append(element)
        if tag.name in BLOCKS:
            self._note_block()
        if tag.name not in VOID:
            if len(self._stack) > MAX_DEPTH:
                raise TooComplex(f"more than {MAX_DEPTH} levels of nesting: nest it less")
            self._stack.append(element)
            self._open[tag.name] += 1

    def _append(self, node: Node) -> None:
        parent = self._stack[-1]
        if parent.tag not in ROWS or _belongs_in_a_row(node):
            parent.children.append(node)
            return
        # Browsers show content between the cells of a table before the table.
        depth = max(n for n, each in enumerate(self._stack) if each.tag == "table")
        outer = self._stack[depth - 1]
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
    return node.tag in TABLES if isinstance(node, Element) else not node.strip()


def serialize(nodes: list[Node]) -> str:
    """The nodes as HTML."""
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
    """The start tag of an element as HTML."""
    pairs = (f' {name}="{escape(value)}"' for name, value in element.attributes.items())
    return f"<{element.tag}{''.join(pairs)}>".replace("\n", "&#10;")
