"""What the load of the tests, and of scripts/soak, takes for an answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.production.load import CALL, Call, under_load
from tests.support import PATIENCE_SECONDS

RESULT = {"jsonrpc": "2.0", "id": CALL["id"], "result": {"content": []}}
ERROR = {"jsonrpc": "2.0", "id": CALL["id"], "error": {"code": -32603, "message": "Failed"}}


@contextmanager
def answering(body: str) -> Iterator[str]:
    """The URL of a server that answers each call with 200 and that."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/mcp"
        finally:
            server.shutdown()
            thread.join()


def test_a_result_counts_as_one() -> None:
    with answering(json.dumps(RESULT)) as url, under_load(url, "key") as load:
        load.wait_for(200, 5)
    assert all(answer.worked for answer in load.answers)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(ERROR),
        json.dumps({**RESULT, "id": 7}),
        json.dumps({**RESULT, "result": {"isError": True}}),
        json.dumps([RESULT]),
        json.dumps({**RESULT, "result": None}),
        "<h1>Welcome</h1>",
        "",
    ],
)
def test_what_is_no_result_has_failed_and_the_load_goes_on(body: str) -> None:
    with answering(body) as url, under_load(url, "key") as load:
        load.wait_for(200, 5)
    assert not any(answer.worked for answer in load.answers)


def test_a_load_that_ended_too_early_is_told() -> None:
    asked = threading.Event()

    def unlucky() -> Call:
        asked.set()
        raise LookupError("There is no next call")

    with (
        answering(json.dumps(RESULT)) as url,
        pytest.raises(LookupError),
        under_load(url, "key", call=unlucky),
    ):
        assert asked.wait(PATIENCE_SECONDS)
