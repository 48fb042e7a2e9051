from __future__ import annotations

import asyncio
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from credentials.errors import CredentialError
from credentials.management.base import CredentialsCommand
from credentials.models import Profile
from mcpserver.infinity import InfinityError
from mcpserver.upstream import Upstream


class Command(CredentialsCommand):
    help = "Asks Infinity, with each stored token, whose it is. Exits 1 if one does not work."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--id", help="only this profile")

    def handle(self, *args: Any, **options: Any) -> None:
        profiles = _profiles(options["id"])
        works = True
        for profile, answer in zip(profiles, asyncio.run(_owners(profiles)), strict=True):
            if isinstance(answer, Exception):
                works = False
                self.stdout.write(f"{profile.id}: FAILED: {answer}")
            else:
                profile.verified_at, profile.verified_as = timezone.now(), answer
                profile.save(update_fields=["verified_at", "verified_as"])
                self.stdout.write(f"{profile.id}: the token of {answer}")
        if not works:
            raise CommandError("Not every token works.")


def _profiles(id: str | None) -> list[Profile]:
    profiles = list(Profile.objects.filter(pk=id) if id else Profile.objects.all())
    if profiles:
        return profiles
    known = ", ".join(Profile.objects.values_list("pk", flat=True)) or "none yet"
    missing = f"no profile {id!r}" if id else "no profile"
    raise CommandError(f"There is {missing} ({known}): see manage.py credentials_add_profile.")


async def _owners(profiles: list[Profile]) -> list[str | Exception]:
    async with Upstream().opened() as upstream:
        return [await _owner(upstream, profile) for profile in profiles]


async def _owner(upstream: Upstream, profile: Profile) -> str | Exception:
    """Whose token it is, or why that could not be found out."""
    try:
        user = await upstream.client(profile, user="credentials_verify").get("profile")
    except (CredentialError, InfinityError) as error:
        return error
    name, email = user.get("name"), user.get("email")
    return f"{name} <{email}>" if name and email else str(name or email or f"#{user.get('id')}")
