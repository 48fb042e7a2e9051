"""Who may open and send what, by address: pages that `tests.accounts.test_roles` does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import models, transaction
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from accounts.models import ApiKey, McpUser, User
from accounts.roles import Role
from credentials.models import Profile
from mcpserver.audit.models import Event, Outcome, ToolCall
from oauthbridge.models import Application, Connection
from tests.oauthbridge.support import client

# Not events: a refusal is one.
KEPT: tuple[type[models.Model], ...] = (
    ApiKey,
    Application,
    Connection,
    McpUser,
    Profile,
    ToolCall,
    User,
)
NOBODY: frozenset[Role] = frozenset()
SUPERUSER = frozenset({Role.SUPERUSER})
OPERATORS = SUPERUSER | {Role.OPERATOR}
STAFF = OPERATORS | {Role.AUDITOR}
ALL = STAFF | {Role.NONE}

Told = int | str
"""A status, or that the login follows."""
Refusal = Mapping[Role, Told]

LOGIN = "login"
NO_ACCESS: Refusal = {Role.NONE: LOGIN, Role.AUDITOR: 403, Role.OPERATOR: 403}
NOT_FOUND: Refusal = dict.fromkeys(ALL, 404)
# A list takes an action that one may not run as none at all.
IGNORED: Refusal = {Role.NONE: LOGIN, Role.AUDITOR: 200, Role.OPERATOR: 200}
FORM_OF_KEY = {"label": "laptop", "lifetime": "", "newest": "{key}"}
NEW_CLIENT = {
    "name": "Desk",
    "client_id": "desk",
    "client_type": "public",
    "redirect_uris": "http://127.0.0.1/cb",
}
MAKE_KEY = {"action": "make-key", "label": "laptop", "others": "keep", "newest": "0"}
USER, KEY = "/admin/accounts/mcpuser/{alice}/", "/admin/accounts/apikey/"
CALLS, EVENTS = "/admin/mcpserver/toolcall/", "/admin/mcpserver/event/"
PROFILES, CLIENTS = "/admin/credentials/profile/", "/admin/oauthbridge/application/"
CONNECTIONS, OWN = "/admin/oauthbridge/connection/", "/oauth/connections/"


@dataclass(frozen=True)
class Page:
    """Who may open an address, or change something by `form`; and the answer to others."""

    path: str
    roles: frozenset[Role]
    refusal: Refusal
    opens: int = 200


SEEN = (
    Page("/admin/", STAFF, NO_ACCESS),
    Page(CALLS, STAFF, NO_ACCESS),
    Page(CALLS + "{call}/change/", STAFF, NO_ACCESS),
    Page(CALLS + "export/", STAFF, NO_ACCESS),
    Page(EVENTS, STAFF, NO_ACCESS),
    Page(EVENTS + "{event}/change/", STAFF, NO_ACCESS),
    Page(EVENTS + "export/", STAFF, NO_ACCESS),
    Page(KEY, STAFF, NO_ACCESS),
    Page(KEY + "{key}/change/", STAFF, NO_ACCESS),
    Page(KEY + "{key}/revoke/", OPERATORS, NO_ACCESS),
    Page(USER + "new_key/", OPERATORS, NO_ACCESS),
    Page(USER + "rotate_keys/", OPERATORS, NO_ACCESS),
    Page(USER + "revoke_keys/", OPERATORS, NO_ACCESS),
    Page(CLIENTS, STAFF, NO_ACCESS),
    Page(CLIENTS + "{client}/change/", STAFF, NO_ACCESS),
    Page(CLIENTS + "add/", SUPERUSER, NO_ACCESS),
    Page(CLIENTS + "{client}/delete/", SUPERUSER, NO_ACCESS),
    Page(CONNECTIONS, STAFF, NO_ACCESS),
    Page(CONNECTIONS + "{connection}/change/", STAFF, NO_ACCESS),
    Page("/connect/", ALL, {}),
    Page("/connect/{alice}/", ALL, {}),
    Page("/connect/{bob}/", SUPERUSER, NOT_FOUND),
    Page(OWN, ALL, {}),
)
SENT: tuple[tuple[Page, Mapping[str, str]], ...] = (
    (Page(KEY + "{key}/revoke/", OPERATORS, NO_ACCESS, 302), {}),
    (Page(USER + "new_key/", OPERATORS, NO_ACCESS), FORM_OF_KEY),
    (Page(USER + "rotate_keys/", OPERATORS, NO_ACCESS), FORM_OF_KEY | {"overlap": "1h"}),
    (Page(USER + "revoke_keys/", OPERATORS, NO_ACCESS, 302), {}),
    (
        Page(KEY, OPERATORS, IGNORED, 302),
        {"action": "revoke_selected", "_selected_action": "{key}"},
    ),
    (
        Page(PROFILES, OPERATORS, IGNORED, 302),
        {"action": "verify_selected", "_selected_action": "local"},
    ),
    (
        Page(CONNECTIONS, OPERATORS, IGNORED, 302),
        {"action": "revoke", "_selected_action": "{connection}"},
    ),
    (Page(CLIENTS + "add/", SUPERUSER, NO_ACCESS, 302), NEW_CLIENT),
    (Page(CLIENTS + "{client}/change/", SUPERUSER, NO_ACCESS, 302), NEW_CLIENT),
    (Page(CLIENTS + "{client}/delete/", SUPERUSER, NO_ACCESS, 302), {"post": "yes"}),
    (Page(CALLS + "{call}/change/", NOBODY, {**NO_ACCESS, Role.SUPERUSER: 403}), {"user": "eve"}),
    (Page(EVENTS + "{event}/delete/", NOBODY, {**NO_ACCESS, Role.SUPERUSER: 403}), {"post": "yes"}),
    (Page("/connect/", NOBODY, dict.fromkeys(ALL, 405)), MAKE_KEY),
    (Page("/connect/{alice}/", ALL, {}), MAKE_KEY | {"newest": "{key}"}),
    (Page("/connect/{bob}/", SUPERUSER, NOT_FOUND), MAKE_KEY),
    (Page("/connect/{charlie}/", SUPERUSER, dict.fromkeys(ALL, 403)), MAKE_KEY),
    (Page(OWN, NOBODY, NOT_FOUND), {"connection": "{connection}"}),
)
"""A page and what is sent to it."""


@pytest.fixture
def ids(db: None, settings: Settings) -> dict[str, Any]:
    """What there is. All but bob is for everybody, but charlie's keys; the connection is eve's."""
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"
    profile = Profile(id="local", name="Local", base_url="sandbox:")
    profile.set_token("sandbox-ada")
    profile.save()
    users = {
        name: McpUser.objects.create(
            name=name,
            profile=profile,
            scopes=["infinity:read"],
            people_may_make_keys=name != "charlie",
        )
        for name in ("alice", "bob", "charlie")
    }
    application, eve = client(), User.objects.create_user("eve")
    made: dict[str, models.Model] = {
        **users,
        "key": users["alice"].issue_key()[0],
        "client": application,
        "connection": Connection.objects.create(
            application=application, person=eve, mcp_user=users["alice"]
        ),
        "call": ToolCall.objects.create(
            user="alice",
            profile="local",
            tool="infinity_get_item",
            changes=False,
            outcome=Outcome.OK,
        ),
        "event": Event.objects.create(kind="changed"),
    }
    return {name: each.pk for name, each in made.items()}


def browser_of(role: Role, ids: Mapping[str, Any]) -> Client:
    person = User.objects.create_user(f"my-{role.value}")
    person.take_role(role)
    person.mcp_users.set([ids["alice"], ids["charlie"]])
    browser = Client(headers={"Accept": "text/html"})
    browser.force_login(person)
    return browser


def told(answer: HttpResponseBase) -> Told:
    is_login = answer.get("Location", "").startswith(("/login/?", "/admin/login/?"))
    return LOGIN if is_login else answer.status_code


def expected(page: Page, role: Role) -> Told:
    return page.opens if role in page.roles else page.refusal[role]


def rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values()) for model in KEPT]


@transaction.atomic
def send(browser: Client, path: str, form: Mapping[str, str]) -> tuple[Told, bool]:
    """What a form is answered, and whether it changed anything; it is taken back."""
    before = rows()
    answer, changed = told(browser.post(path, form)), rows() != before
    transaction.set_rollback(True)
    return answer, changed


@pytest.mark.parametrize("role", Role)
def test_pages_open_for_the_roles_that_have_them(role: Role, ids: dict[str, Any]) -> None:
    browser = browser_of(role, ids)
    seen = {page.path: told(browser.get(page.path.format(**ids))) for page in SEEN}
    assert {page.path: expected(page, role) for page in SEEN} == seen


@pytest.mark.parametrize("role", Role)
def test_forms_change_something_for_the_roles_that_may(role: Role, ids: dict[str, Any]) -> None:
    browser = browser_of(role, ids)
    for page, form in SENT:
        filled = {name: value.format(**ids) for name, value in form.items()}
        answered = send(browser, page.path.format(**ids), filled)
        assert (page, (expected(page, role), role in page.roles)) == (page, answered)


def test_strangers_open_and_change_nothing(ids: dict[str, Any]) -> None:
    stranger = Client(headers={"Accept": "text/html"})
    for page in SEEN:
        assert (page, LOGIN) == (page, told(stranger.get(page.path.format(**ids))))
    for page, form in SENT:
        answered = send(stranger, page.path.format(**ids), form)
        refusal = 405 if page.path == "/connect/" else LOGIN
        assert (page, (refusal, False)) == (page, answered)
