"""What the commands that prove an installation, or say how to connect to it, share."""

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

from mcpserver.client_setup import ClientSetup, Step
from mcpserver.proofs import Proof, endpoint, prove

BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # what may follow "Bearer " (RFC 6750)

T = TypeVar("T")


def mcp_url(url: str) -> str:
    """The /mcp address that --url means. Raises CommandError."""
    try:
        return endpoint(url)
    except ValueError as error:
        raise CommandError(f"--url: {error}") from error


def read_key(key_file: Path) -> str:
    """The MCP key that --key-file holds, and nothing else. Raises CommandError, which does not tell
    what is in the file: it may be another one with secrets."""
    try:
        key = key_file.read_text(encoding="ascii").strip()
    except UnicodeDecodeError as error:
        raise CommandError(f"--key-file: {key_file} does not hold a key.") from error
    except OSError as error:
        raise CommandError(f"--key-file: {key_file}: {error.strerror}.") from error
    if not key:
        raise CommandError(f"--key-file: {key_file} is empty.")
    if not BEARER.fullmatch(key):
        raise CommandError(f"--key-file: {key_file} must hold the key alone, such as mcp_….")
    return key


def prove_quietly(url: str, key: str) -> AsyncIterator[Proof]:
    """`prove`, whose proofs say what failed, without what the MCP library logs about it."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL)
    return prove(url, key)


def run_proofs(proofs: Coroutine[Any, Any, T]) -> T:
    """`asyncio.run`, which Ctrl+C ends at once. asyncio would cancel what waits, and a connection
    that is made at that moment swallows that; what only asks leaves nothing half-done."""
    previous = signal.signal(signal.SIGINT, _stop)
    try:
        return asyncio.run(proofs)
    finally:
        signal.signal(signal.SIGINT, previous)


def _stop(*_: object) -> None:
    with suppress(RuntimeError, OSError):  # it is being written to, or nobody reads on
        sys.stdout.flush()
    os.write(sys.stderr.fileno(), b"Stopped.\n")
    os._exit(130)


def proof_line(proof: Proof) -> str:
    return f"{'ok' if proof.passed else 'FAILED':<6}  {proof.name:<35}  {proof.found}"


def setup_text(setup: ClientSetup) -> str:
    """The steps of a client's set-up, for a terminal."""
    return "\n\n".join("\n".join(_step_lines(step)) for step in setup.steps)


def _step_lines(step: Step) -> Iterator[str]:
    yield f"{step.text}:" if step.link else step.text
    if step.link or step.code or step.values:
        yield ""
    yield from (f"    {line}" for line in (step.code or step.link).splitlines())
    yield from (f"    {name}: {value}" for name, value in step.values)
