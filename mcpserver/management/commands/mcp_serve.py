from __future__ import annotations

import logging
import signal
import socket
import sys
from typing import Any

import anyio
import uvicorn
from django.conf import settings
from django.core.management.base import CommandError

from credentials.database import is_migrated
from credentials.management.base import CredentialsCommand
from credentials.models import Profile


class Command(CredentialsCommand):
    help = """Serve MCP: over HTTP on HOST:PORT, or with TRANSPORT=stdio on standard input and
    output (for one developer: INFINITY_API_TOKEN instead of profiles and keys, no database)."""

    def handle(self, **options: Any) -> None:
        match settings.TRANSPORT:
            case "http":
                self.check()
                self._serve_http()
            case "stdio":
                self._serve_stdio()
            case other:
                raise CommandError(f"TRANSPORT is {other!r}; use http or stdio.")

    def _serve_http(self) -> None:
        _refuse_unready()
        require_free_port(settings.HOST, settings.PORT)
        # uvicorn raises the signal that stopped it once more, when all is done (security.md 25).
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        uvicorn.run(
            "infinity_mcp.asgi:application",
            host=settings.HOST,
            port=settings.PORT,
            workers=settings.WORKERS,
            lifespan="on",
            server_header=False,
            access_log=False,
            log_level="info",
            proxy_headers=bool(settings.TRUSTED_PROXIES),
            forwarded_allow_ips=settings.TRUSTED_PROXIES,
            timeout_graceful_shutdown=60,
        )

    def _serve_stdio(self) -> None:
        from mcpserver.stdio import serve

        if not settings.INFINITY_API_TOKEN:
            raise CommandError("Set INFINITY_API_TOKEN: over stdio it is the token that is used.")
        # Standard output belongs to the protocol.
        logging.basicConfig(stream=sys.stderr, level=logging.WARNING, force=True)
        anyio.run(serve)


def _refuse_unready() -> None:
    if not is_migrated():
        raise CommandError("The database is not up to date: run manage.py migrate.")
    Profile.objects.check_store_key()


def require_free_port(host: str, port: int) -> None:
    """Raise CommandError when it is taken: uvicorn's workers would each fail on it, without end."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        if sys.platform != "win32":  # where it would take the port away from its holder
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CommandError(
                f"Cannot listen on {host}:{port} ({reason}): is Infinity MCP running already?"
                " Otherwise set another PORT."
            ) from error
