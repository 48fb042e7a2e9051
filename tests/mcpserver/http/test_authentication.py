"""Authentication by keys and tokens, and how long it is cached."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from datetime import datetime, timedelta
from urllib.parse import urlencode

import httpx2
import pytest
from django.conf import settings as django_settings
from django.db import Error as DatabaseError
from django.utils import timezone
from pytest_django import Settings
from starlette.types import Message

from accounts.models import McpUser, User
from credentials.models import Profile
from infinity_mcp import asgi
from infinity_mcp.core.async_database import in_thread
from mcpserver.http import app, authentication
from mcpserver.http.app import McpApp
from mcpserver.http.authentication import Authenticator
from tests.conftest import MakeUser
from tests.oauthbridge.support import hidden_token, http, session_of
from tests.support import (
    Infinity,
    Server,
    eventually,
    running_server,
)


def revoke(user: McpUser) -> None:
    user.revoke_keys()


def expire_key(user: McpUser) -> None:
    user.keys.update(expires_at=timezone.now() - timedelta(seconds=1))


def deactivate(user: McpUser) -> None:
    McpUser.objects.filter(pk=user.pk).update(active=False)


def expire_user(user: McpUser) -> None:
    McpUser.objects.filter(pk=user.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def deactivate_profile(user: McpUser) -> None:
    Profile.objects.filter(pk=user.profile_id).update(active=False)


def delete(user: McpUser) -> None:
    user.delete()


@pytest.mark.parametrize(
    "end", [revoke, expire_key, deactivate, expire_user, deactivate_profile, delete]
)
def test_a_key_is_refused_on_the_call_after_its_end(
    server: Server, make_user: MakeUser, end: object
) -> None:
    user, key = make_user()
    assert 200 == server.post(key).status_code
    assert callable(end)
    end(user)
    assert 401 == server.post(key).status_code


@pytest.fixture(scope="module")
def caching_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("caching"), CREDENTIAL_CACHE_SECONDS="1") as server:
        yield server


def test_a_key_that_ends_elsewhere_is_refused_soon(
    caching_server: Server, make_user: MakeUser
) -> None:
    user, key = make_user()
    assert 200 == caching_server.post(key).status_code
    user.revoke_keys()
    eventually(lambda: 401 == caching_server.post(key).status_code)


def test_a_key_that_ends_on_a_page_of_the_server_is_refused_at_once(
    caching_server: Server, make_user: MakeUser
) -> None:
    user, key = make_user()
    operator = User.objects.create_superuser("operator")
    cookies = {django_settings.SESSION_COOKIE_NAME: session_of(operator)}
    with http(base_url=caching_server.origin, cookies=cookies) as browser:
        token = hidden_token(browser.get(f"/connect/{user.pk}/").text)
        form = {"csrfmiddlewaretoken": token, "action": "revoke", "key": user.keys.get().pk}
        for _ in range(3):  # known again by then, if it was forgotten as a second passed
            assert 200 == caching_server.post(key).status_code
        assert 302 == browser.post(f"/connect/{user.pk}/", data=form).status_code
    assert 401 == caching_server.post(key).status_code


def test_a_change_is_answered_though_its_client_has_left(make_user: MakeUser) -> None:
    # With its answer begins that the change counts at once, so there must be one.
    user, _ = make_user()
    operator = User.objects.create_superuser("operator")
    cookie = f"{django_settings.SESSION_COOKIE_NAME}={session_of(operator)}; csrftoken={'x' * 32}"
    form = {"csrfmiddlewaretoken": "x" * 32, "action": "revoke", "key": user.keys.get().pk}
    told: list[Message] = [
        {"type": "http.request", "body": urlencode(form).encode(), "more_body": False},
        {"type": "http.disconnect"},
    ]
    answered: list[Message] = []

    async def receive() -> Message:
        return told.pop(0)

    async def send(message: Message) -> None:
        answered.append(message)

    headers = {
        "host": "127.0.0.1",
        "cookie": cookie,
        "content-type": "application/x-www-form-urlencoded",
    }
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": f"/connect/{user.pk}/",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    asyncio.run(asgi.application(scope, receive, send))
    assert 302 == answered[0]["status"]
    assert 0 == user.keys.live().count()


def end_of_key(user: McpUser, moment: datetime) -> None:
    user.keys.update(expires_at=moment)


def end_of_user(user: McpUser, moment: datetime) -> None:
    McpUser.objects.update(expires_at=moment)


@pytest.mark.parametrize("set_end", [end_of_key, end_of_user])
def test_a_known_key_is_refused_from_its_end_on(
    make_user: MakeUser,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    set_end: Callable[[McpUser, datetime], None],
) -> None:
    settings.CREDENTIAL_CACHE_SECONDS = 3600
    user, key = make_user()
    end = timezone.now() + timedelta(hours=1)
    set_end(user, end)

    async def authenticated() -> list[bool]:
        async with aclosing(Authenticator()) as authenticator:
            first = await authenticator.authenticate(key)
            monkeypatch.setattr(timezone, "now", lambda: end)
            return [caller is not None for caller in (first, await authenticator.authenticate(key))]

    assert [True, False] == asyncio.run(authenticated())


def test_a_key_that_ends_elsewhere_is_refused_a_second_later(
    make_user: MakeUser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CREDENTIAL_CACHE_SECONDS = 1
    user, key = make_user()

    async def authenticated() -> list[bool]:
        async with aclosing(Authenticator()) as authenticator:
            first = await authenticator.authenticate(key)
            await in_thread(user.revoke_keys)
            later = time.monotonic() + 1
            monkeypatch.setattr(time, "monotonic", lambda: later)
            return [caller is not None for caller in (first, await authenticator.authenticate(key))]

    assert [True, False] == asyncio.run(authenticated())


def test_what_was_asked_before_a_change_is_not_believed_after_it(
    make_user: MakeUser, settings: Settings
) -> None:
    settings.CREDENTIAL_CACHE_SECONDS = 3600
    user, key = make_user()

    async def authenticated() -> list[bool]:
        async with aclosing(Authenticator()) as authenticator:
            looking = asyncio.create_task(authenticator.authenticate(key))
            await asyncio.sleep(0)  # it begins to look
            authenticator.forget()
            first = await looking
            await in_thread(user.revoke_keys)
            return [caller is not None for caller in (first, await authenticator.authenticate(key))]

    assert [True, False] == asyncio.run(authenticated())


def test_a_database_that_does_not_answer_in_time_gives_no_answer(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "LOOK_UP_SECONDS", 0)

    async def authenticated() -> None:
        async with aclosing(Authenticator()) as authenticator:
            await authenticator.authenticate(key)

    with pytest.raises(DatabaseError, match="no answer in 0 s"):
        asyncio.run(authenticated())


def test_an_outage_of_the_database_is_told_once_whoever_asks(
    key: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def authenticated() -> None:
        async with aclosing(Authenticator()) as authenticator:
            with monkeypatch.context() as patch:
                patch.setattr(authentication, "LOOK_UP_SECONDS", 0)
                for credential in ("mcp_unknown", key, "mcp_unknown"):
                    with pytest.raises(DatabaseError):
                        await authenticator.authenticate(credential)
            assert await authenticator.authenticate(key)

    asyncio.run(authenticated())
    told = [record.getMessage() for record in caplog.records]
    assert [
        "The database did not answer; no credential can be checked: There was no answer in 0 s",
        "The database answers again",
    ] == told
    assert not any(record.exc_info for record in caplog.records)


def test_callers_looked_up_together_are_told_apart(make_user: MakeUser) -> None:
    names = [f"user-{n}" for n in range(10)]
    keys = [make_user(name)[1] for name in names]

    async def authenticated() -> list[str | None]:
        async with aclosing(Authenticator()) as authenticator:
            asked = [authenticator.authenticate(each) for each in (*keys, "mcp_unknown", *keys)]
            return [caller.user if caller else None for caller in await asyncio.gather(*asked)]

    assert [*names, None, *names] == asyncio.run(authenticated())


def test_a_key_that_ends_while_a_body_comes_makes_no_call(
    make_user: MakeUser, infinity: Infinity, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "REAUTHENTICATE_AFTER_SECONDS", 0.0)  # so that the test need not wait
    settings.CREDENTIAL_CACHE_SECONDS = 0.0
    user, key = make_user()
    place = {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"}
    call = {"name": "infinity_create_folder", "arguments": {**place, "name": "Late"}}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    async def statuses() -> list[int]:
        mcp, meanwhile = McpApp(), []
        transport = httpx2.ASGITransport(mcp)
        async with (
            mcp.running(),
            httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        ):

            async def revoked_meanwhile() -> AsyncIterator[bytes]:
                yield body[:10]
                await in_thread(user.revoke_keys)
                meanwhile.append((await client.post("/mcp", headers=headers)).status_code)
                yield body[10:]

            late = await client.post("/mcp", content=revoked_meanwhile(), headers=headers)
            return [*meanwhile, late.status_code]

    assert [401, 401] == asyncio.run(statuses())
    assert [] == infinity.requests()


def test_rotation_with_grace_keeps_both_keys(server: Server, make_user: MakeUser) -> None:
    user, old = make_user()
    _, new = user.rotate_key(grace=timedelta(hours=24))
    assert [200, 200] == [server.post(old).status_code, server.post(new).status_code]


def test_rotation_without_grace_ends_the_old_key(server: Server, make_user: MakeUser) -> None:
    user, old = make_user()
    _, new = user.rotate_key()
    assert [401, 200] == [server.post(old).status_code, server.post(new).status_code]
