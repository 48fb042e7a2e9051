"""Decides whether a text or HTML shows anything."""

from __future__ import annotations

import re
from html import unescape

# Not compared in names. Tags (from U+E0020) are: they distinguish flags.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0100-\U000e01ef]"
)
# Blanks, controls and formats (Zs, Zl, Zp, Cc, Cf) except those around digits
# (Prepended_Concatenation_Mark); letters and marks that show nothing
# (Default_Ignorable_Code_Point), and the blank Braille cell.
_UNSEEN = re.compile(
    "[\0-\x20\x7f-\xa0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    "\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]*+"
)
# Images, rules, boxes and tables; mentions and similar elements, which an app displays.
_SHOWS = re.compile(r"<(?:(?:img|hr|input|table|details)\b|[a-z]+-|[^<>]*\sdata-)", re.IGNORECASE)
_TEMPLATE = re.compile(r"<(?:li|pre)\b", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*+>")


def visible(text: str) -> str:
    """`text` without invisible characters."""
    return _INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Whether a text shows nothing."""
    return _UNSEEN.fullmatch(text) is not None


def shows_nothing(html: str) -> bool:
    """Whether stored HTML has neither words nor anything else to see."""
    return not _SHOWS.search(html) and is_blank(unescape(_TAG.sub("", html)))


def is_empty(html: str) -> bool:
    """Whether stored HTML can be dropped: it shows nothing and has no list to be filled in."""
    return shows_nothing(html) and not _TEMPLATE.search(html)
