"""The install check names everything that can stand between a client and the server."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from mcpserver.connect.install_check import CheckResult, run_checks
from tests.conftest import MakeProfile, MakeUser
from tests.support import PLAIN, Server, free_port

Answer = tuple[int, dict[str, str], bytes]
Proxy = Callable[[BaseHTTPRequestHandler], Answer]


def checks(url: str, key: str, seconds: float = 30) -> list[CheckResult]:
    async def collected() -> list[CheckResult]:
        return [check async for check in run_checks(url, key, seconds)]

    return asyncio.run(collected())


def first_failure(url: str, key: str = "mcp_any", seconds: float = 30) -> tuple[int, str]:
    """Which of the four failed first, and what was said of it."""
    found = checks(url, key, seconds)
    return next((n, each.found) for n, each in enumerate(found, 1) if not each.passed)


@contextmanager
def front(answer: Proxy, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """The /mcp URL of something that answers as `answer` says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, headers, body = answer(self)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}/mcp"
        server.shutdown()


def passing_on(server: Server, *, without: str = "", **changed: str) -> Proxy:
    """A proxy in front of the server that drops one header and changes others."""
    dropped = {without, "connection", "content-length", "accept-encoding", *changed}

    def answer(request: BaseHTTPRequestHandler) -> Answer:
        body = request.rfile.read(int(request.headers.get("content-length", 0)))
        headers = {
            name: value for name, value in request.headers.items() if name.lower() not in dropped
        }
        passed = httpx2.request(
            request.command,
            f"{server.origin}{request.path}",
            content=body,
            headers={**headers, **changed},
            verify=PLAIN,
        )
        kept = ("content-type", "www-authenticate")
        return (
            passed.status_code,
            {name: passed.headers[name] for name in kept if name in passed.headers},
            passed.content,
        )

    return answer


def always(status: int, body: bytes = b"", **headers: str) -> Proxy:
    return lambda _: (status, {n.replace("_", "-"): v for n, v in headers.items()}, body)


def test_behind_a_proxy_that_passes_everything_on_all_hold(server: Server, key: str) -> None:
    with front(passing_on(server)) as url:
        assert [True] * 4 == [check.passed for check in checks(url, key)]


def test_a_proxy_that_drops_authorization_is_named(server: Server, key: str) -> None:
    with front(passing_on(server, without="authorization")) as url:
        number, told = first_failure(url, key)
    assert (3, True) == (number, "a proxy in between drops Authorization" in told)


def test_a_proxy_that_changes_the_host_is_named(server: Server, key: str) -> None:
    with front(passing_on(server, host="inner.example")) as url:
        number, told = first_failure(url, key)
    assert (3, True) == (number, "ALLOWED_HOSTS" in told)


def test_a_key_of_another_installation_is_named(server: Server, transactional_db: None) -> None:
    number, told = first_failure(server.url, f"mcp_{secrets.token_urlsafe(32)}")
    assert (3, True) == (number, "this URL leads to another installation" in told)


def test_a_token_that_infinity_refuses_is_named(
    server: Server, make_profile: MakeProfile, make_user: MakeUser
) -> None:
    _, key = make_user(profile=make_profile(token="refused"))
    number, told = first_failure(server.url, key)
    assert (4, True) == (number, "Infinity refused the Infinity token" in told)


def test_a_user_without_any_tool_is_named(server: Server, make_user: MakeUser) -> None:
    _, key = make_user(allowed_tools=["no_such_tool"])
    number, told = first_failure(server.url, key)
    assert (3, True) == (number, "allows no tool" in told)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (always(200, b'{"ok": true, "service": "another"}'), "leads to another service"),
        (always(200, b"<h1>Welcome</h1>"), "Something other than Infinity MCP answers there"),
        (always(301, Location="https://www.example.org/health"), "https://www.example.org/health"),
        (always(502, b"Bad gateway"), "the server behind it does not answer"),
        (always(400), "ALLOWED_HOSTS"),
        (always(404, b"Not here"), "Answered 404, not 200 (Not here)"),
    ],
)
def test_what_answers_in_its_place_is_named(answer: Proxy, told: str) -> None:
    with front(answer) as url:
        number, found = first_failure(url)
    assert (1, True) == (number, told in found), found


def test_a_proxy_with_a_sign_in_of_its_own_is_named(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> Answer:
        if request.path == "/mcp":
            return 401, {"WWW-Authenticate": 'Basic realm="staff"'}, b""
        return passing_on(server)(request)

    with front(answer) as url:
        number, told = first_failure(url)
    assert (2, True) == (number, "a sign-in of its own (Basic)" in told)


def test_a_certificate_that_nobody_trusts_is_named(tmp_path: Path) -> None:
    made = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 1"
    command = [*made.split(), "-subj", "/CN=localhost"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with front(always(200), context) as url:
        number, told = first_failure(url)
    assert (1, True) == (number, "certificate of 127.0.0.1 is not trusted (self-signed" in told)


def test_https_where_only_http_is_served_is_named() -> None:
    with front(always(200)) as url:
        number, told = first_failure(url.replace("http:", "https:"))
    assert (1, True) == (number, "Does it serve https on that port?" in told)


def test_a_server_that_does_not_run_or_exist_is_named() -> None:
    assert "Does it run" in first_failure(f"http://127.0.0.1:{free_port()}/mcp")[1]
    told = first_failure("http://no-such-host.invalid/mcp")[1]
    assert "the name no-such-host.invalid is not known" in told


def test_silence_ends_in_time() -> None:
    ended = threading.Event()

    def silent(_: BaseHTTPRequestHandler) -> Answer:
        ended.wait(30)
        return 200, {}, b""

    with front(silent) as url:
        assert (1, "No usable answer within 0.1 s.") == first_failure(url, seconds=0.1)
        ended.set()
