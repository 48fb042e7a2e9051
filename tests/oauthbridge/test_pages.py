"""Signing in, one's connections, and the admin."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import McpUser, User
from oauthbridge.models import Application, Connection
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import PASSWORD, MakePerson
from tests.oauthbridge.support import Flow, client, hidden_token, http
from tests.support import Server


@pytest.fixture
def here(settings: Settings) -> None:
    """OAuth in this process."""
    cache.clear()
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "oauthbridge.urls"


def sign_in(name: str = "ada", password: str = PASSWORD, next: str = "", **headers: Any) -> Any:
    form = {"username": name, "password": password, "next": next}
    return Client().post("/oauth/login", form, **headers)


def test_ten_wrong_passwords_close_a_name_for_a_while(here: None, ada: User) -> None:
    statuses = [
        sign_in(password="wrong", REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(11)
    ]
    assert [400] * 10 + [429] == statuses
    closed = sign_in("ADA", REMOTE_ADDR="192.0.2.50")
    assert (429, "900") == (closed.status_code, closed["Retry-After"])
    assert b"Too many wrong passwords. Try again in 15 minutes." in closed.content


def test_thirty_wrong_passwords_close_an_address(
    here: None, make_person: MakePerson, ada: User
) -> None:
    for n in range(30):
        assert 400 == sign_in(f"unknown-{n}", "wrong").status_code
    assert 429 == sign_in().status_code
    assert 302 == sign_in(REMOTE_ADDR="192.0.2.1").status_code


def test_the_admin_counts_the_same_passwords(
    here: None, settings: Settings, make_person: MakePerson
) -> None:
    settings.ROOT_URLCONF = "infinity_mcp.urls"
    make_person("root", is_staff=True)
    for password in ["wrong"] * 10 + [PASSWORD]:
        answer = Client().post("/admin/login/", {"username": "root", "password": password})
        assert 200 == answer.status_code  # the form once more
    assert b"Too many wrong passwords" in answer.content


def test_right_passwords_are_not_counted(here: None, ada: User) -> None:
    assert {302} == {sign_in().status_code for _ in range(12)}


def test_an_inactive_person_cannot_sign_in(here: None, make_person: MakePerson) -> None:
    make_person("gone", is_active=False)
    assert 400 == sign_in("gone").status_code


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_sign_in_leads_nowhere_else(here: None, ada: User, target: str) -> None:
    assert reverse("connections") == sign_in(next=target)["Location"]


def test_sign_in_leads_on(here: None, ada: User) -> None:
    assert "/oauth/authorize?x=1" == sign_in(next="/oauth/authorize?x=1")["Location"]


def test_sign_in_needs_its_csrf_token(oauth: Server, ada: User) -> None:
    form = {"username": "ada", "password": PASSWORD}
    answer = httpx2.post(f"{oauth.origin}/oauth/login", data=form)
    assert 403 == answer.status_code
    assert "The form is out of date" in answer.text
    assert "Traceback" not in answer.text and "Django" not in answer.text


def test_a_person_sees_and_revokes_own_connections_only(
    flow: Flow, ada: User, alice: McpUser, make_person: MakePerson
) -> None:
    grace = make_person("grace", alice)
    tokens, others = flow.tokens(ada), flow.tokens(grace)
    url = f"{flow.server.origin}/oauth/connections/"
    foreign = Connection.objects.get(person=grace).pk
    with http(cookies=flow.cookies(ada)) as browser:
        page = browser.get(url).text
        assert 1 == page.count("<section") and "Test client" in page
        form = {"csrfmiddlewaretoken": hidden_token(page)}
        for wrong in (str(foreign), "0", "x", "", "9" * 30, "9" * 5000):
            assert 404 == browser.post(url, data=form | {"connection": wrong}).status_code
        own = Connection.objects.get(person=ada).pk
        assert 302 == browser.post(url, data=form | {"connection": str(own)}).status_code
        assert "No application is connected" in browser.get(url).text
    assert [401, 200] == [
        flow.server.post(each["access_token"]).status_code for each in (tokens, others)
    ]


def test_strangers_are_asked_to_sign_in(oauth: Server) -> None:
    answer = httpx2.get(f"{oauth.origin}/oauth/connections/")
    assert "/oauth/login?next=/oauth/connections/" == answer.headers["location"]


def test_names_of_clients_are_text(flow: Flow, ada: User) -> None:
    flow.application.name = "<script>alert(1)</script>"
    flow.application.save()
    page = flow.open(ada).text
    assert "<script" not in page and "&lt;script&gt;" in page


def test_consent_says_what_is_asked(flow: Flow, ada: User, make_user: MakeUser) -> None:
    flow.application.registration_source = "dcr"
    flow.application.save()
    make_user("bob", "read-only")
    page = flow.open(ada).text
    assert "127.0.0.1:49152" in page and "an application on this device" in page
    assert "its name is not verified" in page
    assert "Read workspaces, boards, items and comments" in page
    assert '<option value="alice" selected>' in page and "bob" not in page


def test_an_operator_sees_and_revokes_connections(
    here: None, alice: McpUser, make_person: MakePerson, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "infinity_mcp.urls"
    settings.LOGIN_URL = "/admin/login/"
    root = make_person("root", is_superuser=True, is_staff=True)
    connection = Connection.objects.create(
        application=client(), person=root, mcp_user=alice, last_used_at=timezone.now()
    )
    browser = Client()
    browser.force_login(root)
    url = reverse("admin:oauthbridge_connection_changelist")
    assert b"Test client" in browser.get(url).content
    browser.post(url, {"action": "revoke", "_selected_action": [connection.pk]})
    connection.refresh_from_db()
    assert connection.revoked_at is not None


def test_an_operator_removes_a_client_with_its_connections(
    here: None, alice: McpUser, make_person: MakePerson, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "infinity_mcp.urls"
    root = make_person("root", is_superuser=True, is_staff=True)
    application = client()
    Connection.objects.create(application=application, person=root, mcp_user=alice)
    browser = Client()
    browser.force_login(root)
    url = reverse("admin:oauthbridge_application_delete", args=[application.pk])
    assert 302 == browser.post(url, {"post": "yes"}).status_code
    assert not Connection.objects.exists()


def test_an_operator_makes_a_client(
    here: None, make_person: MakePerson, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "infinity_mcp.urls"
    root = make_person("root", is_superuser=True, is_staff=True)
    browser = Client()
    browser.force_login(root)
    url = reverse("admin:oauthbridge_application_add")
    form = {
        "name": "Desk",
        "client_id": "desk",
        "client_type": "confidential",
        "client_secret": "a-secret-made-for-this-test",
        "redirect_uris": "javascript:alert(1)",
    }
    refused = browser.post(url, form)
    assert b"cannot be a redirect URI" in refused.content
    assert b"one address a line" in refused.content
    fine = {"redirect_uris": "https://desk.example/cb"}
    for secret in ("", "short"):
        answer = browser.post(url, form | fine | {"client_secret": secret})
        assert b"Give at least 16 characters" in answer.content
    assert 302 == browser.post(url, form | {"redirect_uris": "https://desk.example/cb"}).status_code
    stored = Application.objects.get(client_id="desk")
    assert form["client_secret"] not in stored.client_secret
    page = browser.get(reverse("admin:oauthbridge_application_change", args=[stored.pk])).content
    assert stored.client_secret.encode() not in page
