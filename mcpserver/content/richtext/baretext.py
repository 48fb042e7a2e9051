"""Removes the tags from HTML that is too long or too complex to convert."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape

from mcpserver.content.richtext.htmlattributes import has_words
from mcpserver.content.richtext.htmltags import Tag, candidates

_PIECE = 50_000  # characters that are decoded at once, which blocks other threads
_LINES = frozenset(("p", "div", "li", "tr", "pre", "blockquote", *(f"h{n}" for n in range(1, 7))))


def bare_text(html: str) -> str:
    """The text of HTML, each block on a line of its own."""
    parts: list[str] = [""]
    done = 0
    for tag in candidates(html):
        if not has_words(tag.attributes):
            parts += [_text(html[done : tag.start], parts[-1]), "\n" if _ends_line(tag) else ""]
            done = tag.end
    return "".join([*parts, _text(html[done:], parts[-1])]).strip()


def _text(html: str, before: str) -> str:
    return "".join(map(unescape, _pieces(html.lstrip() if before == "\n" else html)))


def _pieces(html: str) -> Iterator[str]:
    """The parts of a text, cut before character references."""
    while html:
        end = html.find("&", _PIECE)
        yield html if end < 0 else html[:end]
        html = "" if end < 0 else html[end:]


def _ends_line(tag: Tag) -> bool:
    return tag.name == "br" or (tag.closing and tag.name in _LINES)
