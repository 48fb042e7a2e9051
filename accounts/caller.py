"""Who is calling, once authentication is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accounts.policy import Policy
from credentials.access import InfinityAccess, TokenFromEnvironment


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated client: as whom it acts, with which access to Infinity and which rights.

    `user_id` and `credential_id` are database ids, None for a caller from the environment.
    `ceiling` is what another consent could widen `policy` to, None where there is none.
    """

    user: str
    user_id: int | None
    profile: InfinityAccess
    policy: Policy
    credential: Literal["key", "oauth", "environment"]
    credential_id: int | None
    ceiling: Policy | None = None

    @classmethod
    def from_environment(cls, user: str, policy: Policy) -> Caller:
        """Whoever started this process, with INFINITY_API_TOKEN."""
        return cls(
            user=user,
            user_id=None,
            profile=TokenFromEnvironment(),
            policy=policy,
            credential="environment",
            credential_id=None,
        )
