"""Prints how to set up a client."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from infinity_mcp.core.paths import told
from mcpserver.connect.client_setup import CLIENTS, Server, client_setup, server_url
from mcpserver.management.base import mcp_url, setup_text


class Command(BaseCommand):
    help = "Prints how to set up a client for this server. The key itself is not printed."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--client", required=True, choices=CLIENTS)
        parser.add_argument("--url", help="https://mcp.example.org/mcp; default: from the settings")
        parser.add_argument(
            "--key-file", type=Path, metavar="FILE", help="the file that holds the key"
        )

    def handle(self, *, client: str, url: str | None, **options: Any) -> None:
        key_file: Path | None = options["key_file"]
        if key_file and not key_file.is_file():
            raise CommandError(f"--key-file: there is no file {key_file}.")
        server = Server(
            mcp_url(url or server_url()),
            key_file=str(told(key_file)) if key_file else "",
            folder=settings.BASE_DIR,
            python=sys.executable,
        )
        self.stdout.write(setup_text(client_setup(client, server)))
