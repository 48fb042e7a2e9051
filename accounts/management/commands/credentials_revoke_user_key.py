"""Revokes keys of an MCP user."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.base import IMPORTED, named_user
from accounts.models import McpUser
from credentials.management.base import CredentialsCommand


class Command(CredentialsCommand):
    help = "Revokes all keys of an MCP user, or one of them, within a second."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="of the MCP user")
        parser.add_argument(
            "--prefix", help="only the key that credentials_list shows with this prefix"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = named_user(options["name"])
        count = _revoke(user, options["prefix"])
        if not count:
            raise CommandError(f"Nothing to revoke: {_live_keys(user)}.")
        self.stdout.write(f"Revoked {count} key{'' if count == 1 else 's'} of {user.name}.")


def _revoke(user: McpUser, prefix: str | None) -> int:
    if prefix is None:
        return user.revoke_keys()
    return user.keys.live().filter(prefix="" if prefix == IMPORTED else prefix).revoke()


def _live_keys(user: McpUser) -> str:
    prefixes = [key.prefix or IMPORTED for key in user.keys.live()]
    return (
        f"the live keys of {user.name} are {', '.join(prefixes)}"
        if prefixes
        else (f"{user.name} has no live key")
    )
