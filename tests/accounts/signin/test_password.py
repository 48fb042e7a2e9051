"""Changing one's own password, without a role too."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event

OLD = secrets.token_urlsafe(16)
NEW = secrets.token_urlsafe(16)


@pytest.fixture(autouse=True)
def ada(db: None) -> User:
    cache.clear()
    return User.objects.create_user("ada", password=OLD)


@pytest.fixture
def browser(ada: User) -> Client:
    return signed_in(ada)


def signed_in(person: User) -> Client:
    browser = Client()
    browser.force_login(person)
    return browser


def change(browser: Client, old: str = OLD, new: str = NEW, again: str = "") -> Any:
    form = {"old_password": old, "new_password1": new, "new_password2": again or new}
    return browser.post("/password/", form, follow=True)


def test_a_person_changes_their_password_and_stays_signed_in(ada: User, browser: Client) -> None:
    assert 'href="/password/"' in browser.get("/connect/").content.decode()
    page = change(browser).content.decode()

    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert "Your password is changed." in page and "Signed in as ada" in page


def test_a_changed_password_ends_every_other_session(ada: User, browser: Client) -> None:
    other = signed_in(ada)
    change(browser)
    assert "/login/?next=/connect/" == other.get("/connect/")["Location"]


def test_a_changed_password_is_in_the_audit_log_without_it(browser: Client) -> None:
    Event.objects.all().delete()
    change(browser)
    [event] = Event.objects.filter(kind=EventKind.CHANGED)
    assert ("ada", "person ada", "password") == (event.actor, event.subject, event.detail)
    assert NEW not in str(Event.objects.values())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"old": "wrong"}, "Your old password was entered incorrectly"),
        ({"again": "another"}, "The two password fields didn"),
        ({"new": "12345678"}, "This password is entirely numeric"),
    ],
)
def test_what_is_wrong_is_told(
    wrong: dict[str, str], told: str, ada: User, browser: Client
) -> None:
    answer = change(browser, **wrong)
    ada.refresh_from_db()
    assert 400 == answer.status_code and told in answer.content.decode()
    assert ada.check_password(OLD)


def test_the_old_password_cannot_be_guessed_for_long(ada: User, browser: Client) -> None:
    assert {400} == {change(browser, old="wrong").status_code for _ in range(10)}
    answer = change(browser)
    assert (429, "900") == (answer.status_code, answer["Retry-After"])
    assert "Too many wrong passwords" in answer.content.decode()
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_strangers_sign_in_first() -> None:
    assert "/login/?next=/password/" == Client().get("/password/")["Location"]
