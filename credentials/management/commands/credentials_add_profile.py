"""Adds a profile with its Infinity token, or replaces one."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from credentials import store
from credentials.management.base import CredentialsCommand, add_scope_arguments, given_scopes
from credentials.models import Profile
from credentials.validators import SANDBOX_TOKEN, SANDBOX_URL


class Command(CredentialsCommand):
    help = (
        "Stores an Infinity token, encrypted, as a profile for MCP users. Without --token or"
        " --token-file the token is read from standard input or a prompt."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--id", required=True, help="letters, digits, - and _, like local")
        parser.add_argument(
            "--name", help='for people, like "Local Infinity"; needed unless --replace keeps it'
        )
        token = parser.add_mutually_exclusive_group()
        token.add_argument(
            "--token", help="- reads standard input; a token here is visible in process lists"
        )
        token.add_argument("--token-file", type=Path, metavar="FILE")
        parser.add_argument(
            "--base-url", help="of the Infinity API; sandbox: is the built-in sandbox"
        )
        parser.add_argument("--api-version", help="sent as X-API-Version")
        add_scope_arguments(parser, required=False)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="replace the token of an existing profile, and its other values that are given",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        profile = _described(options)
        store.store_keys()  # fails before the token is typed
        token = self._token(options, profile)
        with transaction.atomic():
            profile = _described(options)  # again: the prompt may have been open for long
            profile.set_token(token)
            profile.save(force_insert=profile._state.adding)
        self.stdout.write(f"Stored profile {profile.id} ({profile.api_base_url}).")

    def _token(self, options: dict[str, Any], profile: Profile) -> str:
        token: str | None = options["token"]
        if token is not None and token != "-":
            self.stderr.write(
                "Warning: other users of this machine can see a token given as an argument."
                " --token-file, standard input and the prompt are safer."
            )
            return token
        if options["token_file"]:
            return _read_file(options["token_file"])
        if token is None and profile.base_url == SANDBOX_URL:
            return SANDBOX_TOKEN
        return _read_stdin_or_ask(ask=token is None)


def _described(options: dict[str, Any]) -> Profile:
    """The profile with the values of the arguments, but without the token."""
    profile = Profile.objects.filter(pk=options["id"]).first()
    if profile and not options["replace"]:
        raise CommandError(f"Profile {profile.id} exists: add --replace to give it another token.")
    if profile is None and options["name"] is None:
        raise CommandError(f"There is no profile {options['id']} yet: give the new one a --name.")
    profile = profile or Profile(pk=options["id"])
    given = {
        "name": options["name"],
        "base_url": options["base_url"],
        "version": options["api_version"],
        "scopes": given_scopes(options),
    }
    for field, value in given.items():
        if value is not None:
            setattr(profile, field, value)
    profile.full_clean(exclude=["encrypted_token"])
    return profile


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"Cannot read {path}: {error.strerror}.") from error


def _read_stdin_or_ask(*, ask: bool) -> str:
    try:
        if ask and sys.stdin and sys.stdin.isatty():
            return getpass.getpass("Infinity token (not shown): ")
        return sys.stdin.read() if sys.stdin else ""
    except (EOFError, KeyboardInterrupt):
        raise CommandError("No token was entered: nothing was stored.") from None
