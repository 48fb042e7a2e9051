"""Fills the configured database with API keys: `python -m tests.bench.keys fill 1000000`, or issues
some to MCP users of their own, and prints them: `python -m tests.bench.keys issue 16`."""

from __future__ import annotations

import secrets
import sys
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from accounts.models import McpUser

KEYS_OF_A_USER = 10
BATCH = 5_000


def fill(count: int) -> None:
    from django.db import connection, transaction

    with transaction.atomic():
        for start in range(0, count, BATCH):
            _add(min(BATCH, count - start))
    with connection.cursor() as cursor:
        # PostgreSQL would do that on its own soon, in the middle of the first round.
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")


def issue(count: int) -> None:
    for user in _users(count):
        print(user.issue_key()[1])


def _users(count: int) -> list[McpUser]:
    from accounts.models import McpUser
    from accounts.scopes import ACCESS
    from credentials.models import Profile

    rights = {"profile": Profile.objects.get(), "scopes": list(ACCESS["admin"])}
    return McpUser.objects.bulk_create(
        McpUser(name=f"user-{secrets.token_hex(8)}", **rights) for _ in range(count)
    )


def _add(count: int) -> None:
    from accounts.models import ApiKey

    users = _users(-(-count // KEYS_OF_A_USER))
    ApiKey.objects.bulk_create(
        ApiKey(user=users[n // KEYS_OF_A_USER], prefix="mcp_", digest=secrets.token_hex(32))
        for n in range(count)
    )


if __name__ == "__main__":
    django.setup()
    {"fill": fill, "issue": issue}[sys.argv[1]](int(sys.argv[2]))
