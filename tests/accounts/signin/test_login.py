"""Signing in and out, with OAuth off."""

from __future__ import annotations

import secrets
from typing import Any

import httpx2
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.support import Server

PASSWORD = secrets.token_urlsafe(16)


@pytest.fixture(autouse=True)
def nothing_counted(db: None) -> None:
    cache.clear()


@pytest.fixture
def ada() -> User:
    return make_person("ada")


def make_person(name: str, **fields: Any) -> User:
    return User.objects.create_user(name, password=PASSWORD, **fields)


def sign_in(name: str = "ada", password: str = PASSWORD, next: str = "", **headers: Any) -> Any:
    form = {"username": name, "password": password, "next": next}
    return Client().post("/login/", form, **headers)


def test_ten_wrong_passwords_close_a_name_for_an_address(ada: User) -> None:
    statuses = [sign_in(password="wrong").status_code for _ in range(11)]
    assert [400] * 10 + [429] == statuses
    closed = sign_in("ADA")
    assert (429, "900") == (closed.status_code, closed["Retry-After"])
    assert b"Too many wrong passwords. Try again in 15 minutes." in closed.content
    assert 302 == sign_in(REMOTE_ADDR="192.0.2.1").status_code  # whose name it is


def test_a_hundred_wrong_passwords_close_a_name_everywhere(ada: User) -> None:
    for n in range(100):
        assert 400 == sign_in(password="wrong", REMOTE_ADDR=f"192.0.2.{n}").status_code
    assert 429 == sign_in(REMOTE_ADDR="192.0.2.200").status_code


def test_thirty_wrong_passwords_close_an_address(ada: User) -> None:
    for n in range(30):
        assert 400 == sign_in(f"unknown-{n}", "wrong").status_code
    assert 429 == sign_in().status_code
    assert 302 == sign_in(REMOTE_ADDR="192.0.2.1").status_code


def test_the_admin_counts_the_same_passwords() -> None:
    make_person("root", is_staff=True)
    for _ in range(10):
        answer = Client().post("/admin/login/", {"username": "root", "password": "wrong"})
        assert 200 == answer.status_code  # the form once more
    answer = Client().post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert (429, "900") == (answer.status_code, answer["Retry-After"])
    assert b"Too many wrong passwords" in answer.content


def test_whoever_may_not_enter_the_admin_is_told_so(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    answer = browser.get("/admin/accounts/mcpuser/", follow=True)
    page = answer.content.decode()
    assert 403 == answer.status_code
    assert "You are signed in as ada, who may not enter the admin" in page
    for link in ("/connect/", "/login/?next=/admin/accounts/mcpuser/"):
        assert f'href="{link}"' in page

    make_person("root", is_staff=True)
    form = {"username": "root", "password": PASSWORD, "next": "/admin/"}
    assert "/admin/" == browser.post("/login/", form)["Location"]
    assert 200 == browser.get("/admin/").status_code
    assert "/admin/" == browser.get("/admin/login/")["Location"]


def test_right_passwords_are_not_counted(ada: User) -> None:
    assert {302} == {sign_in().status_code for _ in range(12)}


def test_right_passwords_that_the_admin_refuses_are_not_counted(ada: User) -> None:
    for _ in range(11):
        answer = Client().post("/admin/login/", {"username": "ada", "password": PASSWORD})
        assert 200 == answer.status_code
    assert 302 == sign_in().status_code


def test_an_inactive_person_cannot_sign_in() -> None:
    make_person("gone", is_active=False)
    assert 400 == sign_in("gone").status_code


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_in_leads_nowhere_else(ada: User, target: str) -> None:
    assert reverse("home") == sign_in(next=target)["Location"]


def test_a_wrong_sign_in_names_the_fields_as_the_page_does() -> None:
    page = sign_in(password="wrong").content.decode()
    assert "correct username and password" in page
    assert ">Username</label>" in page and ">Password</label>" in page


def test_sign_in_leads_on(ada: User) -> None:
    assert "/oauth/authorize?x=1" == sign_in(next="/oauth/authorize?x=1")["Location"]


def test_sign_in_needs_its_csrf_token(transactional_db: None, server: Server, ada: User) -> None:
    form = {"username": "ada", "password": PASSWORD}
    answer = httpx2.post(f"{server.origin}/login/", data=form, headers={"Accept": "text/html"})
    assert 403 == answer.status_code
    assert "The form is out of date" in answer.text
    assert "Traceback" not in answer.text and "Django" not in answer.text


def test_strangers_begin_with_signing_in() -> None:
    assert "/login/?next=/" == Client().get("/")["Location"]


def test_staff_begin_in_the_admin() -> None:
    browser = Client()
    browser.force_login(make_person("root", is_staff=True))
    assert "/admin/" == browser.get("/")["Location"]


def test_others_begin_with_connecting_agents(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    assert "/connect/" == browser.get("/")["Location"]


def test_signing_out_is_told(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    assert "/" == browser.get("/signed-out/")["Location"]
    page = browser.post("/logout/", follow=True).content.decode()
    assert "You are signed out" in page
    assert "/login/?next=/" == browser.get("/")["Location"]


def test_signing_out_needs_a_form(ada: User) -> None:
    browser = Client()
    browser.force_login(ada)
    assert 405 == browser.get("/logout/").status_code


@pytest.mark.parametrize("next", ["", "/nowhere", "/health", "/oauth/authorize?client_id=x"])
def test_without_a_reason_none_is_given(next: str) -> None:
    answer = Client().get("/login/", {"next": next})
    assert 200 == answer.status_code and b"asks to use" not in answer.content
