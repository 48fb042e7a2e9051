from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.management.base import NewKeyCommand, expiry, named_user
from credentials.management.base import parse_duration


class Command(NewKeyCommand):
    help = "Gives an MCP user a new key; its other keys die at once, or when --grace is over."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="of the MCP user")
        parser.add_argument(
            "--grace", metavar="DURATION", help="how long the old keys still work, like 24h"
        )
        super().add_arguments(parser)

    def make_key(self, options: dict[str, Any]) -> tuple[str, str]:
        grace = None if options["grace"] is None else parse_duration(options["grace"])
        user = named_user(options["name"])
        _, text = user.rotate_key(grace, options["label"], expiry(options))
        end = f"work for {options['grace']} at most" if grace else "are revoked"
        return f"MCP user {user.name} has a new key; its other keys {end}.", text
