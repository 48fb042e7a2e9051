"""Reads the JSON-RPC message of a request to /mcp, and checks it before the SDK sees it.

The SDK answers a message that it cannot read with pydantic's text, and repeats all that was sent.
Deviations from the protocol that clients are known for are corrected here.
"""

from __future__ import annotations

import asyncio
import codecs
import re
from typing import Any, cast

import pydantic_core
from django.conf import settings
from mcp_types import INVALID_PARAMS, INVALID_REQUEST, PARSE_ERROR, UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, KNOWN_PROTOCOL_VERSIONS
from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import Scope

from mcpserver.content.values.caps import JsonTextCounter, TooMuch
from mcpserver.http.errors import Refusal
from mcpserver.infinity.json_size import MAX_DIGITS, has_long_number, marks_in

Message = dict[str, Any]

MAX_CHARACTERS = 200  # of ids, methods, tokens and versions, which are echoed or compared
MAX_ENTRIES = 50_000  # of a whole message: so many different keys take 25 ms to read
SKIP_SECONDS = 5  # for a body that is refused
# A body may take this long, and for its size as long as it takes at this speed.
BODY_SECONDS, SLOWEST_BYTES_PER_SECOND = 60.0, 64 * 1024


async def read_body(request: Request) -> bytes:
    """Read the body. Raises Refusal once it exceeds MCP_MAX_REQUEST_BYTES or takes too long."""
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
    """Read the rest of a refused request, up to the usual size: some proxies lose an answer, and
    its challenge, that arrives while they still pass the body on."""
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


def read_message(request: Request, body: bytes) -> Message:
    """Parse the body. Raises Refusal unless it is one JSON object that is read quickly."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Refusal(400, "Content-Type must be application/json.", code=INVALID_REQUEST)
    # To read 4 MiB of brackets takes 0.6 s, to count them 0.01.
    if marks_in(body) > MAX_ENTRIES:
        text = (
            f"The message has more than {MAX_ENTRIES:,} lists, objects and entries; commas and "
            "brackets in texts count too. Send less at once."
        )
        raise Refusal(400, text, code=INVALID_REQUEST)
    if has_long_number(body):
        text = f"A number in the message has more than {MAX_DIGITS} digits."
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


# --- Checks of the message ------------------------------------------------------------------------


def checked(message: Message) -> Message:
    """The message for the SDK: itself, or a corrected copy. Raises Refusal for an invalid one."""
    if message.get("jsonrpc") != "2.0":
        raise Refusal(400, 'jsonrpc must be "2.0".')
    if "id" in message:
        _check_id(message["id"])
    if "method" not in message:
        return _checked_reply(message)
    if not isinstance(message["method"], str):
        raise Refusal(400, "method must be a string.")
    _check_length("method", message["method"])
    counter = JsonTextCounter()
    params = _object(message.get("params"), "params", counter)
    for name in ("cursor", "protocolVersion", "requestId"):
        _check_length(name, params.get(name))
    if isinstance(params.get("_meta"), dict):
        _check_length("progressToken", params["_meta"].get("progressToken"))
    if message["method"] == "tools/call":
        params = _with_arguments(params, counter)
    is_as_sent = params is message.get("params") or message.get("params") is None
    return message if is_as_sent else {**message, "params": params}


def id_in(message: Message) -> str | int | None:
    """The id that an error repeats, or None where the message has no valid one."""
    try:
        _check_id(message.get("id"))
    except Refusal:
        return None
    return cast("str | int", message["id"])


def with_known_version(scope: Scope, message: Message) -> Scope:
    """The scope without an MCP-Protocol-Version that is empty, or unknown where `initialize` is to
    agree on one. Raises Refusal for other unknown versions."""
    headers = MutableHeaders(raw=list(scope["headers"]))
    version = headers.get("mcp-protocol-version")
    if version is None or version in HANDSHAKE_PROTOCOL_VERSIONS:
        return scope
    if not version.strip() or message.get("method") == "initialize":
        del headers["mcp-protocol-version"]
        return {**scope, "headers": headers.raw}
    if version in KNOWN_PROTOCOL_VERSIONS:
        return scope
    raise Refusal(
        400,
        f"This server does not speak MCP {version[:40]!r}. MCP-Protocol-Version may be "
        f"{', '.join(KNOWN_PROTOCOL_VERSIONS)}; or send initialize to agree on one.",
        code=UNSUPPORTED_PROTOCOL_VERSION,
        data={"supported": list(KNOWN_PROTOCOL_VERSIONS), "requested": version[:40]},
    )


def _check_id(value: object) -> None:
    # The SDK takes larger numbers too; many clients and logs would round them.
    is_id = type(value) is str or (type(value) is int and abs(value) < 2**63)
    if not is_id:
        # The SDK would take the message for a notification and not answer it.
        raise Refusal(400, "id must be a string or a whole number below 2^63.")
    _check_length("id", value)


def _check_length(name: str, value: object) -> None:
    is_long = (isinstance(value, str) and len(value) > MAX_CHARACTERS) or (
        isinstance(value, int) and value.bit_length() > 4 * MAX_CHARACTERS
    )
    if is_long:
        raise Refusal(400, f"{name} is too long: at most {MAX_CHARACTERS} characters.")


def _checked_reply(message: Message) -> Message:
    """A reply to a request. This server sends no requests, and the SDK ignores replies."""
    if "id" not in message or message.keys().isdisjoint(("result", "error")):
        raise Refusal(400, "The message has no method.")
    if not isinstance(message.get("result", {}), dict) or not _is_error(message.get("error")):
        raise Refusal(400, "result and error must be objects; an error has a code and a message.")
    return message


def _is_error(error: Any) -> bool:
    if error is None:
        return True
    code, text = (error.get("code"), error.get("message")) if isinstance(error, dict) else (0, 0)
    return type(code) is int and isinstance(text, str)


def _with_arguments(params: Message, counter: JsonTextCounter) -> Message:
    if type(params.get("arguments", {})) is dict:
        return params
    return {**params, "arguments": _object(params["arguments"], "arguments", counter)}


def _object(value: Any, name: str, counter: JsonTextCounter) -> Message:
    """An object, also as JSON text; null and an empty list or text count as an empty object."""
    if isinstance(value, str):
        value = _read(value, name, counter) if value.strip() else {}
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise Refusal(400, f"{name} must be an object.", code=INVALID_PARAMS)
    return value


def _read(text: str, name: str, counter: JsonTextCounter) -> Any:
    try:
        counter.count(text)
        # The same parser as for the message: text with half a character is not JSON.
        return pydantic_core.from_json(text, allow_inf_nan=False)
    except TooMuch as fault:
        raise Refusal(400, f"{name}: {fault}.", code=INVALID_PARAMS) from None
    except ValueError:
        text = f"{name} must be an object; it is a text that is not valid JSON."
        raise Refusal(400, text, code=INVALID_PARAMS) from None
