"""Hides characters of a text that Markdown would read as marks, and restores them in the HTML."""

from __future__ import annotations

import re
from collections import Counter
from html import escape
from urllib.parse import quote

from mcpserver.content.richtext.htmltags import MAX_DEPTH, Tag

PREFIX = r"^((?:[ \t>*+-]|\d{1,9}[.)](?=\s|$)|\[[ xX]\](?=\s|$))*+)"  # quotes, lists, boxes
LABEL = r"(?<!\\)\[((?:[^\[\]\\]|\\[\[\]\\]?+){1,999}+)\]"
# Characters that are text, and the noncharacters that replace them while Markdown is parsed.
_MARKS = "<[:~*_>"
_STAND_INS = "\ufdd0\ufdd1\ufdd2\ufdd3\ufdd4\ufdd5\ufdd6"
CELL_MARK = "\ufdd7"  # stands before a cell that a table may lose
_SHOWN = tuple((hidden, escape(mark)) for hidden, mark in zip(_STAND_INS, _MARKS, strict=True))
_SHOWN_IN_ADDRESSES = tuple(
    (quote(hidden), quote(mark, safe="*")) for hidden, mark in zip(_STAND_INS, _MARKS, strict=True)
)
_QUOTED = quote(_STAND_INS[0])[: len("%EF%B7")]
_HIDDEN = str.maketrans(_MARKS, _STAND_INS)
_UNHIDDEN = str.maketrans(_STAND_INS, _MARKS)
_HIDDEN_IN_ADDRESSES = str.maketrans("~*_", "~*_".translate(_HIDDEN))
_DEFINITION = re.compile(rf"{PREFIX}{LABEL}:", re.MULTILINE)
_ADDRESS = re.compile(r"\s*+(?:<|\S*?[/:#@]|\S*?\.\w)")
# Many empty quotes are a line drawn with `>`.
_DRAWN = re.compile(rf"^[ \t]*+(?:>[ \t]*+){{{MAX_DEPTH},}}+$", re.MULTILINE)
# An address in running text, from its first letter to its last.
_BARE_ADDRESS = r"""
    (?<![^\W_])(?:[a-zA-Z][a-zA-Z\d+.-]{1,31}://|www\.)[^\s<>()\[\]"'`|\\]*[^\W_]
    | (?<![\w.+-])_*+[^\W_][\w.+-]*+@[\w.-]*[^\W_]
"""
_MAY_BE_MARKUP = re.compile(
    rf"""
    (?P<address>{_BARE_ADDRESS})
    | \\[!-/:-@\[-`{{-~] | ~++ | \]\(<
    | <(?:[a-zA-Z][\w+.-]{{1,31}}:[^\s<>]*+> | [\w.+-]++@[\w.-]++>)?
    """,
    re.VERBOSE,
)


def hidden(text: str, tags: list[Tag], *, definitions: bool) -> str:
    """A text as Markdown in which only the `tags` are HTML. Without `definitions`, every
    `[label]: address` is text."""
    text = _without_text_marks(re.sub(f"[{_STAND_INS}{CELL_MARK}]", "\ufffd", text), tags)
    text = _DRAWN.sub(lambda line: line[0].translate(_HIDDEN), text)
    return _without_lost_references(text) if definitions else text.replace("]:", f"]{_hide(':')}")


def shown(html: str) -> str:
    """HTML of Markdown by `hidden`, with the hidden characters restored."""
    for stand_in, mark in _SHOWN:
        html = html.replace(stand_in, mark)
    if _QUOTED in html:
        for stand_in, mark in _SHOWN_IN_ADDRESSES:
            html = html.replace(stand_in, mark)
    return html


def unhidden(source: str) -> str:
    """A part of a text by `hidden` as it was written."""
    return source.translate(_UNHIDDEN)


def _hide(mark: str) -> str:
    return mark.translate(_HIDDEN)


def _without_text_marks(text: str, tags: list[Tag]) -> str:
    """Hides each `<` that begins neither a tag nor an address, marks within addresses, and each
    single `~`: two of them strike text out, one means "about"."""
    starts = {tag.start for tag in tags}

    def kept(match: re.Match[str]) -> str:
        if match["address"]:
            return _hidden_marks(match[0])
        is_text = match[0] == "~" or (match[0] == "<" and match.start() not in starts)
        return _hide(match[0]) if is_text else match[0]

    return _MAY_BE_MARKUP.sub(kept, text)


def _hidden_marks(address: str) -> str:
    before = len(address) - len(address.lstrip("_"))
    return address[:before] + address[before:].translate(_HIDDEN_IN_ADDRESSES)


def _without_lost_references(text: str) -> str:
    """Hides the mark of `[label]: address`, which Markdown would drop, if no link uses it, if no
    address follows, or if it is a footnote."""
    if "]:" not in text:
        return text
    labels = Counter(map(str.casefold, re.findall(LABEL, text)))
    labels.subtract(match[2].casefold() for match in _DEFINITION.finditer(text))

    def kept(match: re.Match[str]) -> str:
        is_used = labels[match[2].casefold()] > 0 and not match[2].startswith("^")
        is_link = is_used and _ADDRESS.match(text, match.end())
        return match[0] if is_link else f"{match[1]}{_hide('[')}{match[2]}]:"

    return _DEFINITION.sub(kept, text)
