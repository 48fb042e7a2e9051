"""Reads the attributes of an HTML tag, and says which of them are stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from html.entities import html5

_FLAGS = r"checked|disabled|selected|open|hidden|controls|reversed|nowrap|data-[\w-]+"
_VALUE = r"""(?:"[^"<]*+"|'[^'<]*+'|[^\s"'=<>`]++)"""
ATTRIBUTE = rf"""\s++(?:[^\s<>"'=/]++\s*+=\s*+{_VALUE}|(?:{_FLAGS})(?=[\s/>]))"""
_OPEN_REFERENCE = re.compile(r"&([a-zA-Z][a-zA-Z0-9]*+)(?!;)(=?)")
_ONE_ATTRIBUTE = re.compile(rf"""([^\s<>"'=/]+)(?:\s*=\s*({_VALUE}))?""")

_QUILL = re.compile(r"\bql-(?!syntax)")  # how a common editor says indents, alignment and sizes
_STYLE = re.compile(r"[\w#%., -]+|(?:rgb|hsl)a?\([\d%., /]+\)")
STYLES = frozenset(("color", "background-color", "font-size", "text-align", "text-decoration"))
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "dir", "lang", "style", "title"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start", "type"},
    "li": {"value"},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan"},
    "input": {"checked", "disabled", "type"},
    "details": {"open"},
    "time": {"datetime"},
}


@lru_cache(maxsize=256)
def kept_attributes(tag: str, source: str) -> tuple[tuple[str, str], ...]:
    """Those that mean something in a text; `source` is what stands in the tag behind its name."""
    kept = {}
    for name, value in _given(source):
        if (allowed := _allowed(tag, name, value)) is not None:
            kept[name] = allowed
    # comrak writes those of a code block in any order.
    return tuple(sorted(kept.items()) if tag == "code" else kept.items())


def _given(source: str) -> Iterator[tuple[str, str]]:
    for name, quoted in _ONE_ATTRIBUTE.findall(source) if source else ():
        yield name.lower(), _decoded(quoted[1:-1] if quoted[:1] in ('"', "'") else quoted)


def _decoded(value: str) -> str:
    """An attribute without its references. As HTML has it, those without `;` are none before `=`
    and letters: `?id=1&region=eu` has no `&reg`."""
    return unescape(_OPEN_REFERENCE.sub(_kept_reference, value))


def _kept_reference(match: re.Match[str]) -> str:
    is_one = match[1] in html5 and not match[2]
    return match[0] if is_one else f"&amp;{match[1]}{match[2]}"


def _allowed(tag: str, name: str, value: str) -> str | None:
    """The value that an attribute keeps; None for one that is left out."""
    if name == "style":
        return ";".join(f"{k}:{v}" for k, v in _styles(value) if _is_kept(k, v)) or None
    if name == "class":
        is_code = tag == "code" and value.startswith("language-")
        return value if is_code or "mention" in value or _QUILL.search(value) else None
    if name in ATTRIBUTES["*"] or name.startswith("data-"):
        return value
    if tag == "input" and name == "type":
        return value if value.lower() == "checkbox" else None
    return value if name in ATTRIBUTES.get(tag, ()) else None


def _styles(value: str) -> Iterator[tuple[str, str]]:
    for entry in value.lower().split(";"):
        name, _, said = entry.partition(":")
        if name.strip():
            yield name.strip(), said.strip()


def _is_kept(style: str, value: str) -> bool:
    return style in STYLES and _STYLE.fullmatch(value) is not None


@lru_cache(maxsize=256)
def loses_styles(source: str) -> bool:
    """Whether the attributes of a tag have styles that are not stored."""
    return any(
        name == "style" and not _is_kept(*style)
        for name, value in _given(source)
        for style in _styles(value)
    )
