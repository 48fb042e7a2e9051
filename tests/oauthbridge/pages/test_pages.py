"""Consent, one's connections, and the admin."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import httpx2
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import McpUser, User
from oauthbridge.models import AccessToken, Application, Connection, Grant
from tests.oauthbridge.conftest import MakePerson
from tests.oauthbridge.support import Flow, client, hidden_token, http
from tests.support import Server


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
        after = browser.get(url).text
        assert "Test client can no longer act as alice for you." in after
        assert "No application is connected" in after and f"{flow.server.origin}/mcp" in after
        assert "can no longer act" not in browser.get(url).text
    assert [401, 200] == [
        flow.server.post(each["access_token"]).status_code for each in (tokens, others)
    ]


def test_a_consent_that_waits_for_the_application_can_be_revoked(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    url = f"{flow.server.origin}/oauth/connections/"
    with http(cookies=flow.cookies(ada)) as browser:
        page = browser.get(url).text
        assert "Not yet: waiting for the application" in page
        form = {"csrfmiddlewaretoken": hidden_token(page)}
        browser.post(url, data=form | {"connection": str(Connection.objects.get().pk)})
    assert "invalid_grant" == flow.exchange(code).json()["error"]
    flow.code(ada)
    assert 1 == len(Connection.objects.open())
    Grant.objects.update(expires=timezone.now())
    assert not Connection.objects.open()


def test_a_connection_that_was_idle_too_long_is_not_shown(flow: Flow, ada: User) -> None:
    flow.tokens(ada)
    AccessToken.objects.update(expires=timezone.now() - timedelta(days=29))
    assert 1 == len(Connection.objects.open())
    AccessToken.objects.update(expires=timezone.now() - timedelta(days=30))
    assert not Connection.objects.open()


def test_strangers_are_asked_to_sign_in(oauth: Server) -> None:
    answer = httpx2.get(f"{oauth.origin}/oauth/connections/")
    assert "/login/?next=/oauth/connections/" == answer.headers["location"]


def test_the_sign_in_page_says_who_asks(flow: Flow, oauth: Server) -> None:
    url = flow.url().removeprefix(oauth.origin)
    with http() as browser:
        ask = partial(browser.get, f"{oauth.origin}/login/")
        assert "“Test client” asks to use Infinity for you" in ask(params={"next": url}).text
        flow.application.name, flow.application.registration_source = "<b>Desk</b>", "dcr"
        flow.application.save()
        page = ask(params={"next": url}).text
        assert "“&lt;b&gt;Desk&lt;/b&gt;” (its name is not verified) asks" in page
        for other in (url.replace("client_id=", "client_id=x"), "/oauth/authorize?client_id=%00"):
            assert "asks to use" not in ask(params={"next": other}).text


def test_a_connection_is_shown_with_what_tells_it_apart(flow: Flow, ada: User) -> None:
    flow.application.registration_source = "dcr"
    flow.application.redirect_uris += " https://desk.example/callback"
    flow.application.save()
    flow.tokens(ada)
    connection = Connection.objects.get()
    with http(cookies=flow.cookies(ada)) as browser:
        page = browser.get(f"{flow.server.origin}/oauth/connections/").text
    assert "127.0.0.1, desk.example" in page
    assert "Identity not verified" in page and "Infinity profile: sandbox" in page
    assert f"{connection.created_at:%H:%M} UTC, until" in page
    assert 'href="/connect/"' in page and 'href="/oauth/connections/"' not in page


EVIL = "https://evil.example/<b>"


@pytest.mark.parametrize(
    ("source", "remedy"),
    [
        ("dcr", "so that it registers anew"),
        ("manual", "the redirect URIs of the client, in the admin"),
    ],
)
def test_a_wrong_address_is_told_with_its_remedy(
    flow: Flow, ada: User, source: str, remedy: str
) -> None:
    flow.application.registration_source = source
    flow.application.save()
    page = flow.open(ada, redirect_uri=EVIL).text
    assert "“Test client” asks to send you back to https://evil.example/&lt;b&gt;, which" in page
    assert remedy in page and "If you were not just connecting it" in page


def test_a_wrong_address_of_the_client_of_the_environment_is_the_operators_business(
    chatgpt_flow: Flow, ada: User
) -> None:
    page = chatgpt_flow.open(ada, redirect_uri=EVIL).text
    assert "“chatgpt (chatgpt.com, claude.ai)” asks" in page
    assert "OAUTH_ALLOWED_REDIRECT_ORIGINS" in page


def test_an_unknown_client_is_told_to_connect_anew(flow: Flow, ada: User) -> None:
    page = flow.open(ada, client_id="unknown").text
    assert "is not known to this server" in page and "add it again" in page


def test_what_else_is_refused_names_the_client(flow: Flow, ada: User) -> None:
    site = "https://client.example/callback"
    flow.application.registration_source, flow.application.redirect_uris = "dcr", site
    flow.application.save()
    page = flow.open(ada, redirect_uri=site, code_challenge_method="plain").text
    assert "The request of “Test client” is refused: Use PKCE with the method S256." in page


def test_the_client_of_the_environment_can_be_given_a_name(
    chatgpt_flow: Flow, chatgpt: Application, ada: User
) -> None:
    assert "Let chatgpt (chatgpt.com, claude.ai) use" in chatgpt_flow.open(ada).text
    chatgpt.name = "ChatGPT of the team"
    chatgpt.save()
    assert "Let ChatGPT of the team use" in chatgpt_flow.open(ada).text


def test_names_of_clients_are_text(flow: Flow, ada: User) -> None:
    flow.application.name = "<script>alert(1)</script>"
    flow.application.save()
    page = flow.open(ada).text
    assert "<script" not in page and "&lt;script&gt;" in page


def test_an_operator_sees_and_revokes_connections(
    here: None, alice: McpUser, make_person: MakePerson
) -> None:
    root = make_person("root", is_superuser=True, is_staff=True)
    connection = Connection.objects.create(
        application=client(),
        person=root,
        mcp_user=alice,
        scopes=["infinity:read"],
        last_used_at=timezone.now(),
    )
    browser = Client()
    browser.force_login(root)
    url = reverse("admin:oauthbridge_connection_changelist")
    assert b"Test client" in browser.get(url).content
    assert b"Read workspaces" in browser.get(f"{url}{connection.pk}/change/").content
    browser.post(url, {"action": "revoke", "_selected_action": [connection.pk]})
    connection.refresh_from_db()
    assert connection.revoked_at is not None


def test_an_operator_removes_a_client_with_its_connections(
    here: None, alice: McpUser, make_person: MakePerson
) -> None:
    root = make_person("root", is_superuser=True, is_staff=True)
    application = client()
    Connection.objects.create(application=application, person=root, mcp_user=alice)
    browser = Client()
    browser.force_login(root)
    url = reverse("admin:oauthbridge_application_delete", args=[application.pk])
    assert 302 == browser.post(url, {"post": "yes"}).status_code
    assert not Connection.objects.exists()


def test_an_operator_makes_a_client(here: None, make_person: MakePerson) -> None:
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
