"""The Infinity API as one caller's profile sees it. All HTTP goes through `_request`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlencode

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
from mcpserver.infinity.paths import fill_path
from mcpserver.infinity.records import sound_page, sound_record
from mcpserver.infinity.transport import Request, Transport, UploadedFile

CALL_SECONDS = 45.0  # clients give up after 60

DEFAULT_LIMIT = 50  # Infinity's own
Query = Mapping[str, str | int | Sequence[str] | None]


class Pacer(Protocol):
    async def wait_for_turn(self) -> None:
        """Return when one request may be sent; raise RateLimited when that is too far away."""


class NoPacing:
    async def wait_for_turn(self) -> None:
        return None


class InfinityClient:
    """One client per tool call: its deadline starts when it is made.

    Paths are templates below the API base, filled from keyword ids:
    `await api.get("workspaces/{ws}/boards/{board}", ws=1, board="Hq7wTz3KfPa")`. Answers are parsed
    JSON; failures are `InfinityError`s.
    """

    def __init__(
        self,
        transport: Transport,
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
        self._headers = {
            "Authorization": f"Bearer {token}",
            "X-API-Version": api_version,
            "Accept": "application/json",
            "User-Agent": "infinity-mcp",
        }
        self._seconds = seconds
        self._sleep = sleep
        self._sent = False
        self.damaged = 0
        """Records and values that were left out of the answers so far."""
        self._deadline = asyncio.get_running_loop().time() + seconds

    async def get(self, path: str, query: Query | None = None, /, **ids: str | int) -> JsonObject:
        """One resource."""
        return await self._request("GET", path, ids, query=query, read=read_record)

    async def list(self, path: str, query: Query | None = None, /, **ids: str | int) -> JsonObject:
        """One page: `{has_more, before, after, data}`. It is asked for again with half the limit
        while it has more entries than are read at once."""
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
        """Every record of a list, page by page, as long as its cursors lead on."""
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
        return await self._request("POST", path, ids, body=body)

    async def put(self, path: str, body: JsonObject, /, **ids: str | int) -> JsonObject:
        return await self._request("PUT", path, ids, body=body)

    async def upload(self, path: str, file: UploadedFile, /, **ids: str | int) -> JsonObject:
        """POST a file as multipart/form-data, in the part that Infinity calls `file`."""
        return await self._request("POST", path, ids, body=file)

    async def delete(self, path: str, /, **ids: str | int) -> JsonObject:
        """The deleted resource as Infinity returns it, or `{}`: some routes answer with nothing."""
        return await self._request("DELETE", path, ids, read=read_outcome)

    async def _request(
        self,
        method: str,
        path: str,
        ids: Mapping[str, str | int],
        *,
        query: Query | None = None,
        body: JsonObject | UploadedFile | None = None,
        read: Callable[[Any], JsonObject] = read_object,
    ) -> JsonObject:
        url = f"{self._base_url}/{fill_path(path, **ids)}{_query_string(query)}"
        request = self._built(method, url, body)
        if self.seconds_left() <= 0:
            raise self._too_late()
        try:
            async with asyncio.timeout_at(self._deadline):
                return self._sound(read(await self._send(request)), is_page=read is read_page)
        except TimeoutError:
            if not self._sent:
                raise self._too_late() from None
            overdue = errors.Overdue(f"Infinity did not answer within {self._seconds:g} s.")
            _advise(method, overdue)
            raise overdue from None
        except errors.InfinityError as error:
            _advise(method, error)
            raise

    def _sound(self, answer: JsonObject, *, is_page: bool) -> JsonObject:
        sound, damaged = sound_page(answer) if is_page else sound_record(answer)
        self.damaged += damaged
        return sound

    def _built(self, method: str, url: str, body: JsonObject | UploadedFile | None) -> Request:
        if not isinstance(body, dict):
            return Request(method, url, self._headers, body)
        headers = {**self._headers, "Content-Type": "application/json"}
        try:
            return Request(method, url, headers, orjson.dumps(body))
        except TypeError:  # integers above 64 bits
            raise errors.Unsendable(
                "A number in the arguments is too large. Nothing was sent."
            ) from None

    async def _send(self, request: Request) -> Any:
        attempt, self._sent = 1, False
        while True:
            self._circuit.refuse_if_open()
            await self._pacer.wait_for_turn()
            self._sent = True
            try:
                with self._circuit.attempt():
                    answer = await self._transport.send(request)
                return read_answer(answer.status, answer.headers, answer.body, self._token)
            except errors.InfinityError as error:
                attempt += 1
                delay = retry.delay_before(attempt, error)
                if (
                    not retry.may_repeat(request.method, attempt, error)
                    or self.seconds_left() <= delay
                ):
                    raise
                await self._sleep(delay)

    def _too_late(self) -> errors.TooLate:
        return errors.TooLate(
            f"The {self._seconds:g} s for this call are over; its last request was not sent. "
            "Try again, and ask for less at once."
        )

    def seconds_left(self) -> float:
        """Until the deadline of this call."""
        return self._deadline - asyncio.get_running_loop().time()


def _query_string(query: Query | None) -> str:
    """Empty parameters are dropped; a list becomes `name[]=a&name[]=b`."""
    pairs: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        if isinstance(value, str | int):
            if value != "":
                pairs.append((name, str(value)))
        elif value:
            pairs += [(f"{name}[]", entry) for entry in value]
    return f"?{urlencode(pairs)}" if pairs else ""


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
