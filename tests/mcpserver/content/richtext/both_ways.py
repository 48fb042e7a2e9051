"""HTML read to text and written again, compared by its meaning."""

from __future__ import annotations

import re

from mcpserver.content.richtext.htmltree import parse
from mcpserver.content.richtext.richtext import (
    read,
)
from mcpserver.content.richtext.simplified import canonical, simplified

CODE = '<pre><code class="language-py">a\n\n  b\n</code></pre>'
TABLE = '<table><thead><tr><th>a</th><th align="right">b</th></tr></thead>'
TASKS = '<li><input type="checkbox" checked="" disabled=""> done</li>'
CENTRED = '<p style="text-align:center">x</p>'
MENTION = '<span class="mention" data-id="4">@Ada</span>'
LINK = '<a href="https://x.org/a_b" title="t" rel="noopener noreferrer">a [b]</a>'


def to_text(html: str) -> str:
    return read(html).text


def meaning(html: str) -> str:
    return canonical(simplified(parse(html)))


def without_line_breaks(html: str) -> str:
    """Beside tags they are white space, but not in code."""
    parts = re.split("(<pre>.*?</pre>)", html, flags=re.DOTALL)
    parts[::2] = [re.sub(r"\n(?=<|$)|(?<=>)\n|^\n", "", part) for part in parts[::2]]
    return "".join(parts)
