"""Makes a new key for an MCP user and ends its other keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.base import NewKey, NewKeyCommand, expiry, named_user
from credentials.management.base import parse_duration


class Command(NewKeyCommand):
    help = "Gives an MCP user a new key; its other keys end at once, or after --grace."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="of the MCP user")
        parser.add_argument(
            "--grace", metavar="DURATION", help="how long the old keys still work, like 24h"
        )
        super().add_arguments(parser)

    def issue(self, options: dict[str, Any]) -> NewKey:
        """Make a key for the named user."""
        end = f"work for {options['grace']} at most" if _grace(options) else "are revoked"
        user = named_user(options["name"])
        told = f"MCP user {user.name} has a new key; its other keys {end}."
        return NewKey(*user.issue_key(options["label"], expiry(options)), told)

    def replace_others(self, new: NewKey, options: dict[str, Any]) -> None:
        """End the user's other keys, at once or when the grace period is over."""
        new.key.user.end_keys_before(new.key, _grace(options))


def _grace(options: dict[str, Any]) -> timedelta | None:
    return None if options["grace"] is None else parse_duration(options["grace"])
