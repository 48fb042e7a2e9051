"""Who is calling, once authentication is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from accounts.policy import Policy
from credentials.access import InfinityAccess


@dataclass(frozen=True, kw_only=True)
class Caller:
    """An authenticated client: as whom it acts, with which access to Infinity and which rights.

    `user_id` and `credential_id` are database ids, None for a caller from the environment.
    """

    user: str
    user_id: int | None
    profile: InfinityAccess
    policy: Policy
    credential: Literal["key", "oauth", "environment"]
    credential_id: int | None
