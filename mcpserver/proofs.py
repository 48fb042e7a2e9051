"""The four proofs that a server is installed rightly, run against any URL like a client would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

SECONDS = 30.0
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@dataclass(frozen=True)
class Proof:
    name: str
    passed: bool
    found: str  # what was seen; for a failure also what to do


class Failed(Exception):
    """A proof that failed; the text says what was seen and what to do."""


def endpoint(url: str) -> str:
    """The /mcp address of a server that was given with or without it. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not an http(s) URL, such as https://mcp.example.org/mcp.")
    path = parts.path.rstrip("/").removesuffix("/mcp") + "/mcp"
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


async def prove(url: str, key: str) -> AsyncIterator[Proof]:
    """Each proof as it is done; `url` as `endpoint` returns it.

    The key is sent only to a server that refuses strangers, so to nothing else by mistake.
    """
    trusted = True
    for name, proof, credential in (
        ("/health works", _health, None),
        ("/mcp refuses without Authorization", _refuses_strangers, None),
        ("/mcp works with the key", _lists_tools, key),
        ("infinity_get_profile works", _gets_profile, key),
    ):
        if credential and not trusted:
            yield Proof(name, False, "Not tried: the key is not sent there.")
            continue
        headers = {"Authorization": f"Bearer {credential}"} if credential else {}
        try:
            async with (
                asyncio.timeout(SECONDS),
                httpx2.AsyncClient(headers=headers, timeout=SECONDS) as http,
            ):
                found = await proof(http, url)
            yield Proof(name, True, found)
        except Failed as failure:
            trusted = False
            yield Proof(name, False, str(failure))
        except TimeoutError:
            trusted = False
            yield Proof(name, False, f"No usable answer within {SECONDS:.0f} s.")
        except httpx2.TransportError as error:
            trusted = False
            reason = str(error) or type(error).__name__
            yield Proof(name, False, f"Not reached ({reason}). Does it run, and is the URL right?")


async def _health(http: httpx2.AsyncClient, mcp_url: str) -> str:
    answer = await http.get(f"{mcp_url.removesuffix('/mcp')}/health")
    if answer.status_code != 200 or '"ok"' not in answer.text:
        raise Failed(f"Answered {answer.status_code}; the URL may belong to something else.")
    return "200"


async def _refuses_strangers(http: httpx2.AsyncClient, url: str) -> str:
    answer = await http.post(url, json=PING)
    if answer.status_code != 401:
        raise Failed(
            f"Answered {answer.status_code}, not 401. Is this the /mcp URL of this server?"
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
        result = await client.call_tool("infinity_get_profile", {})
    if result.is_error:
        raise Failed(" ".join(getattr(block, "text", "") for block in result.content))
    profile = result.structured_content or {}
    return f"acts as {profile.get('name') or profile.get('email') or profile.get('id')}"


@asynccontextmanager
async def _connected(http: httpx2.AsyncClient, url: str) -> AsyncIterator[Client]:
    """The official client. Raises Failed for what speaks something else than MCP."""
    await _refuse_bad_key(http, url)
    try:
        async with Client(streamable_http_client(url, http_client=http)) as client:
            yield client
    except (MCPError, ExceptionGroup, ValueError) as error:
        raise Failed(f"It does not speak MCP there ({type(error).__name__}).") from error


async def _refuse_bad_key(http: httpx2.AsyncClient, url: str) -> None:
    answer = await http.post(url, json=PING, headers={"Accept": "application/json"})
    if answer.status_code == 401 and "invalid_token" in answer.headers.get("www-authenticate", ""):
        raise Failed("The key was refused (401): unknown, expired or revoked. Rotate it.")
    if answer.status_code == 401:
        raise Failed("The key did not arrive (401): a proxy in between drops Authorization.")
    if answer.status_code != 200:
        raise Failed(f"Answered {answer.status_code}: {' '.join(answer.text.split())[:80]}")
    if '"jsonrpc"' not in answer.text:
        raise Failed("Answered with something else than MCP. Is this the /mcp URL?")
