"""Reads the texts of one result within limits, and converts long ones outside the event loop.

Each step of a conversion is short, and the interpreter lets other threads run between two of them:
a thread keeps the loop free here, which it would not with a library that holds the lock throughout.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import checkpoint

from mcpserver.htmltree import MAX_DEPTH, MAX_TAGS, TooComplex, strip_tags
from mcpserver.richtext import MAX_CHARACTERS, to_html, to_text

AT_ONCE = 2_000  # characters that are converted without a thread: 10 ms at most
MAX_RESULT = 100_000  # characters of HTML that are converted for one result
MAX_BARE = 1_000_000  # characters that are read without formatting, beyond those
SHORT = 200  # what is left of each text after that

T = TypeVar("T")


class LongTexts(Exception):
    """The texts of a result are too long to convert within the event loop."""


class Texts:
    """The texts of one result as Markdown; each is converted once."""

    def __init__(self, *, at_once: bool = False) -> None:
        self._at_once = at_once
        self._seen = 0
        self._bare_seen = 0
        self._converted: dict[str, str] = {}
        self._bare = 0
        self._cut = 0

    def text(self, html: str) -> str:
        """HTML as Markdown, as bare text beyond the limits. Raises LongTexts."""
        if html not in self._converted:
            self._seen += len(html)
            if self._at_once and self._seen > AT_ONCE:
                raise LongTexts
            self._converted[html] = self._read(html)
        return self._converted[html]

    def _read(self, html: str) -> str:
        if self._seen <= MAX_RESULT:
            try:
                return to_text(html)
            except TooComplex:
                pass
        left = MAX_BARE - self._bare_seen if self._bare_seen < MAX_BARE else SHORT
        self._bare_seen += len(html)
        self._bare += 1
        self._cut += len(html) > left
        return strip_tags(html[:left]) + ("…" if len(html) > left else "")

    @property
    def notice(self) -> str | None:
        """What the reader of the result should know about its texts."""
        if not self._bare:
            return None
        cut = f", {self._cut} of them cut short" if self._cut else ""
        return (
            f"Without formatting{cut}: {self._bare} text{'' if self._bare == 1 else 's'} beyond "
            f"{MAX_CHARACTERS:,} characters, {MAX_TAGS:,} tags or {MAX_DEPTH} levels, or "
            f"{MAX_RESULT:,} characters in one result. Written back, such a text is plain."
        )


async def converting(function: Callable[[Texts], T]) -> T:
    """What `function` makes of the texts that it reads."""
    try:
        return function(Texts(at_once=True))
    except LongTexts:
        return await to_thread.run_sync(function, Texts(), limiter=_one_at_a_time())


async def html_of(text: str) -> str:
    """`to_html`, outside the event loop for a long text. Raises WrongValue."""
    if len(text) <= AT_ONCE or len(text) > MAX_CHARACTERS:
        await checkpoint()  # a call may have many
        return to_html(text)
    return await to_thread.run_sync(to_html, text, limiter=_one_at_a_time())


@cache
def _one_at_a_time() -> CapacityLimiter:
    return CapacityLimiter(1)
