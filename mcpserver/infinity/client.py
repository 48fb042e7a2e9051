"""Implements the client of the Infinity API. All HTTP goes through `_request`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import httpx
import orjson

from mcpserver.infinity import errors, retry
from mcpserver.infinity.answers import (
    JsonObject,
    read_answer,
    read_object,
    read_outcome,
    read_page,
    read_record,
)
from mcpserver.infinity.circuit import Circuit
from mcpserver.infinity.records import undamaged_page, undamaged_record
from mcpserver.infinity.transport import check_size, infinity_error

CALL_SECONDS = 45.0  # clients give up after 60

DEFAULT_LIMIT = 50  # Infinity's own
MAX_IDENTIFIER_LENGTH = 200
MAX_QUERY = 60_000  # characters, below what httpx takes of a URL
MAX_CACHED_URL = 500  # characters: 256 of those that callers can make long would take 12 MiB
_FULL_NAMES = {"ws": "workspace", "entry": "time entry"}
_JSON = (b"Content-Type", b"application/json")
_NO_BODY = httpx.ByteStream(b"")

File = tuple[str, bytes, str]  # name, content, MIME type: as httpx takes it
Query = Mapping[str, str | int | Sequence[str] | None]


class Pacer(Protocol):
    """Delays requests to stay below Infinity's rate limit."""

    async def wait_for_turn(self) -> None:
        """Wait until one request may be sent. Raises BudgetSpent when that takes too long."""


class NoPacing:
    """Delays nothing."""

    async def wait_for_turn(self) -> None:
        """Return at once."""


class InfinityClient:
    """One client per tool call: its deadline starts when it is made.

    Paths are templates below the API base, filled from keyword ids:
    `await api.get("workspaces/{ws}/boards/{board}", ws=1, board="Hq7wTz3KfPa")`. Answers are parsed
    JSON; failures are `InfinityError`s.
    """

    def __init__(
        self,
        transport: httpx.AsyncBaseTransport,
        *,
        base_url: str,
        api_version: str,
        token: str,
        pacer: Pacer | None = None,
        circuit: Circuit | None = None,
        seconds: float = CALL_SECONDS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._token = token
        self._pacer = pacer or NoPacing()
        self._circuit = circuit or Circuit()
        self._headers = httpx.Headers(
            {
                "Authorization": f"Bearer {token}",
                "X-API-Version": api_version,
                "Accept": "application/json",
                "User-Agent": "infinity-mcp",
            },
            encoding="utf-8",
        )
        self._seconds = seconds
        self._sleep = sleep
        self._sent = False
        self.requests = 0
        """How many requests were sent so far, repeated ones included."""
        self.damaged = 0
        """Records and values that were left out of the answers so far."""
        self.has_written = False
        """Whether a change was made so far, or may have been."""
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def get(self, path: str, query: Query | None = None, /, **ids: str | int) -> JsonObject:
        """Read one resource."""
        return await self._request("GET", path, ids, query=query, read=read_record)

    async def list(self, path: str, query: Query | None = None, /, **ids: str | int) -> JsonObject:
        """Read one page: `{has_more, before, after, data}`. While it has too many entries to be
        parsed, it is read again with half the limit."""
        limit = int(str((query or {}).get("limit", DEFAULT_LIMIT)))
        while True:
            try:
                return await self._request("GET", path, ids, query=query, read=read_page)
            except errors.TooManyEntries:
                if limit <= 1:
                    raise
                limit //= 2
                query = {**(query or {}), "limit": limit}

    async def walk(
        self, path: str, query: Query | None = None, /, **ids: str | int
    ) -> AsyncIterator[JsonObject]:
        """Yields every record of a list, page by page, until a cursor is missing or repeats."""
        after: str | None = None
        seen = {after, ""}
        while True:
            page = await self.list(path, {"limit": 100, **(query or {}), "after": after}, **ids)
            for record in page["data"]:
                yield record
            after = page["after"]
            if not page["has_more"] or after in seen:
                return
            seen.add(after)

    async def post(self, path: str, body: JsonObject, /, **ids: str | int) -> JsonObject:
        """Create a resource."""
        return await self._request("POST", path, ids, body=body)

    async def put(self, path: str, body: JsonObject, /, **ids: str | int) -> JsonObject:
        """Update a resource."""
        return await self._request("PUT", path, ids, body=body)

    async def upload(self, path: str, file: File, /, **ids: str | int) -> JsonObject:
        """POST a file as multipart/form-data, in a part named `file`."""
        return await self._request("POST", path, ids, body=file)

    async def delete(self, path: str, /, **ids: str | int) -> JsonObject:
        """Delete a resource. Returns it as Infinity does, or `{}` where the answer is empty."""
        return await self._request("DELETE", path, ids, read=read_outcome)

    async def _request(
        self,
        method: str,
        path: str,
        ids: Mapping[str, str | int],
        *,
        query: Query | None = None,
        body: JsonObject | File | None = None,
        read: Callable[[Any], JsonObject] = read_object,
    ) -> JsonObject:
        url = f"{self._base_url}/{fill_path(path, **ids)}{_query_string(query)}"
        request = self._built(method, url, body)
        if self.seconds_left() <= 0:
            raise self._too_late()
        had_written, self.has_written = self.has_written, self.has_written or method != "GET"
        try:
            async with asyncio.timeout_at(self._deadline):
                return self._undamaged(read(await self._send(request)), is_page=read is read_page)
        except TimeoutError:
            if not self._sent:
                raise self._too_late() from None
            overdue = errors.Overdue(f"Infinity did not answer within {self._seconds:g} s.")
            _advise(method, overdue)
            raise overdue from None
        except errors.InfinityError as error:
            if not error.outcome_unknown:
                self.has_written = had_written
            _advise(method, error)
            raise

    def _undamaged(self, answer: JsonObject, *, is_page: bool) -> JsonObject:
        kept, damaged = undamaged_page(answer) if is_page else undamaged_record(answer)
        self.damaged += damaged
        return kept

    def _built(self, method: str, address: str, body: JsonObject | File | None) -> httpx.Request:
        url, host = _parsed(address) if len(address) <= MAX_CACHED_URL else _parse(address)
        headers = [(b"Host", host), *self._headers.raw]
        if isinstance(body, dict):
            return httpx.Request(method, url, headers=[*headers, _JSON], content=_encoded(body))
        if body:
            return httpx.Request(method, url, headers=headers, files={"file": body})
        # Without a stream, httpx would look for missing headers, which takes 8 µs.
        return httpx.Request(method, url, headers=headers, stream=_NO_BODY)

    async def _send(self, request: httpx.Request) -> Any:
        attempt, self._sent = 1, False
        while True:
            self._circuit.refuse_if_open()
            await self._pacer.wait_for_turn()
            self._sent = True
            self.requests += 1
            try:
                with self._circuit.attempt():
                    answer, body = await self._exchange(request)
                return read_answer(answer.status_code, answer.headers, body, self._token)
            except errors.InfinityError as error:
                attempt += 1
                delay = retry.delay_before(attempt, error)
                if (
                    not retry.may_repeat(request.method, attempt, error)
                    or self.seconds_left() <= delay
                ):
                    raise
                await self._sleep(delay)

    async def _exchange(self, request: httpx.Request) -> tuple[httpx.Response, bytes]:
        try:
            answer = await self._transport.handle_async_request(request)
            body = await _body_of(answer)
        except httpx.RequestError as error:
            raise infinity_error(error) from error
        check_size(len(body))
        return answer, body

    def _too_late(self) -> errors.TooLate:
        return errors.TooLate(
            f"The {self._seconds:g} s for this call are over; its last request was not sent. "
            "Try again, and ask for less at once."
        )

    def seconds_left(self) -> float:
        """The seconds until the deadline of this call."""
        return self._deadline - asyncio.get_running_loop().time()


def fill_path(template: str, **ids: str | int) -> str:
    """Quote ids into a path: `fill_path("boards/{board}", board="a b")` is `"boards/a%20b"`.

    Raises InvalidIdentifier for an id that could lead to another route (empty, a dot segment, with
    a slash, a backslash, a percent sign or a control character), and for one far too long.
    """
    return template.format_map({name: _quoted(name, str(value)) for name, value in ids.items()})


def _quoted(name: str, value: str) -> str:
    if (
        value.strip(".") == ""
        or len(value) > MAX_IDENTIFIER_LENGTH
        or any(character in "/\\%?#" or not character.isprintable() for character in value)
    ):
        full_name = _FULL_NAMES.get(name, name)
        raise errors.InvalidIdentifier(
            f"The {full_name} id {value[:40]!r} is not an Infinity id. Use an id exactly as a list "
            "or get tool returned it."
        )
    return quote(value, safe="")


def _parse(address: str) -> tuple[httpx.URL, bytes]:
    """The URL, and the Host header for it. Raises Unreachable for an invalid one."""
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, UnicodeError):  # UnicodeError for host names
        raise errors.Unreachable(
            "Infinity could not be reached (its address is not valid). Nothing was sent. The "
            "operator must check the profile's API base URL."
        ) from None
    return url, url.netloc


