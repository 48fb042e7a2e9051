from __future__ import annotations

import asyncio
import logging
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from mcpserver.proofs import endpoint, prove


class Command(BaseCommand):
    help = """Prove that a server works, from outside as a client would: /health answers, /mcp
    refuses strangers, /mcp works with the key, infinity_get_profile works. Exits 1 if one fails."""
    requires_system_checks = ()  # it may be run where no server is configured

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--url", required=True, help="https://mcp.example.org or …/mcp")
        parser.add_argument(
            "--key-file", required=True, type=Path, help="file with the MCP API key"
        )

    def handle(self, *, url: str, key_file: Path, **options: Any) -> None:
        try:
            mcp_url = endpoint(url)
            key = key_file.read_text(encoding="ascii").strip()
        except UnicodeDecodeError as error:
            raise CommandError(f"--key-file: {key_file} does not hold a key.") from error
        except ValueError as error:
            raise CommandError(f"--url: {error}") from error
        except OSError as error:
            raise CommandError(f"--key-file: {key_file}: {error.strerror}.") from error
        if not key:
            raise CommandError(f"--key-file: {key_file} is empty.")
        logging.getLogger("mcp").setLevel(logging.CRITICAL)  # the table says what failed
        if not asyncio.run(self._report(mcp_url, key)):
            raise CommandError("Not every proof passed.")

    async def _report(self, url: str, key: str) -> bool:
        passed = True
        self.stdout.write(f"{url}")
        async for proof in prove(url, key):
            passed = passed and proof.passed
            word = "ok" if proof.passed else "FAILED"
            self.stdout.write(f"  {word:<6}  {proof.name:<35}  {proof.found}")
        return passed
