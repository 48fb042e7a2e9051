from __future__ import annotations

import contextlib
import errno
import signal
import socket
import sys
from typing import Any

import anyio
import uvicorn
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser, OutputWrapper

from credentials.database import is_migrated, migrate_once
from credentials.errors import TokenUnreadable
from credentials.management.base import CredentialsCommand
from credentials.management.places import runnable
from credentials.models import Profile
from credentials.validators import clean_token, validate_base_url
from infinity_mcp.accepting import AcceptingServer, Workers
from infinity_mcp.sqlite import database_file
from mcpserver.metrics import shared_folder


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
        require_free_port(settings.HOST, settings.PORT)
        # uvicorn raises the signal that stopped it once more, when all is done (security.md 25).
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        has_shared_metrics = settings.WORKERS > 1 and settings.METRICS_TOKEN
        with shared_folder() if has_shared_metrics else contextlib.nullcontext():
            self._run()

    def _run(self) -> None:
        config = uvicorn.Config(
            "infinity_mcp.asgi:application",
            host=settings.HOST,
            port=settings.PORT,
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
            Workers(config, sockets=[config.bind_socket()]).run()
            return
        config.load_app()  # while SIGTERM still ends the process at once
        with contextlib.suppress(KeyboardInterrupt):
            AcceptingServer(config).run()

    def _serve_stdio(self) -> None:
        from mcpserver.stdio import serve

        if not settings.INFINITY_API_TOKEN:
            raise CommandError("Set INFINITY_API_TOKEN: over stdio it is the token that is used.")
        clean_token(settings.INFINITY_API_TOKEN)
        try:
            validate_base_url(settings.INFINITY_API_BASE_URL)
        except ValidationError as error:
            raise CommandError(f"INFINITY_API_BASE_URL: {' '.join(error.messages)}") from error
        with contextlib.suppress(KeyboardInterrupt):
            anyio.run(serve)


def warn_of_unreadable(stderr: OutputWrapper) -> None:
    """Their users are refused; the others are served."""
    if unreadable := Profile.objects.unreadable():
        stderr.write(f"Warning: {runnable(str(TokenUnreadable(*unreadable)))}")


def _refuse_unready() -> None:
    if not is_migrated():
        raise CommandError("The database is not up to date: run `manage.py migrate`.")
    Profile.objects.check_store_key()
    database_file.is_writable()  # or the log says why not


def require_free_port(host: str, port: int) -> None:
    """Raise CommandError when it is taken: uvicorn's workers would each fail on it, without end."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":  # where it would take the port away from its holder
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            raise CommandError(_unusable(host, port, error)) from error


def _http_protocol() -> Any:
    try:
        from infinity_mcp.http import HttpProtocol
    except ImportError:  # Windows has no httptools here; h11 bounds headers itself
        return "h11"
    return HttpProtocol


def _unusable(host: str, port: int, error: OSError | OverflowError) -> str:
    reason = error.strerror if isinstance(error, OSError) else "ports go from 1 to 65535"
    problem = f"Cannot listen on {host}:{port} ({reason})"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"{problem}: is Infinity MCP running already? Otherwise set another PORT."
    return f"{problem}: set another HOST or PORT."
