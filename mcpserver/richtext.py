"""Between what agents write (plain text, Markdown) and the HTML that Infinity stores."""

from __future__ import annotations

from html import escape

import nh3
from markdown_it import MarkdownIt
from markdownify import markdownify

# Every line break counts, as in plain text; HTML goes through and is cleaned afterwards.
_markdown = MarkdownIt("commonmark", {"html": True, "breaks": True}).enable(
    ["table", "strikethrough"]
)


def to_html(text: str) -> str:
    """Markdown, plain text or HTML as HTML without scripts, styles or event handlers."""
    return nh3.clean(_markdown.render(text)).strip()


def to_text(html: str) -> str:
    """HTML as readable Markdown."""
    return markdownify(html, heading_style="ATX", bullets="-").strip()


def paragraphs(text: str) -> str:
    """Plain text as HTML: escaped, one paragraph a line."""
    lines = (line.strip() for line in text.splitlines())
    return "".join(f"<p>{escape(line)}</p>" for line in lines if line)
