"""Converts the texts of a result within limits, long ones in a thread.

A conversion consists of short steps, so the event loop gets its turns while a thread works. Each
caller has one conversion under way at a time, so that its queue does not hold up other callers.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import checkpoint

from mcpserver.content import notices
from mcpserver.content.richtext.baretext import bare_text
from mcpserver.content.richtext.htmltags import MAX_DEPTH, MAX_TAGS, TooComplex
from mcpserver.content.richtext.richtext import MAX_CHARACTERS, paragraphs, read, stored
from mcpserver.context import current_caller

logger = logging.getLogger(__name__)

# Limits of what is converted in the event loop: 10 ms at most. Marks are tags and lines, and in
# Markdown all characters that may produce them.
AT_ONCE, MARKS_AT_ONCE = 2_000, 50
_MARKDOWN_MARK = re.compile(r"[<&\n\r|*_~`\[>#+-]|\d[.)]")
MAX_RESULT, MAX_RESULT_MARKS = 100_000, 2 * MAX_TAGS  # characters and marks of one result
RESULT_SECONDS = 2.0
MAX_BARE = 500_000  # further characters, which are read without formatting
SHORT = 200  # characters of each text after that
MANY_PARTS = 6_000  # objects and entries; a page of 100 items of 24 values has 5,000
THREADS = 2  # more would share the interpreter with the event loop

T = TypeVar("T")


class LongTexts(Exception):
    """The texts of a result are too long to convert within the event loop."""


class Texts:
    """Converts the texts of one result to Markdown, each once."""

    def __init__(self, *, at_once: bool = False) -> None:
        self._at_once = at_once
        self._seen = self._marks = self._bare_seen = 0
        self._end: float | None = None
        self._converted: dict[str, str] = {}
        self._bare = 0
        self._cut = 0
        self._losses: set[str] = set()

    def text(self, html: str) -> str:
        """HTML as Markdown, as bare text beyond the limits. Raises LongTexts."""
        if html not in self._converted:
            marks = marks_of(html)
            self._seen, self._marks = self._seen + len(html), self._marks + marks
            if self._at_once and not is_short(self._seen, self._marks):
                raise LongTexts
            self._converted[html] = self._read(html)
        return self._converted[html]

    def _read(self, html: str) -> str:
        now = time.monotonic()
        self._end = self._end or now + RESULT_SECONDS
        is_within = self._seen <= MAX_RESULT and self._marks <= MAX_RESULT_MARKS
        if is_within and now < self._end:
            try:
                text, losses = read(html)
                self._losses |= losses
                return text
            except TooComplex:
                pass
            except Exception as fault:  # a defect of ours costs only this text its formatting
                logger.error("A text could not be read as Markdown: %s", type(fault).__name__)
        left = MAX_BARE - self._bare_seen if self._bare_seen < MAX_BARE else SHORT
        self._bare_seen += len(html)
        self._bare += 1
        self._cut += len(html) > left
        return bare_text(html[:left]) + ("…" if len(html) > left else "")

    @property
    def notice(self) -> str | None:
        """A notice for the reader of the result, or None."""
        lost = notices.lost("When written back", self._losses)
        return f"{self._bare_notice()} {lost}".strip() or None

    def _bare_notice(self) -> str:
        if not self._bare:
            return ""
        cut = f", {self._cut} of them cut short" if self._cut else ""
        return (
            f"Without formatting{cut}: {self._bare} text{'' if self._bare == 1 else 's'} beyond "
            f"{MAX_CHARACTERS:,} characters, {MAX_TAGS:,} tags or {MAX_DEPTH} levels, or "
            f"{MAX_RESULT:,} characters, {MAX_RESULT_MARKS:,} tags and lines or "
            f"{RESULT_SECONDS:.0f} s in one result. Written back, such a text is plain."
        )


def marks_of(text: str) -> int:
    """The number of tags and lines."""
    return text.count("<") + len(text.splitlines())


def is_short(characters: int, marks: int) -> bool:
    """Whether a text is short enough to be converted in the event loop."""
    return characters <= AT_ONCE and marks <= MARKS_AT_ONCE


async def converting(function: Callable[[Texts], T], data: Any = None) -> T:
    """Run a function that converts the texts of `data`, in a thread if there is much to do."""
    if has_many_parts(data):
        return await _in_thread(function, Texts())
    try:
        return function(Texts(at_once=True))
    except LongTexts:
        return await _in_thread(function, Texts())


def has_many_parts(data: Any) -> bool:
    """Whether JSON data has so many objects and entries of lists that the event loop would wait."""
    left, parts = [data], 0
    while left and parts <= MANY_PARTS:
        match left.pop():
            case dict() as part:
                parts += 1
                left += part.values()
            case list() as part:
                parts += len(part)
                left += part[:MANY_PARTS]
    return parts > MANY_PARTS


async def read_texts(read: Callable[[Texts], T], data: Any = None) -> T:
    """Run a function that converts texts as `converting` does, and add their notice to the
    result."""

    def noted(texts: Texts) -> tuple[T, str | None]:
        return read(texts), texts.notice

    result, notice = await converting(noted, data)
    if notice:
        notices.add(notice)
    return result


async def html_of(text: str) -> str:
    """The HTML to store for a text; adds a notice of what it loses. Raises WrongValue."""
    html, losses = await _convert(stored, text)
    notices.add_losses(losses)
    return html


async def paragraphs_of(text: str) -> str:
    """The HTML to store for plain text. Raises WrongValue."""
    return await _convert(paragraphs, text)


async def _convert(convert: Callable[[str], T], text: str) -> T:
    """Convert a text, in a thread if it is long."""
    marks = len(_MARKDOWN_MARK.findall(text[:AT_ONCE]))
    if is_short(len(text), marks) or len(text) > MAX_CHARACTERS:
        await checkpoint()  # a call may have many
        return convert(text)
    return await _in_thread(convert, text)


_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    async with _locks.setdefault(current_caller().user, asyncio.Lock()):
        return await to_thread.run_sync(function, *arguments, limiter=_threads())


@cache
def _threads() -> CapacityLimiter:
    return CapacityLimiter(THREADS)
