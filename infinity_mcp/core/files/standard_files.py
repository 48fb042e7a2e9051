"""Prepares standard input and output, which may be closed or have a narrow encoding."""

from __future__ import annotations

import codecs
import io
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

ESCAPED = "infinity_mcp.escaped"
ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def prepare() -> None:
    """Make characters outside the output's encoding print as JSON escapes, as some commands print
    JSON. Open closed standard files, or the database would get their file descriptors."""
    while (number := os.open(os.devnull, os.O_RDONLY)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    sys.stdin = sys.stdin or open(0)  # noqa: SIM115 - for as long as the process runs
    sys.stdout = sys.stdout or open(1, "w")  # noqa: SIM115 - writing fails, and is reported
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    codecs.register_error(ESCAPED, _escaped)
    if type(sys.stdout) is io.TextIOWrapper:
        sys.stdout = _Output(sys.stdout)


class OutputLost(Exception):
    """The output could not be written; its cause is the OSError."""


class _Output(io.TextIOWrapper):
    def __init__(self, given: io.TextIOWrapper) -> None:
        encoding, lines, at_once = given.encoding, given.line_buffering, given.write_through
        super().__init__(
            given.detach(), encoding, ESCAPED, line_buffering=lines, write_through=at_once
        )

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            raise OutputLost from error
        except KeyboardInterrupt:
            self._drop()
            raise

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            raise OutputLost from error
        except KeyboardInterrupt:
            self._drop()
            raise

    def _drop(self) -> None:
        """Discard the rest: the end of the process would try to write it again, and it may have
        become wrong."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)


@contextmanager
def interrupted_by_any_end() -> Iterator[None]:
    """Inside it SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl+C does, so that changes can be
    undone."""
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    before = {each: signal.signal(each, signal.default_int_handler) for each in ENDS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def give_up(lost: OutputLost) -> NoReturn:
    """Report the error and end at once: Python would report it again for each other buffer."""
    if not isinstance(lost.__cause__, BrokenPipeError):  # the reader has enough, as in `| head`
        print(f"The output could not be written: {lost.__cause__}.", file=sys.stderr, flush=True)
    os._exit(1)


def _escaped(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end
