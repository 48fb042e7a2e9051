"""The proxies of docs/deploy, as they are but for places and ports, in front of a real server."""

from __future__ import annotations

import datetime
import os
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from getpass import getuser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.programs import program
from tests.support import (
    PATIENCE_SECONDS,
    ROOT,
    eventually,
    free_port,
    running_program,
    running_server,
)

pytestmark = pytest.mark.any_database

DEPLOY = ROOT / "docs/deploy"
PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}


@dataclass(frozen=True)
class Proxy:
    url: str
    trust: ssl.SSLContext

    def post(self, message: object = PING, **headers: str) -> httpx2.Response:
        options: Any = {"verify": self.trust, "timeout": PATIENCE_SECONDS}
        return httpx2.post(self.url, json=message, headers=headers, **options)

    def has_certificate(self) -> bool:
        url = urlsplit(self.url)
        try:
            with socket.create_connection((url.hostname, url.port)) as plain:
                self.trust.wrap_socket(plain, server_hostname=url.hostname).close()
        except ssl.SSLError:
            return False
        return True


@contextmanager
def caddy(folder: Path, upstream: int, resolver: str = "") -> Iterator[Proxy]:
    """`resolver`: the address of a DNS server that knows where `infinity-mcp` is."""
    port = free_port()
    config = (DEPLOY / "Caddyfile").read_text()
    if resolver:
        refresh = "\t\t\trefresh 5s"
        assert refresh in config
        config = config.replace(refresh, f"{refresh}\n\t\t\tresolvers {resolver}")
    # It makes a certificate for localhost itself.
    here = f"{{\n\tadmin off\n\tskip_install_trust\n\thttp_port {free_port()}"
    (folder / "Caddyfile").write_text(config.replace("{", here, 1))
    with running_program(
        *(program("caddy"), "run", "--config", "Caddyfile", "--adapter", "caddyfile"),
        folder=folder,
        ready_url=f"http://127.0.0.1:{port}/",
        log=folder / "caddy.log",
        env={
            "PATH": os.environ["PATH"],
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "DOMAIN": f"localhost:{port}",
            "UPSTREAM": "infinity-mcp" if resolver else "localhost",
            "UPSTREAM_PORT": str(upstream),
        },
    ):
        root = folder / "caddy/pki/authorities/local/root.crt"
        eventually(root.exists)
        proxy = Proxy(f"https://localhost:{port}/mcp", ssl.create_default_context(cafile=root))
        eventually(proxy.has_certificate)
        yield proxy


@contextmanager
def nginx(folder: Path, upstream: int) -> Iterator[Proxy]:
    site = (DEPLOY / "nginx.conf").read_text()
    site = replaced(site, {"listen 80;": f"listen 127.0.0.1:{free_port()};"})
    with running_nginx(folder, site, {":3015;": f":{upstream};"}) as proxy:
        yield proxy


@contextmanager
def nginx_of_replicas(folder: Path, upstream: int) -> Iterator[Proxy]:
    site = (DEPLOY / "nginx-replicas.conf").read_text()
    # What newer ones (from 1.29.7 on) do unless told otherwise.
    site = replaced(site, {"upstream infinity_mcp {": "upstream infinity_mcp { keepalive 32;"})
    ports = {f":{port} ": f":{upstream} " for port in (3015, 3016, 3017)}
    with running_nginx(folder, site, ports) as proxy:
        yield proxy


@contextmanager
def running_nginx(folder: Path, site: str, upstreams: dict[str, str]) -> Iterator[Proxy]:
    port, plain = free_port(), free_port()
    certificate, key = make_certificate(folder)
    site = replaced(
        site,
        {
            **upstreams,
            "listen 443 ssl;": f"listen 127.0.0.1:{port} ssl;",
            "server_name mcp.example.org;": "server_name localhost;",
        },
    )
    site = re.sub(r"(ssl_certificate) .*;", rf"\1 {certificate};", site)
    site = re.sub(r"(ssl_certificate_key) .*;", rf"\1 {key};", site)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    ready = f"server {{ listen 127.0.0.1:{plain}; return 204; }}"
    (folder / "nginx.conf").write_text(
        # Whose folder it is: nginx keeps longer bodies there.
        f"user {getuser()}; daemon off; pid {folder}/pid; events {{}}"
        f" http {{ access_log off; {temporary} {ready} {site} }}"
    )
    with running_program(
        *(program("nginx"), "-p", str(folder), "-e", "stderr", "-c", str(folder / "nginx.conf")),
        folder=folder,
        ready_url=f"http://127.0.0.1:{plain}/",
        log=folder / "nginx.log",
        env={},
    ):
        trust = ssl.create_default_context(cafile=certificate)
        yield Proxy(f"https://localhost:{port}/mcp", trust)


