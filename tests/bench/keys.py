"""Fills the configured database with API keys: `python -m tests.bench.keys 1000000`."""

from __future__ import annotations

import secrets
import sys

import django

KEYS_OF_A_USER = 10
BATCH = 5_000


def main(count: int) -> None:
    from django.db import transaction

    with transaction.atomic():
        for start in range(0, count, BATCH):
            _add(min(BATCH, count - start))


def _add(count: int) -> None:
    from accounts.models import ApiKey, McpUser
    from accounts.scopes import ACCESS
    from credentials.models import Profile

    rights = {"profile": Profile.objects.get(), "scopes": list(ACCESS["admin"])}
    users = McpUser.objects.bulk_create(
        McpUser(name=f"user-{secrets.token_hex(8)}", **rights)
        for _ in range(-(-count // KEYS_OF_A_USER))
    )
    ApiKey.objects.bulk_create(
        ApiKey(user=users[n // KEYS_OF_A_USER], prefix="mcp_", digest=secrets.token_hex(32))
        for n in range(count)
    )


if __name__ == "__main__":
    django.setup()
    main(int(sys.argv[1]))
