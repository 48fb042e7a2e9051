"""Load that goes on while a test stops something."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.support import PATIENCE_SECONDS, PLAIN, eventually

Call = dict[str, Any]

CALL: Call = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "infinity_get_profile", "arguments": {}},
}
CLIENTS = 4


@dataclass(frozen=True)
class Answer:
    """To one call; status 0 when there was none."""

    call: Call
    status: int
    worked: bool = False
    retry_after: str | None = None


class Load:
    """Clients that call one after the other, as agents do, until the end of `under_load`."""

    def __init__(
        self, url: str, call: Call | Callable[[], Call], headers: dict[str, str], pause: float
    ) -> None:
        self.sent: list[Call] = []
        self.answers: list[Answer] = []
        self._url, self._headers, self._pause = url, headers, pause
        self._next_call = call if callable(call) else lambda: call
        self._stopping = threading.Event()

    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    def wait_for(self, status: int, count: int) -> None:
        """For `count` more answers with that status."""
        wanted = self.statuses()[status] + count
        eventually(lambda: self.statuses()[status] >= wanted)

    def run(self, clients: int) -> None:
        async def calls() -> None:
            await asyncio.gather(*(self._call_again_and_again() for _ in range(clients)))

        asyncio.run(calls())

    def stop(self) -> None:
        self._stopping.set()

    async def _call_again_and_again(self) -> None:
        # A connection each: one that is idle may be closed in the moment in which it is used.
        limits = httpx2.Limits(max_keepalive_connections=0)
        async with httpx2.AsyncClient(
            headers=self._headers, verify=PLAIN, timeout=PATIENCE_SECONDS, limits=limits
        ) as http:
            while not self._stopping.is_set():
                call = self._next_call()
                self.sent.append(call)
                self.answers.append(await self._answer(http, call))
                await asyncio.sleep(self._pause)

    async def _answer(self, http: httpx2.AsyncClient, call: Call) -> Answer:
        try:
            answer = await http.post(self._url, json=call)
        except httpx2.TransportError:
            return Answer(call, 0)
        worked = answer.is_success and _is_result(answer, call)
        return Answer(call, answer.status_code, worked, answer.headers.get("Retry-After"))


def _is_result(answer: httpx2.Response, call: Call) -> bool:
    try:
        message = answer.json()
    except ValueError:
        return False
    if not isinstance(message, dict) or message.get("id") != call["id"]:
        return False
    result = message.get("result")
    return isinstance(result, dict) and not result.get("isError")


@contextmanager
def under_load(
    url: str,
    key: str,
    *,
    call: Call | Callable[[], Call] = CALL,
    headers: dict[str, str] | None = None,
    clients: int = CLIENTS,
    pause: float = 0.05,
) -> Iterator[Load]:
    """`call`: the one that is made again and again, or what makes each. `pause`: seconds of each
    client between an answer and its next call. Raises what ended the load too early, if it did."""
    load = Load(url, call, {"Authorization": f"Bearer {key}", **(headers or {})}, pause)
    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(load.run, clients)
        try:
            yield load
        finally:
            load.stop()
        running.result()
