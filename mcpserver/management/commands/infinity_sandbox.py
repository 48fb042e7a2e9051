"""Serves the embedded Infinity over HTTP, for trying out clients without an account."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from contextlib import suppress
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandError

from infinity_mcp.serving.listening import in_url, listen
from mcpserver.sandbox import TOKENS, Options, create_app
from mcpserver.sandbox.app import API
from mcpserver.sandbox.rules.faults import FAULTS, Faults


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
        listening = listen(options["host"], options["port"], names=("--host", "--port"))
        self._announce(listening[0])
        config = uvicorn.Config(app, http=faults.protocol(), log_level="warning", lifespan="off")
        with suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(listening)

    def _announce(self, listening: socket.socket) -> None:
        host, port = listening.getsockname()[:2]
        self.stdout.write(f"Infinity sandbox: http://{in_url(host)}:{port}{API}")
        self.stdout.write(f"Tokens: {', '.join(TOKENS)}")
        self.stdout.flush()