# Agents ask for the same things again and again, and httpx takes 11 µs to parse a URL.
_parsed = lru_cache(maxsize=256)(_parse)


async def _body_of(answer: httpx.Response) -> bytes:
    """Decoded. Where it is all there, `Response.aread` would take 10 µs to put it together."""
    if isinstance(answer.stream, httpx.ByteStream) and "content-encoding" not in answer.headers:
        return b"".join(answer.stream)
    try:
        return await answer.aread()
    finally:
        await answer.aclose()


def _encoded(body: JsonObject) -> bytes:
    try:
        return orjson.dumps(body)
    except TypeError:  # integers above 64 bits
        raise errors.Unsendable(
            "A number in the arguments is too large. Nothing was sent."
        ) from None


def _query_string(query: Query | None) -> str:
    """The query as text: without empty parameters, with lists as `name[]=a&name[]=b`."""
    pairs: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        if isinstance(value, str | int):
            if value != "":
                pairs.append((name, str(value)))
        elif value:
            pairs += [(f"{name}[]", entry) for entry in value]
    encoded = urlencode(pairs)
    if len(encoded) > MAX_QUERY:
        raise errors.Unsendable(
            "The arguments are too long for a URL. Nothing was sent. Ask for less at once."
        )
    return f"?{encoded}" if pairs else ""


def _advise(method: str, error: errors.InfinityError) -> None:
    if error.outcome_unknown and method != "GET":
        error.advise(LOOK_FIRST)
    elif error.outcome_unknown and not isinstance(error, errors.BadAnswer):
        error.advise(TRY_LATER)


TRY_LATER = "Try again later."
LOOK_FIRST = (
    "The change may or may not have been made, and was not sent again. Read the record to see "
    "before you repeat it."
)
