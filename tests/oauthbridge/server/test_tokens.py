"""How long tokens live, and what ends them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import httpx2
import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings

from accounts.models import McpUser, User
from accounts.scopes import READ, SCOPES
from credentials.models import Profile
from mcpserver.gateway.clients import Upstream
from mcpserver.protocol.server import InfinityServer
from oauthbridge.models import AccessToken, Connection, RefreshToken
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import MakePerson
from tests.oauthbridge.support import Flow, client
from tests.support import ROOT, eventually


def deactivate_person(connection: Connection) -> None:
    User.objects.update(is_active=False)


def deactivate_user(connection: Connection) -> None:
    McpUser.objects.update(active=False)


def deactivate_profile(connection: Connection) -> None:
    Profile.objects.update(active=False)


def withdraw_permission(connection: Connection) -> None:
    connection.mcp_user.people.clear()


def revoke(connection: Connection) -> None:
    connection.revoke()


def delete(connection: Connection) -> None:
    connection.delete()


def delete_client(connection: Connection) -> None:
    connection.application.delete()


def reach_the_absolute_end(connection: Connection) -> None:
    start = timezone.now() - settings.OAUTH_CONNECTION_LIFETIME
    Connection.objects.update(created_at=start)


@pytest.mark.parametrize(
    "end",
    [
        deactivate_person,
        deactivate_user,
        deactivate_profile,
        withdraw_permission,
        revoke,
        delete,
        delete_client,
        reach_the_absolute_end,
    ],
)
def test_what_ends_a_connection_ends_its_tokens_at_once(
    flow: Flow, ada: User, end: Callable[[Connection], None]
) -> None:
    tokens = flow.tokens(ada)
    assert 200 == flow.server.post(tokens["access_token"]).status_code
    end(Connection.objects.get())
    assert 401 == flow.server.post(tokens["access_token"]).status_code
    assert flow.refresh(tokens["refresh_token"]).status_code in (400, 401)


def expire(connection: Connection) -> None:
    AccessToken.objects.update(expires=timezone.now())


@pytest.mark.parametrize("end", [expire, revoke, deactivate_user])
def test_a_token_that_ended_is_no_guess_and_its_holder_is_told_what_to_do(
    flow: Flow, ada: User, end: Callable[[Connection], None]
) -> None:
    """More are refused than there may be wrong keys; none is throttled."""
    token = flow.tokens(ada)["access_token"]
    end(Connection.objects.get())
    answers = [flow.server.post(token) for _ in range(30)]
    assert {401} == {answer.status_code for answer in answers}
    assert "expired or revoked: sign in again, or send a live key" in answers[-1].text
    assert "sign in, or send" in flow.server.post().text.lower()


def test_a_code_dies_with_the_permission_of_its_person(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    ada.mcp_users.clear()
    assert "invalid_grant" == flow.exchange(code).json()["error"]


def test_an_access_token_lives_an_hour(flow: Flow, ada: User) -> None:
    tokens = flow.tokens(ada)
    assert 3600 == tokens["expires_in"]
    AccessToken.objects.update(expires=timezone.now())
    assert 401 == flow.server.post(tokens["access_token"]).status_code
    assert 200 == flow.refresh(tokens["refresh_token"]).status_code


def test_a_refresh_gives_a_new_pair_and_ends_the_old(flow: Flow, ada: User) -> None:
    old = flow.tokens(ada)
    new = flow.refresh(old["refresh_token"]).json()
    assert not {old["access_token"], old["refresh_token"]} & set(new.values())
    assert [401, 200] == [flow.server.post(pair["access_token"]).status_code for pair in (old, new)]


@pytest.mark.parametrize("sign", [1, -1], ids=["late", "after the clock went back"])
def test_reuse_of_an_old_refresh_token_ends_the_family(sign: int, flow: Flow, ada: User) -> None:
    old = flow.tokens(ada)
    new = flow.refresh(old["refresh_token"]).json()
    late = timezone.now() - sign * (settings.OAUTH_REFRESH_GRACE + timedelta(minutes=5))
    RefreshToken.objects.exclude(revoked=None).update(revoked=late)
    assert "invalid_grant" == flow.refresh(old["refresh_token"]).json()["error"]
    assert "invalid_grant" == flow.refresh(new["refresh_token"]).json()["error"]
    assert 401 == flow.server.post(new["access_token"]).status_code


def test_reuse_two_generations_back_ends_the_family_at_once(flow: Flow, ada: User) -> None:
    first = flow.tokens(ada)
    second = flow.refresh(first["refresh_token"]).json()
    third = flow.refresh(second["refresh_token"]).json()
    assert "invalid_grant" == flow.refresh(first["refresh_token"]).json()["error"]
    assert 401 == flow.server.post(third["access_token"]).status_code


def test_a_refresh_that_got_lost_may_be_repeated_for_a_moment(flow: Flow, ada: User) -> None:
    old = flow.tokens(ada)
    pairs = [flow.refresh(old["refresh_token"]).json() for _ in range(3)]
    for pair in pairs:
        assert 200 == flow.server.post(pair["access_token"]).status_code
    assert "invalid_grant" == flow.refresh(old["refresh_token"]).json()["error"]
    assert 200 == flow.refresh(pairs[-1]["refresh_token"]).status_code


@pytest.mark.parametrize("kept", [0, 1])
def test_of_two_pairs_for_one_token_one_goes_on(flow: Flow, ada: User, kept: int) -> None:
    old = flow.tokens(ada)
    pairs = [flow.refresh(old["refresh_token"]).json() for _ in range(2)]
    new = flow.refresh(pairs[kept]["refresh_token"]).json()
    retired = pairs[1 - kept]
    assert 401 == flow.server.post(retired["access_token"]).status_code
    # It may be a second window of the same client: refused, and harms nobody.
    assert "invalid_grant" == flow.refresh(retired["refresh_token"]).json()["error"]
    assert 200 == flow.server.post(new["access_token"]).status_code
    late = timezone.now() - settings.OAUTH_REFRESH_GRACE
    RefreshToken.objects.exclude(revoked=None).update(revoked=late)
    assert "invalid_grant" == flow.refresh(retired["refresh_token"]).json()["error"]
    assert 401 == flow.server.post(new["access_token"]).status_code


@pytest.mark.parametrize("kept", [0, 1])
def test_a_token_whose_successor_was_exchanged_is_not_exchanged_again(
    flow: Flow, ada: User, kept: int
) -> None:
    old = flow.tokens(ada)
    pairs = [flow.refresh(old["refresh_token"]).json() for _ in range(2)]
    assert 200 == flow.refresh(pairs[kept]["refresh_token"]).status_code
    assert "invalid_grant" == flow.refresh(old["refresh_token"]).json()["error"]
    assert not AccessToken.objects.live()


def test_a_refresh_token_is_idle_for_thirty_days_at_most(flow: Flow, ada: User) -> None:
    tokens = flow.tokens(ada)
    AccessToken.objects.update(expires=timezone.now() - timedelta(days=30))
    assert "invalid_grant" == flow.refresh(tokens["refresh_token"]).json()["error"]


def test_a_refresh_may_ask_for_less_and_later_for_all_again(flow: Flow, ada: User) -> None:
    tokens = flow.tokens(ada)
    less = flow.refresh(tokens["refresh_token"], scope=READ).json()
    assert "infinity_create_item" not in flow.server.tools(less["access_token"])
    full = flow.refresh(less["refresh_token"]).json()
    assert set(SCOPES) == set(full["scope"].split())


def test_a_refresh_cannot_ask_for_more(flow: Flow, ada: User) -> None:
    tokens = flow.tokens(ada, scopes=(READ,))
    answer = flow.refresh(tokens["refresh_token"], scope=" ".join(SCOPES))
    assert "invalid_scope" == answer.json()["error"]


@pytest.mark.parametrize("change", ["resource", "client_id", "refresh_token"])
def test_a_wrong_refresh_is_refused_and_harms_nobody(flow: Flow, ada: User, change: str) -> None:
    tokens = flow.tokens(ada)
    wrong = {
        "resource": "https://other.example/mcp",
        "client_id": client().client_id,
        "refresh_token": "unknown",
    }
    request = {"refresh_token": tokens["refresh_token"], change: wrong[change]}
    assert 400 == flow.refresh(**request).status_code
    assert 200 == flow.server.post(tokens["access_token"]).status_code
    assert 200 == flow.refresh(tokens["refresh_token"]).status_code


def test_less_rights_of_the_user_are_less_rights_of_the_token(
    flow: Flow, ada: User, alice: McpUser
) -> None:
    token = flow.tokens(ada)["access_token"]
    assert "infinity_create_item" in flow.server.tools(token)
    alice.scopes = [READ]
    alice.save()
    assert "infinity_create_item" not in flow.server.tools(token)


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_client_that_gives_a_token_back_ends_the_connection(
    flow: Flow, ada: User, kind: str
) -> None:
    tokens = flow.tokens(ada)
    request = {"token": tokens[kind], "client_id": flow.application.client_id}
    answer = httpx2.post(f"{flow.server.origin}/oauth/revoke", data=request)
    assert 200 == answer.status_code
    assert 401 == flow.server.post(tokens["access_token"]).status_code
    assert 400 == flow.refresh(tokens["refresh_token"]).status_code


def test_a_client_cannot_give_back_tokens_of_others(flow: Flow, ada: User) -> None:
    tokens = flow.tokens(ada)
    request = {"token": tokens["access_token"], "client_id": client().client_id}
    assert 200 == httpx2.post(f"{flow.server.origin}/oauth/revoke", data=request).status_code
    assert 200 == flow.server.post(tokens["access_token"]).status_code


def test_use_of_a_connection_is_noted(flow: Flow, ada: User) -> None:
    flow.tokens(ada)
    used = eventually(lambda: Connection.objects.get().last_used_at)
    assert used is not None and timezone.now() - used < timedelta(seconds=10)


def test_people_who_come_by_oauth_have_the_allowed_tools_only(
    ada: User, alice: McpUser, settings: Settings
) -> None:
    connection = Connection(application=client(), person=ada, mcp_user=alice, scopes=[*SCOPES])
    assert connection.policy.tools is None
    settings.OAUTH_ALLOWED_TOOLS = ["infinity_get_item", "infinity_create_item"]
    assert {"infinity_get_item", "infinity_create_item"} == connection.policy.tools
    alice.allowed_tools = ["infinity_get_item", "infinity_get_board"]
    assert {"infinity_get_item"} == connection.policy.tools
    assert "infinity_get_board" in (alice.policy.tools or ())  # of those who hold its keys


def test_the_suggested_tools_exist_and_only_read_or_comment() -> None:
    text = (ROOT / ".env.example").read_text()
    (suggested,) = re.findall(r"^#   (infinity_[a-z_,]+)$", text, re.M)
    tools = InfinityServer(Upstream()).tools
    names = suggested.split(",")
    assert 16 == len(names) and set(names) <= tools.keys()
    assert ["infinity_add_item_comment"] == [name for name in names if tools[name].scope != READ]


def test_connections_are_apart(
    flow: Flow, make_user: MakeUser, make_person: MakePerson, alice: McpUser
) -> None:
    bob, _ = make_user("bob", "read-only")
    grace = make_person("grace", alice, bob)
    one, other = flow.tokens(grace, "alice"), flow.tokens(grace, "bob")
    Connection.objects.get(mcp_user=alice).revoke()
    assert [401, 200] == [
        flow.server.post(pair["access_token"]).status_code for pair in (one, other)
    ]
