"""The JSON-RPC message in a request to /mcp, refused where it cannot be one (security.md 4)."""

from __future__ import annotations

import asyncio
import codecs
import re
from typing import Any

import pydantic_core
from django.conf import settings
from mcp_types import INVALID_REQUEST, PARSE_ERROR
from starlette.requests import ClientDisconnect, Request

from mcpserver.infinity.json_size import MOST_DIGITS, has_long_number, marks_in
from mcpserver.refusal import Refusal

MOST_ENTRIES = 50_000  # of a whole message: as many different keys take 25 ms to read
SKIP_SECONDS = 5  # for a stranger who sends slowly
# A caller has so long, and what a large file takes to send as slowly as this.
BODY_SECONDS, SLOWEST_BYTES_PER_SECOND = 60.0, 64 * 1024


async def read_body(request: Request) -> bytes:
    """Raises Refusal, as soon as it is larger than MCP_MAX_REQUEST_BYTES, or took too long."""
    limit = settings.MCP_MAX_REQUEST_BYTES
    declared = request.headers.get("content-length", "")
    size = int(declared) if declared.isdecimal() else limit
    if size > limit:
        raise _too_large(limit)
    seconds = BODY_SECONDS + size / SLOWEST_BYTES_PER_SECOND
    body = bytearray()
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise _too_large(limit)
    except ClientDisconnect:
        raise Refusal(400, "The request ended before its body was complete.") from None
    except TimeoutError:
        text = f"The body did not arrive within {seconds:.0f} s; nothing was done."
        raise Refusal(408, text, connection="close") from None
    return bytes(body.removeprefix(codecs.BOM_UTF8))


async def skip_body(request: Request) -> None:
    """Read what a refused request still sends, as far as it would be read otherwise. Some proxies
    lose an answer that comes while they are passing the body on, and its challenge with it."""
    unread = settings.MCP_MAX_REQUEST_BYTES
    try:
        async with asyncio.timeout(SKIP_SECONDS):
            async for chunk in request.stream():
                unread -= len(chunk)
                if unread < 0:
                    return
    except (ClientDisconnect, TimeoutError):
        return


def _too_large(limit: int) -> Refusal:
    return Refusal(
        413,
        f"The request is larger than {limit} bytes; nothing was done. For a large file use "
        "infinity_upload_attachment_from_url, or ask the operator to raise MCP_MAX_REQUEST_BYTES "
        "(32 MiB at most).",
    )


def read_message(request: Request, body: bytes) -> dict[str, Any]:
    """Raises Refusal unless it is one JSON object, of a size that is soon read."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Refusal(400, "Content-Type must be application/json.", code=INVALID_REQUEST)
    # To read 4 MiB of brackets takes 0.6 s, to count them 0.01.
    if marks_in(body) > MOST_ENTRIES:
        text = (
            f"The message has more than {MOST_ENTRIES:,} lists, objects and entries; commas and "
            "brackets in texts count too. Send less at once."
        )
        raise Refusal(400, text, code=INVALID_REQUEST)
    if has_long_number(body):
        text = f"A number in the message has more than {MOST_DIGITS} digits."
        raise Refusal(400, text, code=INVALID_REQUEST)
    try:
        # The SDK's own parser: it bounds the depth, and keeps integers of any size as they are.
        message = pydantic_core.from_json(body, allow_inf_nan=False)
    except ValueError as error:
        place = re.search(r"line \d+ column \d+", str(error))
        where = f" ({place[0]})" if place else ""
        raise Refusal(400, f"The body is not valid JSON{where}.", code=PARSE_ERROR) from None
    if not isinstance(message, dict):
        text = "Send one JSON-RPC message, not a batch or a bare value."
        raise Refusal(400, text, code=INVALID_REQUEST)
    return message
