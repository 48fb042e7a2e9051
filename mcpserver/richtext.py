"""Between what agents write (plain text, Markdown) and the HTML that Infinity stores."""

from __future__ import annotations

import re
from html import escape, unescape

import nh3
from markdown_it import MarkdownIt
from markdownify import markdownify

# Every line break counts, as in plain text, and a tag in it is text: List<String> stays whole.
_markdown = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(
    ["table", "strikethrough"]
)
LONGEST_TO_CONVERT = 50_000
_BLOCK = "(p|h[1-6]|ul|ol|div|blockquote|pre|table)"
_HTML = re.compile(rf"\s*<{_BLOCK}\b[^>]*>.*</{_BLOCK}>\s*", re.DOTALL)


def is_html(text: str) -> bool:
    """Whether a text is HTML as Infinity stores it, from its first block to its last."""
    return _HTML.fullmatch(text) is not None


def to_html(text: str) -> str:
    """Markdown, plain text or HTML as HTML without scripts, styles or event handlers."""
    return nh3.clean(text if is_html(text) else _markdown.render(text)).strip()


def to_text(html: str) -> str:
    """HTML as readable Markdown; bare text where it is too long or nested too deep for that."""
    if len(html) <= LONGEST_TO_CONVERT:
        try:
            return markdownify(
                html, heading_style="ATX", bullets="-", escape_underscores=False
            ).strip()
        except RecursionError:
            pass
    return unescape(nh3.clean(html, tags=set())).strip()


def paragraphs(text: str) -> str:
    """Plain text as HTML: escaped, one paragraph a line."""
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"<p>{escape(line)}</p>" for line in lines if line)
