"""Converts the texts of one result within limits, long ones in a thread.

A conversion takes steps that are all short, so the event loop gets its turns while a thread works.
Each caller has one conversion under way at a time: a long queue of one holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import checkpoint

from mcpserver.auth import current_caller
from mcpserver.baretext import bare_text
from mcpserver.htmltree import MAX_DEPTH, MAX_TAGS, TooComplex
from mcpserver.richtext import MAX_CHARACTERS, read, to_html

logger = logging.getLogger(__name__)

# What is converted within the event loop: 10 ms at most. Marks are tags and lines.
AT_ONCE, MARKS_AT_ONCE = 2_000, 50
MAX_RESULT, MAX_RESULT_MARKS = 100_000, 2 * MAX_TAGS  # characters and marks of one result
RESULT_SECONDS = 2.0
MAX_BARE = 500_000  # characters that are read without formatting, beyond those
SHORT = 200  # what is left of each text after that
THREADS = 2  # more would share the interpreter with the event loop

T = TypeVar("T")


class LongTexts(Exception):
    """The texts of a result are too long to convert within the event loop."""


class Texts:
    """The texts of one result as Markdown; each is converted once."""

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
            self._converted[html] = self._read(html, marks)
        return self._converted[html]

    def _read(self, html: str, marks: int) -> str:
        now = time.monotonic()
        self._end = self._end or now + RESULT_SECONDS
        is_within = self._seen <= MAX_RESULT and self._marks <= MAX_RESULT_MARKS
        if is_within and marks <= MAX_TAGS and now < self._end:
            try:
                text, losses = read(html)
                self._losses |= losses
                return text
            except TooComplex:
                pass
            except Exception as fault:  # of ours: it costs this text its form, and no other
                logger.error("A text could not be read as Markdown: %s", type(fault).__name__)
        left = MAX_BARE - self._bare_seen if self._bare_seen < MAX_BARE else SHORT
        self._bare_seen += len(html)
        self._bare += 1
        self._cut += len(html) > left
        return bare_text(html[:left]) + ("…" if len(html) > left else "")

    @property
    def notice(self) -> str | None:
        """What the reader of the result should know about its texts."""
        lost = f"Written back, texts here lose {_listed(self._losses)}." if self._losses else ""
        return f"{self._bare_notice()} {lost}".strip() or None

    def _bare_notice(self) -> str:
        if not self._bare:
            return ""
        cut = f", {self._cut} of them cut short" if self._cut else ""
        return (
            f"Without formatting{cut}: {self._bare} text{'' if self._bare == 1 else 's'} beyond "
            f"{MAX_CHARACTERS:,} characters, {MAX_TAGS:,} tags and lines or {MAX_DEPTH} levels, or "
            f"{MAX_RESULT:,} characters, {MAX_RESULT_MARKS:,} tags and lines or "
            f"{RESULT_SECONDS:.0f} s in one result. Written back, such a text is plain."
        )


def _listed(names: set[str]) -> str:
    *others, last = sorted(names)
    return f"{', '.join(others)} and {last}" if others else last


def marks_of(text: str) -> int:
    return text.count("<") + len(text.splitlines())


def is_short(characters: int, marks: int) -> bool:
    return characters <= AT_ONCE and marks <= MARKS_AT_ONCE


async def converting(function: Callable[[Texts], T]) -> T:
    """What `function` makes of the texts that it reads."""
    try:
        return function(Texts(at_once=True))
    except LongTexts:
        return await _in_thread(function, Texts())


async def html_of(text: str) -> str:
    """`to_html`, outside the event loop for a long text. Raises WrongValue."""
    if is_short(len(text), marks_of(text)) or len(text) > MAX_CHARACTERS:
        await checkpoint()  # a call may have many
        return to_html(text)
    return await _in_thread(to_html, text)


_lanes: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


async def _in_thread(function: Callable[..., T], *arguments: Any) -> T:
    async with _lanes.setdefault(current_caller().user, asyncio.Lock()):
        return await to_thread.run_sync(function, *arguments, limiter=_threads())


@cache
def _threads() -> CapacityLimiter:
    return CapacityLimiter(THREADS)
