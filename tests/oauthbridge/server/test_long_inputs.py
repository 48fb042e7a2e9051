"""Too long inputs of forms and OAuth are refused with their limit, and do not hold up others."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from django.test import Client

from accounts.models import User
from accounts.signin.passwords import TOO_LONG
from tests.oauthbridge.support import http
from tests.support import PATIENT, Server

LONG = "x" * 1_000_000
PASSWORD = secrets.token_urlsafe(16)


@pytest.fixture
def ada(db: None) -> Client:
    browser = Client()
    browser.force_login(User.objects.create_user("ada", password=PASSWORD))
    return browser


def test_a_long_password_is_told_its_limit_and_not_counted(ada: Client) -> None:
    for _ in range(12):  # more than wrong passwords are allowed
        page = Client().post("/login/", {"username": "ada", "password": LONG})
        assert 400 == page.status_code and TOO_LONG in page.content.decode()
    page = Client().post("/admin/login/", {"username": "ada", "password": LONG})
    assert TOO_LONG in page.content.decode()
    sent = {"username": "ada", "password": PASSWORD}
    assert 302 == Client().post("/login/", sent).status_code


def test_a_new_password_is_told_its_limit(ada: Client) -> None:
    new = secrets.token_urlsafe(16)
    for old, first in ((LONG, new), (PASSWORD, LONG)):
        sent = {"old_password": old, "new_password1": first, "new_password2": first}
        page = ada.post("/password/", sent)
        assert 400 == page.status_code and TOO_LONG in page.content.decode()


def test_a_person_is_not_made_with_a_long_password(admin_client: Client) -> None:
    sent = {"username": "bob", "password1": LONG, "password2": LONG, "role": "none"}
    page = admin_client.post("/admin/accounts/user/add/", sent)
    assert 200 == page.status_code and TOO_LONG in page.content.decode()
    assert not User.objects.filter(username="bob").exists()


REGISTRATION: dict[str, Any] = {"redirect_uris": ["https://a.example/"]}
WORST: dict[str, tuple[str, dict[str, Any], int]] = {
    "password": ("/login/", {"data": {"username": "ada", "password": LONG}}, 403),
    "fields": ("/login/", {"data": {f"x{n}": "y" for n in range(20_000)}}, 403),
    "verifier": ("/oauth/token", {"data": {"code_verifier": LONG}}, 413),
    "scopes": ("/oauth/token", {"data": {"scope": "a " * 60_000}}, 400),
    "uris": ("/oauth/register", {"json": {"redirect_uris": ["https://a.example/"] * 5000}}, 400),
    "many": ("/oauth/register", {"json": {"redirect_uris": ["x"] * 500_000}}, 413),
    "uri": ("/oauth/register", {"json": {"redirect_uris": ["https://" + "a." * 900] * 10}}, 400),
    "name": ("/oauth/register", {"json": {**REGISTRATION, "client_name": LONG}}, 413),
    "nested": ("/oauth/register", {"content": "[" * 100_000}, 400),
    "number": ("/oauth/register", {"content": "9" * 100_000}, 400),
    "state": ("/oauth/authorize?state=" + "a" * 60_000, {}, 414),
}


@contextmanager
def watched(server: Server) -> Iterator[list[float]]:
    """How many seconds each /health took in that time."""
    ended, took = threading.Event(), list[float]()

    def watch() -> None:
        with http(base_url=server.origin) as client:
            while not ended.is_set():
                took.append(client.get("/health").elapsed.total_seconds())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield took
    finally:
        ended.set()
        thread.join()


def test_the_worst_of_each_kind_is_refused_while_others_are_served(
    oauth: Server, transactional_db: None
) -> None:
    with watched(oauth) as took:
        for name, (path, sent, status) in WORST.items():
            method = "POST" if sent else "GET"
            answer = httpx2.request(method, f"{oauth.origin}{path}", **sent, **PATIENT)
            assert status == answer.status_code, (name, answer.text[:200])
            assert len(answer.text) < 10_000
    assert took
