"""Lines in the server's own words that go with the result of the call under way."""

from __future__ import annotations

from contextvars import ContextVar

MAX_CHARACTERS = 600

_notices: ContextVar[list[str] | None] = ContextVar("notices", default=None)


def begin() -> None:
    """A call starts, and nothing has been said yet."""
    _notices.set([])


def add(text: str) -> None:
    said = _notices.get()
    if said is not None and text not in said:
        said.append(text)


def taken() -> str:
    """All that was added, as one text; "" when there is nothing to say."""
    said = " ".join(_notices.get() or [])
    begin()
    return said if len(said) <= MAX_CHARACTERS else f"{said[:MAX_CHARACTERS]}…"
