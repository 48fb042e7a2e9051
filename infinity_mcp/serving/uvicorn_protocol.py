"""uvicorn's HTTP protocol with limits for headers, idle time and buffered data."""

from __future__ import annotations

import asyncio
from array import array
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infinity_mcp.serving.connections import Connections, health_only, is_trusted

MAX_HEADERS = 200
MAX_HEADER_BYTES = 64 * 1024  # with the request line and trailers
FIRST_REQUEST_SECONDS = 2
BYTES_A_SECOND = 64 * 1024  # a body that comes faster may take longer


class _TooManyHeaders(Exception):
    pass


class _Parser(httptools.HttpRequestParser):
    """Stops when its protocol refuses the headers, and ignores offers of another protocol:
    httptools would take the body of such a request for data of that protocol."""

    def __init__(self, protocol: HttpProtocol) -> None:
        super().__init__(protocol)
        self._protocol = protocol

    def feed_data(self, data: bytes | bytearray | memoryview | array[int]) -> None:
        try:
            self._feed(memoryview(data))
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, _TooManyHeaders):
                raise
            self._protocol.refuse_headers()

    def _feed(self, data: memoryview) -> None:
        while True:
            try:
                super().feed_data(data)
            except httptools.HttpParserUpgrade as offer:
                header = self._protocol.take_offer()
                if header is None:  # CONNECT
                    raise
                super().feed_data(header)
                data = data[offer.args[0] :]
            else:
                return


class HttpProtocol(HttpToolsProtocol):
    """One connection. Adds limits, as httptools has none for the size of headers and for time."""

    places = Connections.of_this_process()
    header_seconds = 10.0  # from connecting, or from the first byte on a kept connection
    body_seconds = 75.0  # longer than /mcp takes to answer 408 itself
    unread_seconds = 30.0  # for the client to read waiting data
    look_seconds = 1.0

    _headers = 0
    _header_bytes = 0
    _unparsed_bytes = 0  # since the parser's last callback: of an incomplete header
    _reading_headers = True
    _offer: bytes | None = (
        None  # the header of a request that offers another protocol, without that
    )
    _is_stopping = False
    _is_guest = False
    _sent_by: float | None = None  # deadline for the data that the client is sending
    _read_by: float | None = None
    _looking: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time limits. Beyond the connection limit only /health is answered."""
        super().connection_made(transport)
        self.parser = _Parser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as in uvicorn
        self._sent_by = self.loop.time() + self.header_seconds
        self._looking = self.loop.call_later(self.look_seconds, self._look)
        if not self.places.admit(self, self._counted_address()):
            self._is_guest, self.app = True, health_only(self.app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Give the connection's place back."""
        self.places.leave(self)
        if self._looking:
            self._looking.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Extend the deadline of a body by its bytes; refuse headers that are too large."""
        if self._reading_headers:
            if self._sent_by is None:
                self._sent_by = self.loop.time() + self.header_seconds
        elif self._sent_by is not None:
            self._sent_by += len(data) / BYTES_A_SECOND
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self._header_bytes + self._unparsed_bytes > MAX_HEADER_BYTES:
            self.refuse_headers()

    def on_url(self, url: bytes) -> None:
        self._count_header(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count the header; drops trailers."""
        self._headers += 1
        self._count_header(len(name) + len(value))
        if self._reading_headers:  # not trailers, which no application here uses
            super().on_header(name, value)

    def take_offer(self) -> bytes | None:
        """The header to parse again, without its offer of another protocol; only once."""
        offer, self._offer = self._offer, None
        return offer

    def _header_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % each for each in self.headers if each[0] != b"upgrade"]
        return b"\r\n".join((*lines, b"", b""))

    def _should_upgrade(self) -> bool:
        return False  # no WebSockets here

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        super().on_body(body)

    def _count_header(self, size: int) -> None:
        self._unparsed_bytes = 0
        self._header_bytes += size
        if self._headers > MAX_HEADERS or self._header_bytes > MAX_HEADER_BYTES:
            raise _TooManyHeaders

    def refuse_headers(self) -> None:
        """Answer 431 and close the connection."""
        if self.transport.is_closing():
            return
        text = f"Too many headers: at most {MAX_HEADERS}, and {MAX_HEADER_BYTES // 1024} KiB."
        self._write_refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text)
        self.transport.close()

    def on_headers_complete(self) -> None:
        """Start the time limit of the body, or keep the header to parse it again."""
        if self.parser.should_upgrade() and any(name == b"upgrade" for name, _ in self.headers):
            self._offer = self._header_without_upgrade()
            return
        self._reading_headers, self._unparsed_bytes = False, 0
        self._sent_by = self.loop.time() + self.body_seconds
        self.places.note_request(self)
        super().on_headers_complete()
        if self._is_stopping or self._is_guest:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Reset the counts for the next request."""
        self._headers = self._header_bytes = self._unparsed_bytes = 0
        if self._offer:
            return
        self._reading_headers, self._sent_by = True, None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Start the time limit for the client to read."""
        self._read_by = self.loop.time() + self.unread_seconds
        super().pause_writing()

    def resume_writing(self) -> None:
        """End the time limit for the client to read."""
        self._read_by = None
        super().resume_writing()

    def shutdown(self) -> None:
        """Keep connections without a request open, unlike uvicorn: a proxy may just have opened one
        for a request, and could not know whether it may send it again."""
        if self.cycle is not None:
            super().shutdown()
            return
        self._is_stopping = True
        self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)

    def abort(self) -> None:
        """Close at once, without sending what waits."""
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
        """Close the connection if the client missed a deadline."""
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
        """Whether a call is under way while the header of the next one arrives."""
        return self._reading_headers and self._is_answering()

    def _has_begun(self) -> bool:
        return self._header_bytes + self._unparsed_bytes > 0

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse_late(self) -> None:
        is_unanswered = self._is_answering() and not self.cycle.response_started
        if is_unanswered or (self._reading_headers and self._has_begun()):
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
