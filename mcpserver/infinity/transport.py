"""The two ways to an Infinity: over the network, and to the sandbox in this process.

aiohttp is used directly: on the development machine, 16 calls at a time, a small answer came back
4,906 times a second through it, 1,812 times through httpx over aiohttp and 378 times through plain
httpx; and it tells a connection that never came about from one that broke after the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import httpx2
from yarl import URL

from mcpserver.infinity import errors

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_CONNECTIONS = 200  # of reads, and as many of writes
MAX_CONNECTIONS_TO_HOST = 100  # so that one that hangs leaves some for the others
# Shorter than any server's, so that a request is rarely sent on a connection being closed.
KEEPALIVE_SECONDS = 10.0


@dataclass(frozen=True)
class UploadedFile:
    name: str
    content_type: str
    content: bytes = field(repr=False)


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | UploadedFile | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # case-insensitive
    body: bytes


class Transport(Protocol):
    async def send(self, request: Request) -> Answer:
        """Send once.

        Raises Unreachable (nothing was sent), ConnectionLost, Overdue or BadAnswer.
        """

    async def close(self) -> None: ...


class NetworkTransport:
    """Connections shared by all profiles; no cookies, no redirects, no proxies.

    Reads use connections again. Each write has its own: a server may close an idle one in the
    moment in which the write is sent, and then it is not known whether the change was made.
    """

    def __init__(
        self, *, connect_seconds: float = CONNECT_SECONDS, read_seconds: float = READ_SECONDS
    ) -> None:
        self._connect_seconds, self._read_seconds = connect_seconds, read_seconds
        self._reads = self._session(keepalive_timeout=KEEPALIVE_SECONDS)
        self._writes = self._session(force_close=True)

    def _session(self, **options: Any) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MAX_CONNECTIONS, limit_per_host=MAX_CONNECTIONS_TO_HOST, **options
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._connect_seconds, sock_read=self._read_seconds
            ),
        )
        # aiohttp would send PUT and DELETE a second time when a connection breaks; a write goes
        # out once, and for reads the client's own retry decides.
        session._retry_connection = False
        return session

    async def send(self, request: Request) -> Answer:
        session = self._reads if request.method == "GET" else self._writes
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),
                headers=request.headers,
                data=_body(request.body),
                allow_redirects=False,
            ) as response:
                return Answer(response.status, response.headers, await _read(response))
        except aiohttp.ClientConnectorError as exc:
            raise errors.Unreachable(
                f"Infinity could not be reached ({_reason(exc)}). Nothing was sent. Try again "
                "later; if it stays so, the operator must check the profile's API base URL."
            ) from exc
        except aiohttp.ConnectionTimeoutError as exc:
            raise errors.Unreachable(
                f"Infinity could not be reached within {self._connect_seconds:g} s. "
                "Nothing was sent. Try again later."
            ) from exc
        except TimeoutError as exc:
            raise errors.Overdue(f"Infinity sent nothing for {self._read_seconds:g} s.") from exc
        except aiohttp.ClientResponseError as exc:
            raise errors.BadAnswer(
                "Infinity's answer was not valid HTTP. If it stays so, the operator must check the "
                "profile's API base URL."
            ) from exc
        except aiohttp.ClientError as exc:
            raise errors.ConnectionLost(
                "The connection to Infinity broke before its answer was complete."
            ) from exc

    async def close(self) -> None:
        await self._reads.close()
        await self._writes.close()


class InProcessTransport:
    """Calls an ASGI application of this process: the sandbox."""

    def __init__(self, app: Any) -> None:
        self._client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app))

    async def send(self, request: Request) -> Answer:
        file = request.body if isinstance(request.body, UploadedFile) else None
        response = await self._client.request(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=None if isinstance(request.body, UploadedFile) else request.body,
            files={"file": (file.name, file.content, file.content_type)} if file else None,
        )
        return Answer(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        await self._client.aclose()


def _body(body: bytes | UploadedFile | None) -> bytes | aiohttp.FormData | None:
    if not isinstance(body, UploadedFile):
        return body
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", body.content, filename=body.name, content_type=body.content_type)
    return form


def _reason(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its host name is not known"
        case aiohttp.ClientSSLError():
            return "no trusted TLS connection"
        case _:
            return "no connection"


async def _read(response: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > MAX_ANSWER_BYTES:
            response.close()
            raise errors.BadAnswer(
                f"Infinity's answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB. Ask for less: "
                "a smaller limit, or without expand."
            )
        chunks.append(chunk)
    return b"".join(chunks)
