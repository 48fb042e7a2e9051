"""An OAuth client and a person's browser, as far as the tests need them."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.test import Client

from accounts.models import User
from accounts.scopes import SCOPES
from oauthbridge.models import Application
from tests.support import PATIENT, Server

CHATGPT = "https://chatgpt.com/connector/oauth/a1B2-c3_d4"
LOOPBACK = "http://127.0.0.1/callback"


class QuickHasher(PBKDF2PasswordHasher):
    """What the server's hasher can verify, made in no time."""

    iterations = 1


def http(**options: Any) -> httpx2.Client:
    """For plain HTTP on this machine: loading certificates would take longer than the requests."""
    return httpx2.Client(**{**PATIENT, **options})


def session_of(person: User) -> str:
    """The session cookie of a browser in which the person is signed in."""
    person.refresh_from_db()  # the server renews the hash of a password that it has seen
    client = Client()
    client.force_login(person)
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def hidden_token(page: str) -> str:
    match = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert match, page
    return html.unescape(match[1])


def parameters_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def client(redirect_uris: str = LOOPBACK, **fields: Any) -> Application:
    return Application.objects.create(
        redirect_uris=redirect_uris, **{"name": "Test client", "client_type": "public", **fields}
    )


@dataclass
class Flow:
    """One authorization of a client at a server, step by step."""

    server: Server
    application: Application
    redirect_uri: str = "http://127.0.0.1:49152/callback"
    secret: str | None = None
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))

    def url(self, **changes: str | None) -> str:
        """The authorization URL; None leaves a parameter out."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest())
        request = {
            "response_type": "code",
            "client_id": self.application.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(SCOPES),
            "state": self.state,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            "resource": self.server.url,
            **changes,
        }
        given = {name: value for name, value in request.items() if value is not None}
        return f"{self.server.origin}/oauth/authorize?{urlencode(given)}"

    def open(self, person: User | None, **changes: str | None) -> httpx2.Response:
        """What a browser gets at the authorization URL; nothing is followed."""
        with http(cookies=self.cookies(person)) as browser:
            return browser.get(self.url(**changes))

    def decide(
        self,
        person: User,
        mcp_user: str = "alice",
        scopes: tuple[str, ...] = SCOPES,
        decision: str = "allow",
        **changes: str | None,
    ) -> httpx2.Response:
        """The answer to the consent form."""
        with http(cookies=self.cookies(person)) as browser:
            page = browser.get(self.url(**changes))
            assert page.status_code == 200, page.text
            form = {
                "csrfmiddlewaretoken": hidden_token(page.text),
                "mcp_user": mcp_user,
                "scopes": list(scopes),
                "decision": decision,
            }
            return browser.post(self.url(**changes), data=form)

    def code(self, person: User, *args: Any, **kwargs: Any) -> str:
        answer = self.decide(person, *args, **kwargs)
        assert answer.status_code == 302, answer.text
        return parameters_of(answer.headers["location"])["code"]

    def exchange(self, code: str, **changes: str | None) -> httpx2.Response:
        return self._ask_for_token(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": self.verifier,
                "resource": self.server.url,
                **changes,
            }
        )

    def refresh(self, refresh_token: str, **changes: str | None) -> httpx2.Response:
        request = {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        return self._ask_for_token(request)

    def tokens(self, person: User, *args: Any, **kwargs: Any) -> dict[str, Any]:
        answer = self.exchange(self.code(person, *args, **kwargs))
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def _ask_for_token(self, request: dict[str, str | None]) -> httpx2.Response:
        request = {"client_id": self.application.client_id, **request}
        if self.secret:
            request = {"client_secret": self.secret, **request}
        given = {name: value for name, value in request.items() if value is not None}
        with http() as client:
            return client.post(f"{self.server.origin}/oauth/token", data=given)

    def cookies(self, person: User | None) -> dict[str, str]:
        return {settings.SESSION_COOKIE_NAME: session_of(person)} if person else {}
