"""Two refreshes of one token at the same moment, and a code that is used twice."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from pytest_django import Settings

from accounts.models import McpUser, User
from accounts.scopes import SCOPES
from credentials.models import Profile
from oauthbridge.models import AccessToken, Connection, Grant, RefreshToken
from tests.oauthbridge.support import CHATGPT, Flow, client
from tests.support import PATIENCE_SECONDS, ROOT, Server


@pytest.fixture(autouse=True)
def oauth_here(settings: Settings) -> None:
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"
    settings.MCP_URL = "http://testserver/mcp"


@pytest.fixture
def code_request(transactional_db: None) -> dict[str, str]:
    """What exchanges the code of a consent just given."""
    profile = Profile.objects.create(id="p", name="p", encrypted_token="x")
    user = McpUser.objects.create(name="alice", profile=profile, scopes=list(SCOPES))
    person = User.objects.create_user("ada", is_superuser=True)
    flow = Flow(Server(0, ROOT, cast(Any, None)), client(CHATGPT), CHATGPT)
    browser = Client()
    browser.force_login(person)
    url = flow.url(resource=None).removeprefix(flow.server.origin)
    form = {"decision": "allow", "mcp_user": user.name, "scopes": list(SCOPES)}
    location = browser.post(url, form)["Location"]
    return {
        "grant_type": "authorization_code",
        "client_id": flow.application.client_id,
        "redirect_uri": CHATGPT,
        "code_verifier": flow.verifier,
        "code": location.partition("code=")[2].partition("&")[0],
    }


def ask(request: dict[str, str], barrier: threading.Barrier | None = None) -> Any:
    try:
        if barrier:
            barrier.wait(timeout=PATIENCE_SECONDS)
        return Client().post("/oauth/token", request)
    finally:
        if barrier:
            connections.close_all()


def ask_together(request: dict[str, str], times: int = 2) -> list[Any]:
    barrier = threading.Barrier(times)
    with ThreadPoolExecutor(times) as threads:
        return list(threads.map(lambda _: ask(request, barrier), range(times)))


@pytest.mark.parametrize("attempt", range(3))
def test_two_refreshes_at_once_log_nobody_out(code_request: dict[str, str], attempt: int) -> None:
    tokens = ask(code_request).json()
    for _ in range(2):  # whichever pair the client keeps, it can go on
        request = {
            "grant_type": "refresh_token",
            "client_id": code_request["client_id"],
            "refresh_token": tokens["refresh_token"],
        }
        answers = ask_together(request)
        assert [200, 200] == [answer.status_code for answer in answers], answers[0].content
        pairs = [answer.json() for answer in answers]
        assert 4 == len({pair[kind] for pair in pairs for kind in pair if kind.endswith("_token")})
        for pair in pairs:
            assert AccessToken.objects.authenticate(pair["access_token"])
        tokens = pairs[attempt % 2]
    assert 1 == RefreshToken.objects.values("token_family").distinct().count()
    assert Connection.objects.get().revoked_at is None


def test_two_pairs_refreshed_at_once_become_one_family(code_request: dict[str, str]) -> None:
    tokens = ask(code_request).json()
    request = {"grant_type": "refresh_token", "client_id": code_request["client_id"]}
    pairs = [
        answer.json()
        for answer in ask_together({**request, "refresh_token": tokens["refresh_token"]})
    ]
    barrier = threading.Barrier(2)
    with ThreadPoolExecutor(2) as threads:
        requests = [{**request, "refresh_token": pair["refresh_token"]} for pair in pairs]
        answers = list(threads.map(lambda each: ask(each, barrier), requests))
    assert [200, 400] == sorted(answer.status_code for answer in answers)
    assert 1 == RefreshToken.objects.filter(revoked=None).count()
    assert 1 == AccessToken.objects.live().count()
    assert Connection.objects.get().revoked_at is None


def test_a_burst_of_refreshes_gives_three_pairs(code_request: dict[str, str]) -> None:
    tokens = ask(code_request).json()
    request = {
        "grant_type": "refresh_token",
        "client_id": code_request["client_id"],
        "refresh_token": tokens["refresh_token"],
    }
    statuses = sorted(answer.status_code for answer in ask_together(request, 6))
    assert [200] * 3 + [400] * 3 == statuses
    assert Connection.objects.get().revoked_at is None


def test_a_code_used_twice_at_once_gives_nothing_that_lasts(
    code_request: dict[str, str],
) -> None:
    statuses = sorted(answer.status_code for answer in ask_together(code_request))
    assert [200, 400] == statuses
    assert Connection.objects.get().revoked_at is not None
    assert not AccessToken.objects.live()
    assert not RefreshToken.objects.filter(revoked=None).exists()


def test_a_refresh_during_a_revocation_leaves_no_token(code_request: dict[str, str]) -> None:
    tokens = ask(code_request).json()
    request = {
        "grant_type": "refresh_token",
        "client_id": code_request["client_id"],
        "refresh_token": tokens["refresh_token"],
    }
    barrier = threading.Barrier(2)

    def revoke() -> None:
        try:
            barrier.wait(timeout=PATIENCE_SECONDS)
            Connection.objects.get().revoke()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as threads:
        refreshed = threads.submit(ask, request, barrier)
        threads.submit(revoke).result()
        refreshed.result()
    assert not AccessToken.objects.live()
    assert not RefreshToken.objects.filter(revoked=None).exists()


def test_a_code_is_kept_as_a_digest(code_request: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT code FROM {Grant._meta.db_table}")
        (stored,) = cursor.fetchone()
    assert 64 == len(stored) and code_request["code"] != stored
    assert not Grant.objects.filter(code=str(stored)).exists()


def at_once(times: int, path: str, **request: Any) -> list[int]:
    barrier = threading.Barrier(times)

    def post(_: int) -> int:
        try:
            barrier.wait(timeout=PATIENCE_SECONDS)
            return Client().post(path, **request).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as threads:
        return sorted(threads.map(post, range(times)))


def test_a_burst_of_guesses_is_no_more_than_ten(transactional_db: None, settings: Settings) -> None:
    # Slow enough that all would be looked at before the first was found wrong.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    User.objects.create_user("ada", password=secrets.token_urlsafe(16))
    cache.clear()
    form = {"username": "ada", "password": "wrong"}
    assert [400] * 10 + [429] * 10 == at_once(20, "/login/", data=form)


def test_a_burst_of_registrations_is_no_more_than_twenty(
    transactional_db: None, settings: Settings
) -> None:
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, "DCR_ENABLED": True}
    cache.clear()
    request = {"data": {"redirect_uris": [CHATGPT]}, "content_type": "application/json"}
    assert [201] * 20 + [429] * 5 == at_once(25, "/oauth/register", **request)
