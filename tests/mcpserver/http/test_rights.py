"""Callers do what their scopes, tools and profile allow, and see no secret of others."""

from __future__ import annotations

import asyncio

import pytest
from django.conf import settings as django_settings

from credentials.models import Profile
from mcpserver.sandbox import ADA_TOKEN, CAROL_TOKEN
from tests.conftest import MakeProfile, MakeUser
from tests.support import (
    Server,
    data_of,
    database_dump,
    text_of,
)


@pytest.mark.parametrize("tool", ["infinity_create_item", "infinity_archive_item"])
def test_a_tool_beyond_the_scopes_is_refused_before_a_token_is_opened(
    server: Server, make_user: MakeUser, tool: str
) -> None:
    user, key = make_user("bob", "read-only")
    # A token that cannot be opened would be reported, if anyone tried to open it.
    Profile.objects.filter(pk=user.profile_id).update(encrypted_token="damaged")
    result = server.call(
        key, tool, workspace_id="1", board_id="Hq7wTz3KfPa", item_id="i", folder_id="m4XcVb9RtQe"
    )
    scope = "infinity:write" if "create" in tool else "infinity:admin"
    assert result.is_error
    assert f"{tool} needs the scope {scope}; bob has infinity:read" in text_of(result)


def test_a_profile_caps_the_scopes_of_its_users(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    capped = make_profile("capped", scopes=["infinity:read"])
    _, key = make_user("bob", "admin", profile=capped)
    assert "infinity_create_item" not in server.tools(key)


def test_only_allowed_tools_are_listed_and_callable(server: Server, make_user: MakeUser) -> None:
    _, key = make_user("bob", allowed_tools=["infinity_get_profile"])
    assert ["infinity_get_profile"] == server.tools(key)
    refused = server.call(key, "infinity_list_workspaces")
    assert refused.is_error
    assert "is not among the tools that bob may use" in text_of(refused)


def test_an_unreadable_token_is_told_and_harms_nobody_else(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    _, fine = make_user("alice")
    damaged = make_profile("damaged")
    Profile.objects.filter(pk="damaged").update(encrypted_token="x")
    _, broken = make_user("bob", profile=damaged)
    result = server.call(broken, "infinity_get_profile")
    assert result.is_error
    assert "The stored Infinity token of damaged cannot be read" in text_of(result)
    assert not server.call(fine, "infinity_get_profile").is_error


def test_a_ciphertext_swapped_between_profiles_is_refused(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    make_profile("ada", ADA_TOKEN)
    carol = make_profile("carol", CAROL_TOKEN)
    _, key = make_user("charlie", profile=carol)
    Profile.objects.filter(pk="carol").update(
        encrypted_token=Profile.objects.get(pk="ada").encrypted_token
    )
    result = server.call(key, "infinity_get_profile")
    assert result.is_error and "cannot be read" in text_of(result)


def test_fifty_interleaved_calls_see_only_their_own(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    _, alice = make_user("alice", profile=make_profile("ada", ADA_TOKEN))
    _, charlie = make_user("charlie", profile=make_profile("carol", CAROL_TOKEN))

    async def names(key: str) -> str:
        async with server.connected(key) as client:
            result = await client.call_tool("infinity_get_profile", {"response_format": "json"})
        return str(data_of(result)["email"])

    async def interleaved() -> list[str]:
        return await asyncio.gather(*(names([alice, charlie][n % 2]) for n in range(50)))

    assert ["ada@example.org", "carol@example.org"] * 25 == asyncio.run(interleaved())


def test_neither_database_nor_log_holds_a_secret_in_plain_text(
    server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    token = "sandbox-ada"
    _, key = make_user(profile=make_profile("ada", token))
    server.call(key, "infinity_get_profile")
    server.call(key, "infinity_get_board", workspace_id="1", board_id="../x")
    server.post("mcp_wrong-but-noticeable")
    database = database_dump()
    secrets = (key, token, "mcp_wrong-but-noticeable", *django_settings.CREDENTIAL_STORE_KEYS)
    for place in (database, server.log.read_text()):
        for secret in secrets:
            assert secret not in place
