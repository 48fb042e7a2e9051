"""What JSON would take to read, found without reading it."""

from __future__ import annotations

MOST_DIGITS = 400  # of a whole number: to read one takes the square of its length

# Digits as 0, what may stand before a number as a comma, all else as x.
_KINDS = bytes(
    ord("0") if chr(byte).isdecimal() else ord(",") if chr(byte) in "[,:- \t\r\n" else ord("x")
    for byte in range(256)
)
_LONG_NUMBER = b"," + b"0" * (MOST_DIGITS + 1)


def marks_in(json: bytes) -> int:
    """At least the number of lists, objects and entries; commas and brackets in texts count."""
    return json.count(b",") + json.count(b"[") + json.count(b"{")


def has_long_number(json: bytes) -> bool:
    """Whether a whole number has more than MOST_DIGITS; one in a text may count."""
    return _LONG_NUMBER in json.translate(_KINDS)
