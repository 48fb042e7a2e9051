"""Takes the tags out of HTML that is too long or too complex to convert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from mcpserver.htmlattributes import ATTRIBUTE
from mcpserver.htmltree import KNOWN

MAX_PIECE = 20_000

_TAG = re.compile(rf"</?(?:{'|'.join(sorted(KNOWN))})\b(?:{ATTRIBUTE})*+\s*+/?>", re.IGNORECASE)
_BREAK = re.compile(r"(?:<br\s*+/?>|</(?:p|div|li|tr|h[1-6]|pre|blockquote)>)\s*+", re.IGNORECASE)


def bare_text(html: str) -> str:
    """The text of HTML, each block on a line of its own.

    Piece by piece: a regular expression holds the interpreter lock until it is done.
    """
    return "".join(map(_without_tags, _pieces(html))).strip()


def _without_tags(html: str) -> str:
    return unescape(_TAG.sub("", _BREAK.sub("\n", html)))


def _pieces(html: str) -> Iterator[str]:
    """Cut before a tag where there is one."""
    start = 0
    while start < len(html):
        end = start + MAX_PIECE
        if end < len(html):
            tag = html.rfind("<", start + 1, end)
            end = tag if tag > 0 else end
        yield html[start:end]
        start = end
