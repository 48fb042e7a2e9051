"""Checks a server from outside, as a client would."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx2
import orjson
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

SECONDS = 30.0
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    name: str
    passed: bool
    found: str  # what was found and, for a failure, what to do


class Failed(Exception):
    """A check that failed; the text says what was found and what to do."""


def endpoint(url: str) -> str:
    """The address of a server with /mcp, which `url` may lack. Raises ValueError."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # an invalid port, an unmatched bracket
        is_address = False
    if not is_address or re.search(r"\s", url):
        raise ValueError(f"{url!r} is not an http(s) URL, such as https://mcp.example.org/mcp.")
    if "@" in parts.netloc:
        raise ValueError("Leave out the user and password: the key is sent in a header.")
    path = re.sub(r"(/mcp|/sse)?/*$", "", parts.path, flags=re.IGNORECASE) + "/mcp"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


async def run_checks(url: str, key: str, seconds: float = SECONDS) -> AsyncIterator[CheckResult]:
    """Run the four checks. Each takes `seconds` at most; `url` is as `endpoint` returns it.

    The key is sent only to a server that refuses requests without one, so not to a wrong address.
    """
    trusted = True
    for name, check, credential in (
        ("/health works", _health, None),
        ("/mcp refuses without Authorization", _refuses_strangers, None),
        ("/mcp works with the key", _lists_tools, key),
        ("infinity_get_profile works", _gets_profile, key),
    ):
        if credential and not trusted:
            yield CheckResult(name, False, "Not tried, because of what failed above.")
            continue
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        try:
            async with (
                asyncio.timeout(seconds),
                httpx2.AsyncClient(headers=headers, timeout=seconds) as http,
            ):
                found = await check(http, url)
            yield CheckResult(name, True, found)
        except Failed as failure:
            trusted = False
            yield CheckResult(name, False, str(failure))
        except (TimeoutError, httpx2.TimeoutException):
            trusted = False
            yield CheckResult(name, False, f"No usable answer within {seconds:g} s.")
        except httpx2.TransportError as error:
            trusted = False
            yield CheckResult(name, False, _why_unreached(url, error))


async def _health(http: httpx2.AsyncClient, mcp_url: str) -> str:
    answer = await http.get(f"{mcp_url.removesuffix('/mcp')}/health")
    if answer.status_code != 200:
        raise _unexpected(answer)
    if not _is_ours(answer):
        raise Failed(
            "Something other than Infinity MCP answers there: the URL is wrong, or the proxy leads"
            " to another service."
        )
    return "200"


def _is_ours(health: httpx2.Response) -> bool:
    try:
        answer = orjson.loads(health.content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(answer, dict) and answer.get("service") == "infinity-mcp"


async def _refuses_strangers(http: httpx2.AsyncClient, url: str) -> str:
    answer = await http.post(url, json=PING)
    if answer.status_code != 401:
        raise _unexpected(answer, instead_of=401)
    scheme = answer.headers.get("www-authenticate", "Bearer").split(" ")[0]
    if scheme.lower() != "bearer":
        raise Failed(
            f"A proxy in between asks for a sign-in of its own ({scheme[:20]}), which agents do not"
            " have: exempt /mcp from it."
        )
    return "401"


async def _lists_tools(http: httpx2.AsyncClient, url: str) -> str:
    async with _connected(http, url) as client:
        tools = (await client.list_tools()).tools
    if not tools:
        raise Failed("The key is accepted but allows no tool. Check the user's scopes.")
    return f"{len(tools)} tools"


async def _gets_profile(http: httpx2.AsyncClient, url: str) -> str:
    async with _connected(http, url) as client:
        result = await client.call_tool("infinity_get_profile", {"response_format": "json"})
    if result.is_error:
        raise Failed(" ".join(getattr(block, "text", "") for block in result.content))
    profile = result.structured_content or {}
    return f"acts as {profile.get('name') or profile.get('email') or profile.get('id')}"


@asynccontextmanager
async def _connected(http: httpx2.AsyncClient, url: str) -> AsyncIterator[Client]:
    """The official client, connected. Raises Failed for a server that does not speak MCP."""
    await _refuse_bad_key(http, url)
    try:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            yield client
    except (MCPError, ExceptionGroup, ValueError) as error:
        raise Failed(f"It does not speak MCP there ({type(error).__name__}).") from error


async def _refuse_bad_key(http: httpx2.AsyncClient, url: str) -> None:
    answer = await http.post(url, json=PING, headers={"Accept": "application/json"})
    if answer.status_code == 401 and "invalid_token" in answer.headers.get("www-authenticate", ""):
        raise Failed(
            "The key was refused (401): unknown, expired or revoked there. If it works elsewhere,"
            " this URL leads to another installation; otherwise make a new key."
        )
    if answer.status_code == 401:
        raise Failed(
            "The key did not arrive (401): a proxy in between drops Authorization. Have it pass"
            " that header on."
        )
    if answer.status_code != 200:
        raise _unexpected(answer)
    if '"jsonrpc"' not in answer.text:
        raise Failed("The answer is not MCP. Is this the /mcp URL?")


def _unexpected(answer: httpx2.Response, instead_of: int = 200) -> Failed:
    """Explains an unexpected status, and says what to do."""
    status, host = answer.status_code, answer.request.url.host
    behind = "the server behind it does not answer. Does it run, at the address the proxy uses?"
    match status:
        case 301 | 302 | 303 | 307 | 308:
            target = answer.headers.get("location", "elsewhere")[:200]
            return Failed(
                f"Redirected to {target} ({status}): use an address that does not redirect."
            )
        case 400 | 421:
            return Failed(
                f"Refused ({status}), perhaps because of the host name {host}: is it in"
                " ALLOWED_HOSTS, and does the proxy pass Host on?"
            )
        case 502 | 503 | 504:
            return Failed(f"Answered {status}. If that was a proxy, {behind}")
    return Failed(
        f"Answered {status}, not {instead_of} ({_reason_in(answer)}). Is this the address of"
        " this server, and does the proxy pass everything on?"
    )


def _reason_in(answer: httpx2.Response) -> str:
    """What a server of ours says, or the beginning of any other answer."""
    try:
        text = answer.json()["error_description"]
    except (ValueError, KeyError, TypeError):
        text = answer.text[:80]
    return " ".join(str(text).split())[:300].rstrip(".")


def _why_unreached(url: str, error: httpx2.TransportError) -> str:
    host = urlsplit(url).hostname
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                reason = cause.verify_message
                return f"The TLS certificate of {host} is not trusted ({reason}): replace it."
            case ssl.SSLError():
                reason = cause.reason or "no TLS there"
                return f"No TLS connection to {host} ({reason}). Does it serve https on that port?"
            case socket.gaierror():
                return f"Not reached: the name {host} is not known. Is the URL right?"
            case ConnectionRefusedError():
                return "Not reached: nothing listens there. Does it run, and is the port right?"
    if isinstance(error, httpx2.NetworkError) and not isinstance(error, httpx2.ConnectError):
        return "Not reached: the connection ended before an answer. Is that an http server?"
    if isinstance(error, httpx2.ProtocolError):
        return "Not reached: the answer is not HTTP. Is the port right?"
    return "Not reached. Does it run, and is the URL right?"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__
