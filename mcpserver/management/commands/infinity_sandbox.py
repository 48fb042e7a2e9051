"""Serves the embedded Infinity over HTTP, for trying out clients without an account."""

from __future__ import annotations

import errno
import socket
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError

from mcpserver.sandbox import TOKENS, Options, create_app
from mcpserver.sandbox.app import API
from mcpserver.sandbox.faults import FAULTS, Faults


class Command(BaseCommand):
    help = "Serve a sandboxed Infinity REST API. Its data lives until the command stops."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, required=True, help="0 takes any free port")
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            dest="options",
            metavar="NAME=VALUE",
            help="change one rule of the sandbox, e.g. create_status=200; may be repeated",
        )
        parser.add_argument(
            "--fault", choices=FAULTS, metavar="NAME", help="fail in this way until a reset"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rules = Options.parse(options["options"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        app = create_app(rules)
        faults: Faults = app.state.sandbox.faults
        faults.choose(options["fault"])
        listening = _listen(options["host"], options["port"])
        self._announce(listening)
        config = uvicorn.Config(app, http=faults.protocol(), log_level="warning", lifespan="off")
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[listening])

    def _announce(self, listening: socket.socket) -> None:
        host, port = listening.getsockname()[:2]
        address = f"[{host}]" if ":" in host else host
        self.stdout.write(f"Infinity sandbox: http://{address}:{port}{API}")
        self.stdout.write(f"Tokens: {', '.join(TOKENS)}")
        self.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as error:
        busy = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        reason = "the port is busy" if busy else str(error)
        raise CommandError(f"Cannot listen on {host}:{port}: {reason}") from error
