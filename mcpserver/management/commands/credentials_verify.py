"""Verifies stored Infinity tokens by asking Infinity."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from credentials.management.base import CredentialsCommand
from credentials.models import Profile
from infinity_mcp.core.paths import runnable
from mcpserver.gateway.verification import verify


class Command(CredentialsCommand):
    help = "Asks Infinity, with each stored token, whose it is. Exits 1 if one does not work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--id", help="only this profile")

    def handle(self, *args: Any, **options: Any) -> None:
        found = verify(_profiles(options["id"]))
        for each in found:
            failed = "FAILED: " if each.problem else ""
            self.stdout.write(f"{each.profile.id}: {failed}{runnable(str(each))}")
        if any(each.problem for each in found):
            raise CommandError("Not every token works.")


def _profiles(id: str | None) -> list[Profile]:
    profiles = list(Profile.objects.filter(pk=id) if id else Profile.objects.all())
    if profiles:
        return profiles
    known = ", ".join(Profile.objects.values_list("pk", flat=True)) or "none yet"
    missing = f"no profile {id!r}" if id else "no profile"
    raise CommandError(
        f"There is {missing} ({known}). To store one:"
        " `manage.py credentials_add_profile --id ID --name NAME`"
    )
