"""What a program says that does not do what it is asked for."""

from __future__ import annotations

from tests.home import Result


def assert_refused(result: Result, *expected: str) -> None:
    """Refused with one line that says all of `expected`."""
    assert result.returncode == 1
    assert [result.stderr.strip()] == result.stderr.splitlines()
    for words in expected:
        assert words in result.stderr


# --- What the shell part refuses ------------------------------------------------------------------
