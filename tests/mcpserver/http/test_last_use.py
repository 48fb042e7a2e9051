"""The last use of a key is noted, and holds up no call."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiKey, McpUser
from mcpserver.http.authentication import Authenticator
from tests.conftest import MakeUser
from tests.support import (
    Server,
    eventually,
)

NOT_NOTED = "The last use of a credential could not be noted"


def last_use_of(user: McpUser) -> datetime | None:
    return ApiKey.objects.get(user=user).last_used_at


def test_use_of_a_key_is_noted(server: Server, make_user: MakeUser) -> None:
    user, key = make_user()
    server.post(key)
    used = eventually(lambda: last_use_of(user))
    assert used is not None and timezone.now() - used < timedelta(seconds=10)


def test_a_call_waits_for_nobody_who_writes_where_its_use_is_to_be_noted(
    server: Server, make_user: MakeUser
) -> None:
    user, key = make_user()
    refused = server.log.read_text().count(NOT_NOTED)
    with transaction.atomic():
        ApiKey.objects.filter(user=user).update(label="locked")
        assert 200 == server.post(key).status_code
        assert refused == server.log.read_text().count(NOT_NOTED)
        assert last_use_of(user) is None
    assert eventually(lambda: last_use_of(user))


def test_the_use_of_a_key_is_noted_though_the_server_ends(make_user: MakeUser) -> None:
    user, key = make_user()

    async def use() -> None:
        async with aclosing(Authenticator()) as authenticator:
            await authenticator.authenticate(key)

    asyncio.run(use())
    assert last_use_of(user)
