"""uvicorn's HTTP protocol, with limits on what a client may make it remember and wait for."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infinity_mcp.connections import Connections, health_only, is_trusted

# Counted as it arrives, so a little of the body may be among it.
MAX_HEADER_BYTES = 512 * 1024
FIRST_REQUEST_SECONDS = 2
BYTES_A_SECOND = 64 * 1024  # a body that comes faster may take longer


class HttpProtocol(HttpToolsProtocol):
    """One connection. httptools limits neither the size of headers nor how long they take."""

    places = Connections.of_this_process()
    header_seconds = 10.0  # from the connection, or from the first byte on one that was kept
    body_seconds = 75.0  # longer than /mcp takes to answer 408 itself
    unread_seconds = 30.0  # for the client to read what waits for it
    look_seconds = 1.0

    _unfinished_headers = 0
    _reading_headers = True
    _is_stopping = False
    _is_guest = False
    _sent_by: float | None = None  # when what the client is sending must be there
    _read_by: float | None = None
    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._sent_by = self.loop.time() + self.header_seconds
        self._looking = self.loop.call_later(self.look_seconds, self._look)
        if not self.places.admit(self, self._counted_address()):
            self._is_guest, self.app = True, health_only(self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        self.places.leave(self)
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._reading_headers:
            if self._sent_by is None:
                self._sent_by = self.loop.time() + self.header_seconds
            self._unfinished_headers += len(data)
            if self._unfinished_headers > MAX_HEADER_BYTES:
                self.send_400_response("The headers are too long.")
                return
        elif self._sent_by is not None:
            self._sent_by += len(data) / BYTES_A_SECOND
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._reading_headers, self._unfinished_headers = False, 0
        self._sent_by = self.loop.time() + self.body_seconds
        self.places.note_request(self)
        super().on_headers_complete()
        if self._is_stopping or self._is_guest:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._reading_headers, self._sent_by = True, None
        super().on_message_complete()

    def pause_writing(self) -> None:
        self._read_by = self.loop.time() + self.unread_seconds
        super().pause_writing()

    def resume_writing(self) -> None:
        self._read_by = None
        super().resume_writing()

    def shutdown(self) -> None:
        """uvicorn would close a connection that had no request yet: one that was just made for a
        request, by a proxy that then would not know whether it may send it again."""
        if self.cycle is not None:
            super().shutdown()
            return
        self._is_stopping = True
        self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)

    def abort(self) -> None:
        self.transport.abort()

    def _close_unused(self) -> None:
        if self.cycle is None:
            self.transport.close()

    def _counted_address(self) -> str | None:
        if self.client is None:
            return None
        address, proxies = self.client[0], self.config.forwarded_allow_ips
        is_proxy = self.config.proxy_headers and is_trusted(address, tuple(proxies))
        return None if is_proxy else address

    def _look(self) -> None:
        """End the connection of a client that keeps it waiting."""
        now = self.loop.time()
        if self.transport.is_closing() and self._read_by is None:
            self._read_by = now + self.unread_seconds
        if self._read_by is not None and now >= self._read_by:
            self.places.note_slow()
            self.abort()
        elif self._sent_by is not None and now >= self._sent_by and not self._has_call():
            self._sent_by = None
            self.places.note_slow()
            self._refuse_late()
        self._looking = self.loop.call_later(self.look_seconds, self._look)

    def _has_call(self) -> bool:
        """Whether a call is under way while the header of the next one comes."""
        return self._reading_headers and self._is_answering()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_late(self) -> None:
        is_unanswered = self._is_answering() and not self.cycle.response_started
        if is_unanswered or (self._reading_headers and self._unfinished_headers):
            text = "The request took too long to arrive."
            self._write_refusal(HTTPStatus.REQUEST_TIMEOUT, text)
        self.transport.close()

    def _write_refusal(self, status: HTTPStatus, text: str) -> None:
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(text)}",
            "connection: close",
        )
        self.transport.write("\r\n".join((*lines, "", text)).encode("ascii"))
