"""Finds the tags in a text that is HTML or contains some, in linear time.

`<` begins a tag only if all of these conditions hold; otherwise it is a character of the text:

- it has a name of HTML in any case or of a custom element (`<at-mention>`), well-formed
  attributes (not `rows={x}`) and `>`;
- it is not JSX (`<div className="a">`) and does not close a JSX tag;
- if it is an inline tag such as `<b>`, a custom one, or one with attributes that may be words
  (`<p and q>`), it is closed again. So `Map<String, int>`, `a<b and c>d` and `Vec<i>` stay as
  they are;
- in running text it is a tag that is stored, and closed again even if it is a block: only `<br>`,
  `<hr>` and `<img>` stand alone. So `replace <p> by <div>` stays as it is.

An attempt to match a tag ends at the next `<` outside quotes. Because each quote ends or begins a
value for all attempts under way, at most three of them read the same text. Nesting is limited.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from mcpserver.content.richtext.htmlattributes import (
    WRITTEN_ATTRIBUTES,
    has_words,
    is_jsx,
    is_mixed,
)
from mcpserver.content.richtext.htmlelements import (
    BLOCKS,
    CLOSED,
    EMPTY,
    KNOWN,
    LEFT_OPEN,
    SILENT,
    VOID,
    html_name,
    is_custom,
)

MAX_DEPTH = 50
MAX_TAGS = 4_000  # `<` in one text, and as many `&`

_TAG = re.compile(
    rf"<(/?)([a-zA-Z][\w:-]*+)({WRITTEN_ATTRIBUTES})\s*+/?>|<!--|<!(?i:doctype)[^<>]*+>"
)
# Opening tags of JSX and templates that are not HTML: `<li key={x}>`, `<li @click="x">`.
_TEMPLATE = re.compile(
    rf"""<([a-zA-Z][\w:-]*+){WRITTEN_ATTRIBUTES}\s++(?:[^\s<>"'=/]++=)?[{{@:#*(\[](?:[^<>=]|=>?)*+>"""
)
_REPLACED = {  # obsolete elements, and the element and attribute that replace them
    "menu": ("ul", ""),
    "dir": ("ul", ""),
    "font": ("span", ""),
    "center": ("div", ' align="center"'),
}
_FOREIGN = frozenset(("svg", "math"))  # in them, tags of any name count, without a meaning
_ENDS = {"!": re.compile("-->")} | {
    name: re.compile(f"(?i)</{name}>") for name in SILENT | _FOREIGN
}


class TooComplex(Exception):
    """A text over a limit of conversion; the error says which one, and what to do."""


class Tag(NamedTuple):
    """A tag and its place in the text."""

    start: int
    end: int
    name: str
    closing: bool
    attributes: str


def find_tags(
    text: str,
    *,
    unclosed: frozenset[str] = VOID | BLOCKS - CLOSED,
    names: frozenset[str] = KNOWN | {"!"},
) -> list[Tag]:
    """The tags of a text by the conditions above. A comment is a tag called `!`.

    Outside closed blocks, only tags with one of the `names` count, and only `unclosed` ones need
    no closing tag. Raises TooComplex.
    """
    if text.count("<") > MAX_TAGS:
        raise TooComplex(f"more than {MAX_TAGS:,} tags, as HTML: use less markup, or split it")
    found = list(candidates(text))
    pairs = _pairs(found)
    tags: list[Tag] = []
    in_html, depth = False, 0
    for number, tag in enumerate(found):
        if not depth and tag.name not in names and not is_custom(tag.name):
            continue
        alone = unclosed | VOID | LEFT_OPEN if depth else unclosed
        if number in pairs or _stands_alone(text, tag, in_html, alone):
            tags.append(_replacement(tag) if tag.name in _REPLACED else tag)
            in_html = in_html or tag.name in BLOCKS
            if number in pairs and tag.name in BLOCKS:
                depth = max(0, depth - 1) if tag.closing else depth + 1
    return tags


def _replacement(tag: Tag) -> Tag:
    name, meaning = _REPLACED[tag.name]
    attributes = tag.attributes if tag.closing else tag.attributes + meaning
    return tag._replace(name=name, attributes=attributes)


def candidates(text: str) -> Iterator[Tag]:
    """Possible tags, closed or not."""
    done, foreign, unclosed = 0, 0, set()
    jsx = _OpenJsx()
    for match in _matches(text):
        if match.re is _TEMPLATE:
            jsx.note(match[1].lower(), match[0], is_text=True)
            continue
        name = html_name(match[2]) if match[2] else "!"
        if match.start() < done or name in unclosed:
            continue
        end = match.end()
        closing = None
        is_foreign = match.start() < foreign
        ends = name in SILENT or (name in _FOREIGN and not is_foreign)
        if match[0] == "<!--" or (ends and not match[1]):
            closing = _ENDS[name].search(text, end)
            if closing is None:
                unclosed.add(name)  # so that the search is not repeated
                continue
        if name in _FOREIGN and closing:
            foreign = closing.start()
        elif closing:
            end = closing.end()
        if closing is None and is_foreign:
            name = "!"
        elif name in KNOWN and name not in _FOREIGN and name not in SILENT:
            name = "" if jsx.has(name, match) else name
        if name:
            yield Tag(match.start(), end, name, match[1] == "/" and name != "!", match[3] or "")
        done = end


class _OpenJsx:
    """Tracks which tags are JSX, so that their closing tags are text too."""

    def __init__(self) -> None:
        self._open: dict[str, list[bool]] = {}  # by name, from the first JSX tag of that name on

    def has(self, name: str, match: re.Match[str]) -> bool:
        """Whether a tag is JSX, or closes a JSX tag."""
        if match[1]:
            opened = self._open.get(name)
            return opened.pop() if opened else False
        is_text = bool(match[3]) and is_jsx(match[2], match[3])
        if is_text or name in self._open:
            self.note(name, match[0], is_text=is_text)
        return is_text

    def note(self, name: str, written: str, *, is_text: bool) -> None:
        """Note an opening tag."""
        if name not in VOID and not (is_text and written.endswith("/>")):
            self._open.setdefault(name, []).append(is_text)


def _matches(text: str) -> Iterator[re.Match[str]]:
    """The matches, one by one: a regular expression blocks other threads until it is done."""
    start = text.find("<")
    while start >= 0:
        match = _TAG.match(text, start) or _TEMPLATE.match(text, start)
        if match:
            yield match
        start = text.find("<", match.end() if match else start + 1)


def _pairs(found: list[Tag]) -> set[int]:
    """The numbers of tags that belong to an opening and closing pair.

    A tag whose attributes may be words (`a <b and c> d`) is paired after all others.
    """
    opened: defaultdict[tuple[str, bool], list[int]] = defaultdict(list)
    pairs: set[int] = set()
    for number, tag in enumerate(found):
        if tag.closing:
            for opening in (opened[tag.name, False], opened[tag.name, True]):
                if opening:
                    pairs |= {number, opening.pop()}
                    break
        elif tag.name not in VOID and tag.name not in SILENT and tag.name != "!":
            opened[tag.name, has_words(tag.attributes)].append(number)
    return pairs


def _stands_alone(text: str, tag: Tag, in_html: bool, unclosed: frozenset[str]) -> bool:
    if tag.name in SILENT or tag.name == "!":
        return not tag.closing
    if tag.name not in unclosed:
        return False
    has_value, is_clear = "=" in tag.attributes, not has_words(tag.attributes)
    if tag.name in VOID:
        has_meaning = has_value or (is_clear and (tag.attributes or tag.name in EMPTY))
        return not tag.closing and bool(has_meaning)
    if not is_clear:
        return False
    # `<p>` may be left open, but `Box<p>` in a text without other blocks is not a paragraph.
    is_sure = in_html and not is_mixed(text[tag.start + 1 : tag.start + 1 + len(tag.name)])
    return is_sure or not (tag.closing or text[tag.start - 1 : tag.start].isalnum())
