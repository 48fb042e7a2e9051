"""Replicas of the server, and the nginx of docs/deploy/nginx-replicas.conf in front of them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from tests.production.support import Service
from tests.programs import program
from tests.support import PLAIN, ROOT, Server, eventually, free_port, running_server

MAIN = """
user {user};
worker_processes 1;
error_log {log};
pid {folder}/nginx.pid;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/infinity-mcp.conf;
}}
"""


@dataclass
class Replica:
    """One server that can be restarted at the same address."""

    folder: Path
    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    _stack: ExitStack = field(default_factory=ExitStack)
    server: Server = field(init=False)

    def start(self) -> None:
        running = running_server(self.folder, PORT=str(self.port), **self.environment)
        self.server = self._stack.enter_context(running)

    def stop(self) -> int:
        """Its exit status."""
        self._stack.close()
        return int(self.server.process.returncode)

    def kill(self) -> None:
        self.server.process.kill()
        self.stop()


@dataclass
class Proxy:
    """nginx, configured as docs/deploy/nginx-replicas.conf says, but without TLS."""

    folder: Path
    replicas: list[Replica]
    port: int = field(default_factory=free_port)
    service: Service = field(init=False)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"

    @property
    def log(self) -> Path:
        """What nginx says of replicas that failed it."""
        return self.folder / "error.log"

    def start(self) -> None:
        nginx = program("nginx")
        main = self.folder / "nginx.conf"
        main.write_text(
            MAIN.format(folder=self.folder, log=self.log, user=os.environ.get("USER", "root"))
        )
        self.configure()
        command = [nginx, "-e", str(self.log), "-c", str(main), "-g", "daemon off;"]
        self.service = Service(command, self._answers)
        self.service.start()

    def without(self, replica: Replica) -> None:
        """Sends nothing new there."""
        self.configure(down=replica)
        self._reload()

    def with_all(self) -> None:
        self.configure()
        self._reload()

    def configure(self, down: Replica | None = None) -> None:
        text = (ROOT / "docs" / "deploy" / "nginx-replicas.conf").read_text()
        for port, replica in zip((3015, 3016, 3017), self.replicas, strict=True):
            word = " down" if replica is down else ""
            text = text.replace(f":{port} ", f":{replica.port}{word} ")
        # What newer ones (from 1.29.7 on) do unless told otherwise.
        text = text.replace("upstream infinity_mcp {", "upstream infinity_mcp { keepalive 32;")
        text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{self.port};")
        text = re.sub(r"\n +(ssl_|server_name).*", "", text)
        (self.folder / "infinity-mcp.conf").write_text(text)

    def _reload(self) -> None:
        """Returns when only workers with the new configuration take requests."""
        assert self.service.process
        before = self._workers()
        self.service.process.send_signal(1)
        eventually(lambda: self._workers() - before and not self._workers() & before)

    def _workers(self) -> set[str]:
        """Processes that are not about to end."""
        assert self.service.process
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.service.process.pid)],
            capture_output=True,
            text=True,
        ).stdout
        return {line.split()[0] for line in listed.splitlines() if "shutting down" not in line}

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.origin}/health", verify=PLAIN).is_success
        except httpx2.TransportError:
            return False


@contextmanager
def three_replicas(folder: Path, **environment: str) -> Iterator[Proxy]:
    """Ready behind their proxy, whose address is their public one."""
    environment = {"TRUSTED_PROXIES": "127.0.0.1", **environment}
    replicas = [Replica(folder, environment) for _ in range(3)]
    proxy = Proxy(folder, replicas)
    environment["OAUTH_PUBLIC_URL"] = proxy.origin
    with ExitStack() as stack:
        for replica in replicas:
            stack.callback(replica.stop)
            replica.start()
        proxy.start()
        stack.callback(proxy.service.stop)
        yield proxy
