"""Defines `Caller`: who makes a call, with which profile and rights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from accounts.policy import Policy
from credentials.access import InfinityAccess, TokenFromEnvironment


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated client: its MCP user, its access to Infinity and its rights.

    `user_id` and `credential_id` are database ids, None for a caller from the environment.
    `ceiling` is the most that a new consent could widen `policy` to, None if there is no consent.
    `wider` is the policy before the connection narrowed it, None if it did not.
    """

    user: str
    user_id: int | None
    profile: InfinityAccess
    policy: Policy
    credential: Literal["key", "oauth", "environment"]
    credential_id: int | None
    ceiling: Policy | None = None
    wider: Policy | None = None

    def narrowed_to(self, tools: frozenset[str]) -> Caller:
        """The same caller, for a connection that asks for these tools only."""
        narrowed = self.policy.narrowed_by(Policy(self.policy.scopes, tools))
        return replace(self, policy=narrowed, wider=self.policy)

    @classmethod
    def from_environment(cls, user: str, policy: Policy) -> Caller:
        """The caller in stdio mode: the user who started this process, with INFINITY_API_TOKEN."""
        return cls(
            user=user,
            user_id=None,
            profile=TokenFromEnvironment(),
            policy=policy,
            credential="environment",
            credential_id=None,
        )
