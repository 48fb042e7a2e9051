"""Sessions are stored so that a copy of the database signs no one in."""

from __future__ import annotations

import secrets
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.sessions import Session

PASSWORD, OTHER = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
COOKIE = "sessionid"


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_superuser("ada", password=PASSWORD)


def sign_in(password: str = PASSWORD) -> Client:
    browser = Client()
    answer = browser.post("/login/", {"username": "ada", "password": password})
    assert 302 == answer.status_code
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/connect/").status_code == 200


def test_what_is_stored_signs_nobody_in(ada: User) -> None:
    browser = sign_in()
    stored = Session.objects.get()
    assert browser.cookies[COOKIE].value != stored.session_key
    assert str(ada.pk) == stored.get_decoded()["_auth_user_id"]
    thief = Client()
    thief.cookies[COOKIE] = stored.session_key
    assert (True, False) == (is_signed_in(browser), is_signed_in(thief))


def test_signing_out_removes_what_was_stored(ada: User) -> None:
    browser = sign_in()
    browser.post("/logout/")
    assert not Session.objects.exists() and not is_signed_in(browser)


def test_a_new_password_ends_every_other_sign_in(ada: User) -> None:
    browser, other = sign_in(), sign_in()
    before = browser.cookies[COOKIE].value
    form = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    assert 302 == browser.post("/admin/password_change/", form).status_code
    assert (True, False) == (is_signed_in(browser), is_signed_in(other))
    assert before != browser.cookies[COOKIE].value
    assert is_signed_in(sign_in(OTHER))


def test_maintenance_removes_sign_ins_that_are_over(ada: User) -> None:
    sign_in()
    Session.objects.update(expire_date=timezone.now() - timedelta(minutes=1))
    browser = sign_in()
    call_command("maintenance")
    assert 1 == Session.objects.count() and is_signed_in(browser)
