"""uvicorn's HTTP protocol, with a bound on what a stranger can make it remember, and with patience
for a request that is on its way when the server stops."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Counted as it arrives, so a little of the body may be among it.
MAX_HEADER_BYTES = 512 * 1024
FIRST_REQUEST_SECONDS = 2


class HttpProtocol(HttpToolsProtocol):
    """Ends a connection whose request line and headers go on and on; httptools has no limit."""

    _unfinished_headers = 0
    _reading_headers = True
    _is_stopping = False

    def data_received(self, data: bytes) -> None:
        if self._reading_headers:
            self._unfinished_headers += len(data)
            if self._unfinished_headers > MAX_HEADER_BYTES:
                self.send_400_response("The headers are too long.")
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._reading_headers, self._unfinished_headers = False, 0
        super().on_headers_complete()
        if self._is_stopping:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._reading_headers = True
        super().on_message_complete()

    def shutdown(self) -> None:
        """uvicorn would close a connection that had no request yet: one that was just made for a
        request, by a proxy that then would not know whether it may send it again."""
        if self.cycle is not None:
            super().shutdown()
            return
        self._is_stopping = True
        self.loop.call_later(FIRST_REQUEST_SECONDS, self._close_unused)

    def _close_unused(self) -> None:
        if self.cycle is None:
            self.transport.close()
