"""Runs the four checks of an installation."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mcpserver.management.base import (
    check_line,
    mcp_url,
    read_key,
    run_checks_quietly,
    run_interruptibly,
)


class Command(BaseCommand):
    help = """Check from outside, as a client, that a server works: /health answers, /mcp refuses
    requests without a key and works with it, infinity_get_profile works. Exits 1 if one fails."""
    requires_system_checks = ()  # it may be run where no server is configured

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="https://mcp.example.org or …/mcp")
        parser.add_argument(
            "--key-file", required=True, type=Path, help="file with the MCP API key"
        )

    def handle(self, *, url: str, key_file: Path, **options: Any) -> None:
        tried, key = mcp_url(url), read_key(key_file)
        if url.rstrip("/") != tried:
            self.stdout.write(f"/mcp was added to --url: enter {tried} in clients.")
        if not run_interruptibly(self._report(tried, key)):
            raise CommandError("Not every check passed.")

    async def _report(self, url: str, key: str) -> bool:
        passed = True
        self.stdout.write(f"{url}")
        async for check in run_checks_quietly(url, key):
            passed = passed and check.passed
            self.stdout.write(f"  {check_line(check)}")
        return passed
