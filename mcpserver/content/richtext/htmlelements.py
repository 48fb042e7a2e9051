"""Lists the elements of HTML by kind, and which of them are always closed."""

from __future__ import annotations

import re

# fmt: off
VOID = frozenset((
    "br", "hr", "img", "input", "col", "wbr", "area", "embed", "source", "track", "param", "meta",
    "link", "base",
))
EMPTY = frozenset(("br", "hr", "wbr", "col"))  # have a meaning without attributes
_LISTS = ("ul", "ol", "li", "dl", "dt", "dd")
TABLES = ("table", "thead", "tbody", "tfoot", "tr", "td", "th", "caption", "colgroup", "col")
ROWS = ("table", "thead", "tbody", "tfoot", "tr")
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "hgroup")
_PROSE = ("p", "hr", "pre", "blockquote", "figure", "figcaption", "details", "summary", "address")
CLOSED = frozenset((  # blocks that are always closed
    "menu", "dir", "option", "optgroup", "legend", "textarea", "dialog", "search", "title",
))
GROUPS = frozenset((
    "html", "head", "body", "main", "section", "article", "header", "footer", "aside", "nav",
    "div", "form", "fieldset", "center",
)) | CLOSED
EMBEDDED = frozenset((
    "iframe", "video", "audio", "svg", "math", "map", "object", "embed", "applet", "canvas",
))
FIELDS = frozenset((
    "input", "select", "option", "optgroup", "textarea", "button", "datalist", "output",
    "progress", "meter",
))
NO_MEANING = EMBEDDED | (FIELDS - CLOSED - {"input"}) | frozenset((
    "span", "font", "label", "o:p", "picture", "source", "track", "area", "param", "meta", "link",
    "base", "nobr", "noscript", "template", "slot",
))
_INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "br", "cite", "code", "data", "del", "dfn",
    "em", "i", "img", "input", "ins", "kbd", "mark", "mention", "q", "rp", "rt", "rtc",
    "ruby", "s", "samp", "small", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
)) | NO_MEANING
BLOCKS = GROUPS.union(_LISTS, TABLES, HEADINGS, _PROSE)
# fmt: on
LEFT_OPEN = frozenset((*_LISTS, *TABLES, *HEADINGS, "p")) - {"ul", "ol", "dl", "table", "hgroup"}
ALONE = frozenset(("br", "hr", "img"))
SILENT = frozenset(("script", "style"))  # their content is not text
KNOWN = BLOCKS | _INLINE | SILENT
NOTHING = VOID & NO_MEANING
CUSTOM = r"[a-z][a-z0-9]*+-[a-z0-9-]*+"
_IS_CUSTOM = re.compile(CUSTOM).fullmatch


def is_custom(name: str) -> bool:
    """Whether a name is that of a custom element, such as `at-mention`."""
    return "-" in name and _IS_CUSTOM(name) is not None


def html_name(written: str) -> str:
    """The name of an element in small letters, or "" for one that HTML does not have."""
    name = written.lower()
    return name if name in KNOWN or is_custom(written) else ""
