"""Collects notices for the result of the call under way.

A notice is the server's own words: it never quotes data of Infinity, except ids that have the form
of one.
"""

from __future__ import annotations

from collections.abc import Collection
from contextvars import ContextVar
from dataclasses import dataclass, field
from heapq import nsmallest

MAX_CHARACTERS = 2_000
MAX_LOSSES = 12  # that are named
_MORE = "Further notices, for which there is no room: {}."


@dataclass(frozen=True)
class _Notices:
    lines: list[str] = field(default_factory=list)
    losses: set[str] = field(default_factory=set)


_notices: ContextVar[_Notices | None] = ContextVar("notices", default=None)


def begin() -> None:
    """Start a call, without notices."""
    _notices.set(_Notices())


def add(text: str) -> None:
    """Add a notice, once. Advice comes first in it, lists last and bounded."""
    collected = _notices.get()
    if collected is not None and text not in collected.lines:
        collected.lines.append(text)


def add_losses(losses: Collection[str]) -> None:
    """Note what a text loses when it is stored. All losses of a call share one line."""
    collected = _notices.get()
    if collected is not None:
        collected.losses.update(losses)


def lost(when: str, losses: Collection[str]) -> str:
    """A line about what texts lose, or "" for nothing."""
    if not losses:
        return ""
    named = nsmallest(MAX_LOSSES + 1, losses)
    if len(named) > MAX_LOSSES:
        named[MAX_LOSSES:] = ["more"]
    *others, last = named
    return f"{when}, texts lose {', '.join(others)}{' and ' if others else ''}{last}."


def taken() -> str:
    """Remove all notices and return them as one text, or "" without any. It has whole notices
    only: what does not fit is counted."""
    collected = _notices.get() or _Notices()
    begin()
    told = list(filter(None, [*collected.lines, lost("When stored", collected.losses)]))
    text = " ".join(told)
    kept = len(told)
    while len(text) > MAX_CHARACTERS:
        kept -= 1
        text = " ".join([*told[:kept], _MORE.format(len(told) - kept)])
    return text
