"""Clients that authenticate at the token and revocation endpoints."""

from __future__ import annotations

import base64
import secrets
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from oauthbridge.models import Application
from tests.oauthbridge.support import client

SECRET = secrets.token_hex(32)
RIGHT = (400, "invalid_grant")  # the client is known, its code is not
WRONG, TOO_MANY = (401, "invalid_client"), (429, "too_many_requests")


@pytest.fixture(autouse=True)
def here(settings: Settings, db: None) -> None:
    """OAuth in this process."""
    cache.clear()
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "oauthbridge.urls"


@pytest.fixture
def desk() -> Application:
    """A client with a secret."""
    return client(client_id="desk", client_type="confidential", client_secret=SECRET)


def exchange(secret: str | None, client_id: str = "desk", **options: Any) -> Any:
    form = {"grant_type": "authorization_code", "code": "x", "token": "x", "client_id": client_id}
    form |= {"client_secret": secret} if secret is not None else {}
    return Client().post(options.pop("path", "/oauth/token"), form, **options)


def outcome(answer: Any) -> tuple[int, str]:
    """Status and error code; a revocation that worked has no body."""
    return answer.status_code, answer.json()["error"] if answer.content else ""


def test_a_client_with_its_secret_is_known(desk: Application) -> None:
    assert RIGHT == outcome(exchange(SECRET))
    basic = base64.b64encode(f"desk:{SECRET}".encode()).decode()
    form = {"grant_type": "authorization_code", "code": "x"}
    answer = Client().post("/oauth/token", form, headers={"Authorization": f"Basic {basic}"})
    assert RIGHT == outcome(answer)


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x" * 300, "x" * 100_000])
def test_any_other_secret_is_refused(desk: Application, secret: str | None) -> None:
    assert WRONG == outcome(exchange(secret))


@pytest.mark.parametrize("basic", ["%", "AAAA", "/w==", base64.b64encode(b"\xff:x").decode()])
def test_an_unreadable_header_is_refused(desk: Application, basic: str) -> None:
    form = {"grant_type": "authorization_code", "code": "x"}
    answer = Client().post("/oauth/token", form, headers={"Authorization": f"Basic {basic}"})
    assert WRONG == outcome(answer)


def test_two_clients_in_one_request_are_refused(desk: Application) -> None:
    basic = base64.b64encode(f"desk:{SECRET}".encode()).decode()
    for path in ("/oauth/token", "/oauth/revoke"):
        form = {"grant_type": "authorization_code", "code": "x", "token": "x", "client_id": "other"}
        answer = Client().post(path, form, headers={"Authorization": f"Basic {basic}"})
        assert (400, "invalid_request") == outcome(answer)
        assert "send one" in answer.json()["error_description"]


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke"])
def test_thirty_wrong_secrets_close_an_address(desk: Application, path: str) -> None:
    for n in range(3):
        client(client_id=f"other-{n}", client_type="confidential", client_secret=SECRET)
    wrong = [outcome(exchange("x", f"other-{n % 3}", path=path)) for n in range(31)]
    assert [WRONG] * 30 + [TOO_MANY] == wrong
    refused = exchange(SECRET, path=path)
    assert TOO_MANY == outcome(refused)
    assert "900" == refused["Retry-After"]
    assert "try again in 15 minutes" in refused.json()["error_description"]
    known = RIGHT if path == "/oauth/token" else (200, "")
    assert known == outcome(exchange(SECRET, path=path, REMOTE_ADDR="192.0.2.1"))


def test_nobody_keeps_a_client_out_from_elsewhere(desk: Application) -> None:
    wrong = [outcome(exchange("x", REMOTE_ADDR=f"192.0.2.{n}")) for n in range(31)]
    assert [WRONG] * 31 == wrong
    assert RIGHT == outcome(exchange(SECRET, REMOTE_ADDR="192.0.2.99"))


def test_a_secret_that_was_right_before_works_meanwhile(desk: Application) -> None:
    assert RIGHT == outcome(exchange(SECRET))
    assert TOO_MANY == [outcome(exchange("wrong")) for _ in range(31)][-1]
    assert RIGHT == outcome(exchange(SECRET))
    desk.client_secret = SECRET[::-1]
    desk.save()
    assert TOO_MANY == outcome(exchange(SECRET))


def test_right_secrets_are_not_counted(desk: Application) -> None:
    assert {RIGHT} == {outcome(exchange(SECRET)) for _ in range(40)}


def test_addresses_of_one_ipv6_customer_are_counted_together(desk: Application) -> None:
    client(client_id="other", client_type="confidential", client_secret=SECRET)
    for n in range(30):
        assert WRONG == outcome(exchange("x", REMOTE_ADDR=f"2001:db8:0:1::{n:x}"))
    assert TOO_MANY == outcome(exchange(SECRET, "other", REMOTE_ADDR="2001:db8:0:1:ffff::1"))
    assert RIGHT == outcome(exchange(SECRET, "other", REMOTE_ADDR="2001:db8:0:2::1"))


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "authorization_code"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "a\0b"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token", "client_secret": "x"}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x", "client_id": "?"}, "invalid_client"),
    ],
    ids=str,
)
def test_every_refusal_says_what_to_do(desk: Application, form: dict[str, str], error: str) -> None:
    answer = Client().post("/oauth/token", {"client_id": "desk", "client_secret": SECRET, **form})
    assert error == answer.json()["error"]
    assert len(answer.json()["error_description"]) > 15
