"""Estimates how long JSON takes to parse, without parsing it."""

from __future__ import annotations

MAX_DIGITS = 400  # of a whole number: parsing takes time by the square of its length

# Maps digits to 0, what may precede a number to a comma, and all else to x.
_KINDS = bytes(
    ord("0") if chr(byte).isdecimal() else ord(",") if chr(byte) in "[,:- \t\r\n" else ord("x")
    for byte in range(256)
)
_LONG_NUMBER = b"," + b"0" * (MAX_DIGITS + 1)


def marks_in(json: bytes) -> int:
    """An upper bound of the number of lists, objects and entries: marks in texts count too."""
    return json.count(b",") + json.count(b"[") + json.count(b"{")


def has_long_number(json: bytes) -> bool:
    """Whether a whole number has more than MAX_DIGITS; a number in a text may count too."""
    return _LONG_NUMBER in json.translate(_KINDS)