def replaced(site: str, texts: dict[str, str]) -> str:
    for written, here in texts.items():
        assert written in site
        site = site.replace(written, here)
    return site


def make_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


Proxied = Callable[[int], Proxy]


@pytest.fixture(
    params=[caddy, nginx, nginx_of_replicas],
    ids=["caddy", "nginx", "nginx-replicas"],
)
def proxied(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proxied]:
    """Puts the proxy in front of a port."""
    start = request.param
    with ExitStack() as stack:
        yield lambda port: stack.enter_context(start(tmp_path, port))


@dataclass
class Upstream:
    """What arrives behind the proxy. A POST with `Test: stream` is answered with an event, and
    with another one as soon as `seen` is set; one with `Test: drop` is not answered at all. After
    `Test: keep` the connection stays open until the proxy closes it, unless that asked for its end;
    either sets `left`."""

    requests: list[dict[str, str]] = field(default_factory=list)
    seen: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def running(self) -> Iterator[int]:
        upstream = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                upstream.requests.append(
                    {name.lower(): text for name, text in self.headers.items()}
                )
                last = self.headers["Connection"] == "close"
                self.close_connection = last or self.headers["Test"] != "keep"
                if self.headers["Test"] == "stream":
                    self.stream()
                elif self.headers["Test"] == "keep":
                    self.send_response(202)
                    self.send_header("Content-Length", "0")
                    if last:
                        self.send_header("Connection", "close")
                    self.end_headers()

            def stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(b"data: first\n\n")
                if upstream.seen.wait(timeout=PATIENCE_SECONDS):
                    self.wfile.write(b"data: second\n\n")

            def finish(self) -> None:
                super().finish()
                upstream.left.set()

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield server.server_port
            server.shutdown()


def test_keys_reach_the_server_and_strangers_do_not(
    proxied: Proxied, tmp_path: Path, key: str
) -> None:
    with running_server(tmp_path, ALLOWED_HOSTS="localhost,127.0.0.1") as server:
        proxy = proxied(server.port)

        assert 401 == proxy.post().status_code
        answer = proxy.post(Authorization=f"Bearer {key}")
        assert (200, {}) == (answer.status_code, answer.json()["result"])


def test_a_stranger_who_sends_much_gets_the_challenge_too(
    proxied: Proxied, tmp_path: Path, key: str
) -> None:
    """Caddy 2.6 loses an answer that comes while it is still passing the body on."""
    large = {**PING, "params": {"filler": "x" * 2_000_000}}
    with running_server(tmp_path, ALLOWED_HOSTS="localhost,127.0.0.1") as server:
        proxy = proxied(server.port)
        for _ in range(10):
            answer = proxy.post(large)
            assert 401 == answer.status_code
            assert "Bearer" in answer.headers["www-authenticate"]
            assert "-32600" in answer.text


def test_events_arrive_as_they_are_made_with_the_caller_s_own_address(proxied: Proxied) -> None:
    upstream = Upstream()
    told = {"Authorization": "Bearer x", "X-Forwarded-For": "192.0.2.1", "Test": "stream"}
    with upstream.running() as port:
        proxy = proxied(port)
        with httpx2.stream(
            "POST", proxy.url, json=PING, headers=told, verify=proxy.trust, timeout=PATIENCE_SECONDS
        ) as answer:
            lines = answer.iter_lines()
            assert "data: first" == next(lines)
            upstream.seen.set()
            assert "data: second" in list(lines)

    (request,) = upstream.requests
    assert "Bearer x" == request["authorization"]
    assert request["host"].startswith("localhost")
    assert ("127.0.0.1", "https") == (request["x-forwarded-for"], request["x-forwarded-proto"])


def test_idle_connections_are_left_before_the_server_closes_them(proxied: Proxied) -> None:
    upstream = Upstream()
    server_closes_after = uvicorn.Config("", log_config=None).timeout_keep_alive
    with upstream.running() as port:
        assert 202 == proxied(port).post(test="keep").status_code
        assert upstream.left.wait(timeout=server_closes_after - 1)


def test_what_may_have_been_done_is_not_sent_again(proxied: Proxied) -> None:
    upstream = Upstream()
    with upstream.running() as port:
        assert 502 == proxied(port).post(test="drop").status_code

    assert 1 == len(upstream.requests)
