"""uvicorn's HTTP protocol with a bound on what a stranger can make it remember."""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Counted as it arrives, so a little of the body may be among it.
MAX_HEADER_BYTES = 512 * 1024


class BoundedHttpProtocol(HttpToolsProtocol):
    """Ends a connection whose request line and headers go on and on; httptools has no limit."""

    _unfinished_headers = 0
    _reading_headers = True

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

    def on_message_complete(self) -> None:
        self._reading_headers = True
        super().on_message_complete()
