"""Checks a JSON-RPC message before the SDK sees it, and mends what clients are known to send.

The SDK answers what it cannot read in pydantic's words, with all that was sent.
"""

from __future__ import annotations

import json
from typing import Any, cast

from mcp_types import INVALID_PARAMS, UNSUPPORTED_PROTOCOL_VERSION
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS, KNOWN_PROTOCOL_VERSIONS
from starlette.datastructures import MutableHeaders
from starlette.types import Scope

from mcpserver.caps import Spelled, TooMuch
from mcpserver.refusal import Refusal

Message = dict[str, Any]
MOST_CHARACTERS = 200  # of what is echoed or compared: ids, methods, tokens, versions


def checked(message: Message) -> Message:
    """The message as the SDK is to read it: itself, or a copy that is mended. Raises Refusal."""
    if message.get("jsonrpc") != "2.0":
        raise Refusal(400, 'jsonrpc must be "2.0".')
    if "id" in message:
        _check_id(message["id"])
    if "method" not in message:
        return _checked_reply(message)
    if not isinstance(message["method"], str):
        raise Refusal(400, "method must be a string.")
    _check_length("method", message["method"])
    spelled = Spelled()
    params = _object(message.get("params"), "params", spelled)
    for name in ("cursor", "protocolVersion", "requestId"):
        _check_length(name, params.get(name))
    if isinstance(params.get("_meta"), dict):
        _check_length("progressToken", params["_meta"].get("progressToken"))
    if message["method"] == "tools/call":
        params = _with_arguments(params, spelled)
    is_as_sent = params is message.get("params") or message.get("params") is None
    return message if is_as_sent else {**message, "params": params}


def id_in(message: Message) -> str | int | None:
    """What an error names, so that the client knows which request it is about."""
    try:
        _check_id(message.get("id"))
    except Refusal:
        return None
    return cast("str | int", message["id"])


def with_known_version(scope: Scope, message: Message) -> Scope:
    """The scope, without an empty version, or one that `initialize` is there to agree on. Raises
    Refusal."""
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
    # The SDK takes larger ones too; many clients and logs would round them (security.md 4).
    is_id = type(value) is str or (type(value) is int and abs(value) < 2**63)
    if not is_id:
        # The SDK would take it for a notification and answer nothing.
        raise Refusal(400, "id must be a string or a whole number below 2^63.")
    _check_length("id", value)


def _check_length(name: str, value: object) -> None:
    is_long = (isinstance(value, str) and len(value) > MOST_CHARACTERS) or (
        isinstance(value, int) and value.bit_length() > 4 * MOST_CHARACTERS
    )
    if is_long:
        raise Refusal(400, f"{name} is too long: at most {MOST_CHARACTERS} characters.")


def _checked_reply(message: Message) -> Message:
    """An answer to a request; this server makes none, and the SDK takes it without a word."""
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


def _with_arguments(params: Message, spelled: Spelled) -> Message:
    if type(params.get("arguments", {})) is dict:
        return params
    return {**params, "arguments": _object(params["arguments"], "arguments", spelled)}


def _object(value: Any, name: str, spelled: Spelled) -> Message:
    """Left out, null and an empty list or text are an empty object; text may spell one."""
    if isinstance(value, str):
        value = _read(value, name, spelled) if value.strip() else {}
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise Refusal(400, f"{name} must be an object.", code=INVALID_PARAMS)
    return value


def _read(text: str, name: str, spelled: Spelled) -> Any:
    try:
        spelled.count(text)
        return json.loads(text)
    except TooMuch as fault:
        raise Refusal(400, f"{name}: {fault}.", code=INVALID_PARAMS) from None
    except (ValueError, RecursionError):
        raise Refusal(400, f"{name} must be an object.", code=INVALID_PARAMS) from None
