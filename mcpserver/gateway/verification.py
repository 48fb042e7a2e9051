"""Verifies stored tokens: asks Infinity whose they are and notes that in their profiles."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from credentials.errors import CredentialError
from credentials.models import Profile
from infinity_mcp.core.events import EventKind, announce
from mcpserver.audit.log import kind_of
from mcpserver.gateway.clients import Upstream
from mcpserver.infinity import InfinityClient, InfinityError
from mcpserver.infinity.errors import (
    BadAnswer,
    NotFound,
    RateLimited,
    Refused,
    RemovedInVersion,
    TokenRefused,
)

CHECK_THE_URL = (
    "Check the base URL, which ends in /api/v2 (https://app.startinfinity.com/api/v2), and the API"
    " version."
)


@dataclass(frozen=True)
class Verification:
    """What Infinity answered for a profile's token. When it does not work, `problem` says why, and
    `error` says so in one word."""

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
    """Verify each profile's token, one after the other. Not for use within an event loop."""
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
        return Verification(profile, problem=_explained(profile, error), error=kind_of(error))


def _explained(profile: Profile, error: CredentialError | InfinityError) -> str:
    """The error in words for an operator; its own text is for the model that called a tool."""
    url = profile.api_base_url
    match error:
        case CredentialError():
            return str(error)
        case TokenRefused():
            return (
                f"Infinity refused the Infinity token ({error.status}): it was revoked, has expired"
                f" or belongs to another Infinity than {url}. To store another:"
                f" `manage.py credentials_add_profile --id {profile.id} --replace`"
            )
        case RateLimited():
            return f"Infinity's rate limit is reached ({error.status}): try again in a minute."
        case NotFound() | RemovedInVersion():
            return f"{url} does not know this request ({error.status}). {CHECK_THE_URL}"
        case Refused():
            return f"{url} answered {error.status}: check in a browser whether Infinity works."
        case BadAnswer():
            return f"{url} did not answer as Infinity's API does. {CHECK_THE_URL}"
        case _:
            return f"{str(error).partition('. ')[0].rstrip('.')}. Check {url} and the network here."


async def _owner(api: InfinityClient) -> str:
    user = await api.get("profile")
    name, email = user.get("name"), user.get("email")
    return f"{name} <{email}>" if name and email else str(name or email or f"#{user.get('id')}")


async def _workspaces(api: InfinityClient) -> tuple[str, ...]:
    return tuple([str(record.get("name")) async for record in api.walk("workspaces")])
