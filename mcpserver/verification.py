"""Whose a stored Infinity token is and what it sees: asked of Infinity, noted in the profile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from credentials.errors import CredentialError
from credentials.events import EventKind, announce
from credentials.models import Profile
from mcpserver.audit import kind_of
from mcpserver.infinity import InfinityClient, InfinityError
from mcpserver.upstream import Upstream


@dataclass(frozen=True)
class Verification:
    """What Infinity answered for a profile's token; `problem` says why it could not be used, and
    `error` that in a word."""

    profile: Profile
    owner: str = ""
    workspaces: tuple[str, ...] = ()
    problem: str = ""
    error: str = ""

    def __str__(self) -> str:
        if self.problem:
            return self.problem
        seen = ", ".join(self.workspaces) or "none"
        return f"the token of {self.owner}; it sees the workspaces: {seen}"


def verify(profiles: Sequence[Profile]) -> list[Verification]:
    """Ask with each profile's token, one after the other. Not for use within an event loop."""
    found = asyncio.run(_ask_for_all(profiles))
    for each in found:
        if each.problem:
            announce(EventKind.VERIFICATION_FAILED, f"profile {each.profile}", each.error)
        else:
            each.profile.note_verified(each.owner)
    return found


async def _ask_for_all(profiles: Sequence[Profile]) -> list[Verification]:
    async with Upstream().opened() as upstream:
        return [await _ask(upstream, profile) for profile in profiles]


async def _ask(upstream: Upstream, profile: Profile) -> Verification:
    try:
        api = upstream.client(profile, user="credentials_verify")
        return Verification(profile, await _owner(api), await _workspaces(api))
    except (CredentialError, InfinityError) as error:
        return Verification(profile, problem=str(error), error=kind_of(error))


async def _owner(api: InfinityClient) -> str:
    user = await api.get("profile")
    name, email = user.get("name"), user.get("email")
    return f"{name} <{email}>" if name and email else str(name or email or f"#{user.get('id')}")


async def _workspaces(api: InfinityClient) -> tuple[str, ...]:
    return tuple([str(record.get("name")) async for record in api.walk("workspaces")])
