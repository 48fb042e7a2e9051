"""Provides what the commands share that check an installation or print how to connect."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import CommandError

from mcpserver.connect.client_setup import ClientSetup, Step
from mcpserver.connect.install_check import CheckResult, endpoint, run_checks

BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # what may follow "Bearer " (RFC 6750)

T = TypeVar("T")


def mcp_url(url: str) -> str:
    """The /mcp address for --url. Raises CommandError."""
    try:
        return endpoint(url)
    except ValueError as error:
        raise CommandError(f"--url: {error}") from error


def read_key(key_file: Path) -> str:
    """The MCP key in the file of --key-file.

    Raises CommandError, without the file's content: it may be a wrong file, with other secrets.
    """
    try:
        key = key_file.read_text(encoding="ascii").strip()
    except UnicodeDecodeError as error:
        raise CommandError(f"--key-file: {key_file} does not hold a key.") from error
    except OSError as error:
        raise CommandError(
            f"--key-file: {key_file}: {error.strerror}. A new key: manage.py "
            f"credentials_rotate_user_key NAME --key-file FILE."
        ) from error
    if not key:
        raise CommandError(f"--key-file: {key_file} is empty.")
    if not BEARER.fullmatch(key):
        raise CommandError(f"--key-file: {key_file} must hold the key alone, such as mcp_….")
    return key


def run_checks_quietly(url: str, key: str) -> AsyncIterator[CheckResult]:
    """`run_checks` without the MCP library's log messages: the results say what failed."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    return run_checks(url, key)


def run_interruptibly(checks: Coroutine[Any, Any, T]) -> T:
    """Run `checks`, and exit at once on Ctrl+C.

    asyncio would cancel the task instead, and a connection that is being opened swallows that. The
    checks only read, so an exit leaves nothing half-done.
    """
    previous = signal.signal(signal.SIGINT, _stop)
    try:
        return asyncio.run(checks)
    finally:
        signal.signal(signal.SIGINT, previous)


def _stop(*_: object) -> None:
    with suppress(RuntimeError, OSError):  # a write is under way, or the reader is gone
        sys.stdout.flush()
    os.write(sys.stderr.fileno(), b"Stopped.\n")
    os._exit(130)


def check_line(check: CheckResult) -> str:
    """One line of the report."""
    return f"{'ok' if check.passed else 'FAILED':<6}  {check.name:<35}  {check.found}"


def setup_text(setup: ClientSetup) -> str:
    """The steps of a client's set-up, for a terminal."""
    return "\n\n".join("\n".join(_step_lines(step)) for step in setup.steps)


def _step_lines(step: Step) -> Iterator[str]:
    yield f"{step.text}:" if step.link else step.text
    if step.link or step.code or step.values:
        yield ""
    yield from (f"    {line}" for line in (step.code or step.link).splitlines())
    yield from (f"    {name}: {value}" for name, value in step.values)
