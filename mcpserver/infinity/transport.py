"""Sends requests to Infinity over the network: httpx's transport interface on aiohttp's pool.

With 16 calls at a time, this answered get_profile 2,370 to 2,560 times a second on two cores, and a
whole httpx.AsyncClient on the same pool 1,520 to 1,710 times. Also, aiohttp distinguishes a
connection that could not be made from one that broke after the request.
"""

from __future__ import annotations

from typing import Any

import aiohttp
import httpx
from yarl import URL

from mcpserver.infinity import errors

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_CONNECTIONS = 200  # for reads, and as many for writes
MAX_CONNECTIONS_TO_HOST = 100  # so that a host that hangs leaves some for others
# Shorter than servers keep them, so that a request is rarely sent on one that is being closed.
KEEPALIVE_SECONDS = 10.0

# These describe the body as sent; httpx.Response gets it decoded.
_TRANSFER_HEADERS = (b"content-encoding", b"content-length", b"transfer-encoding")


class NetworkTransport(httpx.AsyncBaseTransport):
    """Sends requests on connections that all profiles share; no cookies, redirects or proxies.

    Reads reuse connections. Each write has its own: a server may close an idle connection just as
    the write is sent, which would leave unknown whether the change was made.

    Raises httpx.TransportError, which `infinity_error` converts, and BadAnswer for an answer of
    more than MAX_ANSWER_BYTES. Only httpx.ConnectError and httpx.ConnectTimeout mean that nothing
    was sent.
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
        # aiohttp would repeat PUT and DELETE when a connection breaks; but writes are sent once,
        # and reads are repeated by `mcpserver.infinity.retry`.
        session._retry_connection = False
        return session

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request once and read the answer. Raises httpx.TransportError."""
        session = self._reads if request.method == "GET" else self._writes
        sent = await request.aread()
        try:
            async with session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=[(name.decode(), value.decode()) for name, value in request.headers.raw],
                data=sent or None,
                allow_redirects=False,
            ) as answer:
                body = await _read(answer)
                return httpx.Response(
                    answer.status, headers=_kept(answer), stream=httpx.ByteStream(body)
                )
        except aiohttp.ClientConnectorError as error:
            raise httpx.ConnectError(_reason(error)) from error
        except aiohttp.ConnectionTimeoutError as error:
            raise httpx.ConnectTimeout(f"within {self._connect_seconds:g} s") from error
        except TimeoutError as error:
            raise httpx.ReadTimeout(f"for {self._read_seconds:g} s") from error
        except aiohttp.ClientResponseError as error:
            raise httpx.RemoteProtocolError(str(error)) from error
        except aiohttp.ClientError as error:
            raise httpx.ReadError(str(error)) from error

    async def aclose(self) -> None:
        """Close all connections."""
        await self._reads.close()
        await self._writes.close()


def infinity_error(error: httpx.RequestError) -> errors.InfinityError:
    """The InfinityError for `error`, with a text for agents."""
    match error:
        case httpx.ConnectTimeout():
            return errors.Unreachable(
                f"Infinity could not be reached {error}. Nothing was sent. Try again later."
            )
        case httpx.ConnectError():
            return errors.Unreachable(
                f"Infinity could not be reached ({error}). Nothing was sent. Try again "
                "later; if this persists, the operator must check the profile's API base URL."
            )
        case httpx.TimeoutException():
            return errors.Overdue(f"Infinity sent nothing {error}.")
        case httpx.ProtocolError() | httpx.DecodingError():
            return errors.BadAnswer(
                "Infinity's answer was not valid HTTP. If this persists, the operator must check "
                "the profile's API base URL."
            )
        case _:
            return errors.ConnectionLost(
                "The connection to Infinity broke before its answer was complete."
            )


def check_size(size: int) -> None:
    """Raises BadAnswer for an answer of more than MAX_ANSWER_BYTES."""
    if size > MAX_ANSWER_BYTES:
        raise errors.BadAnswer(
            f"Infinity's answer is larger than {MAX_ANSWER_BYTES // 2**20} MiB. Ask for less: "
            "a smaller limit, or without expand."
        )


def _kept(answer: aiohttp.ClientResponse) -> dict[bytes, bytes]:
    """The answer's headers, only the first of each: a proxy may repeat `Retry-After`."""
    headers: dict[bytes, bytes] = {}
    for name, value in answer.raw_headers:
        if name.lower() not in _TRANSFER_HEADERS:
            headers.setdefault(name.lower(), value)
    return headers


def _reason(error: aiohttp.ClientConnectorError) -> str:
    match error:
        case aiohttp.ClientConnectorDNSError():
            return "its host name is not known"
        case aiohttp.ClientSSLError():
            return "no trusted TLS connection"
        case _:
            return "no connection"


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    chunks, size = [], 0
    async for chunk in answer.content.iter_any():
        size += len(chunk)
        try:
            check_size(size)
        except errors.BadAnswer:
            answer.close()
            raise
        chunks.append(chunk)
    return b"".join(chunks)
