"""Measures results against their bound: 25,000 characters and 30,000 bytes unless set otherwise."""

from __future__ import annotations

from django.conf import settings


def limit() -> int:
    """The most characters of a result; its bytes are at most six fifths of that."""
    return int(settings.MCP_RESULT_TEXT_CHARACTERS)


def size_of(text: str) -> int:
    """The size of a text in characters, more if it has so many bytes that these count."""
    if text.isascii():
        return len(text)
    return max(len(text), -(-len(text.encode(errors="replace")) * 5 // 6))


def fits(text: str) -> bool:
    """Whether a text is a result that any client hands on whole."""
    return size_of(text) <= limit()
