"""Serves MCP over HTTP or standard input and output."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from typing import Any

import anyio
import uvicorn
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser, OutputWrapper

from credentials.errors import TokenUnreadable
from credentials.management.base import CredentialsCommand
from credentials.models import Profile
from credentials.schema import explain_unmigrated, migrate_once
from credentials.validators import clean_token, validate_base_url
from infinity_mcp.core.paths import runnable
from infinity_mcp.core.sqlite import database_file
from infinity_mcp.serving.listening import listen
from infinity_mcp.serving.uvicorn_server import AcceptingServer, Workers
from mcpserver.audit.metrics import shared_folder


class Command(CredentialsCommand):
    help = """Serve MCP: over HTTP on HOST:PORT, or with TRANSPORT=stdio on standard input and
    output (for one developer: INFINITY_API_TOKEN instead of profiles and keys, no database)."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--migrate",
            action="store_true",
            help="bring the database up to date first; of servers that start together, one does it"
            " and the others wait",
        )

    def handle(self, *, migrate: bool, **options: Any) -> None:
        match settings.TRANSPORT:
            case "http":
                self.check()
                if migrate:
                    migrate_once()
                self._serve_http()
            case "stdio":
                self._serve_stdio()
            case other:
                raise CommandError(f"TRANSPORT is {other!r}; use http or stdio.")

    def _serve_http(self) -> None:
        _refuse_unready()
        warn_of_unreadable(self.stderr)
        listening = listen(settings.HOST, settings.PORT)
        # After its shutdown uvicorn raises SIGTERM once more; the exit status is still to be 0.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        has_shared_metrics = settings.WORKERS > 1 and settings.METRICS_TOKEN
        with shared_folder() if has_shared_metrics else contextlib.nullcontext():
            self._run(listening)

    def _run(self, listening: list[socket.socket]) -> None:
        config = uvicorn.Config(
            "infinity_mcp.asgi:application",
            workers=settings.WORKERS,
            lifespan="on",
            server_header=False,
            access_log=False,
            log_config=None,  # settings.LOGGING
            http=_http_protocol(),
            proxy_headers=bool(settings.TRUSTED_PROXIES),
            forwarded_allow_ips=settings.TRUSTED_PROXIES,
            timeout_graceful_shutdown=60,
        )
        if settings.WORKERS > 1:
            Workers(config, listening).run()
            return
        config.load_app()  # while SIGTERM still ends the process at once
        with contextlib.suppress(KeyboardInterrupt):
            AcceptingServer(config).run(listening)

    def _serve_stdio(self) -> None:
        from mcpserver.protocol.stdio import serve

        if not settings.INFINITY_API_TOKEN:
            raise CommandError("Set INFINITY_API_TOKEN: stdio uses it instead of stored tokens.")
        clean_token(settings.INFINITY_API_TOKEN)
        try:
            validate_base_url(settings.INFINITY_API_BASE_URL)
        except ValidationError as error:
            raise CommandError(f"INFINITY_API_BASE_URL: {' '.join(error.messages)}") from error
        with contextlib.suppress(KeyboardInterrupt):
            anyio.run(serve)


def warn_of_unreadable(stderr: OutputWrapper) -> None:
    """Warn of profiles whose token cannot be read. Their users are refused; others are served."""
    if unreadable := Profile.objects.unreadable():
        stderr.write(f"Warning: {runnable(str(TokenUnreadable(*unreadable)))}")


def _refuse_unready() -> None:
    if unmigrated := explain_unmigrated():
        raise CommandError(unmigrated)
    Profile.objects.check_store_key()
    database_file.is_writable()  # logs why, if it is not


def require_free_port(host: str, port: int) -> None:
    """Raise CommandError where the server could not listen."""
    for each in listen(host, port):
        each.close()


def _http_protocol() -> Any:
    try:
        from infinity_mcp.serving.uvicorn_protocol import HttpProtocol
    except ImportError:  # without httptools, as on Windows; h11 limits headers itself
        return "h11"
    return HttpProtocol
