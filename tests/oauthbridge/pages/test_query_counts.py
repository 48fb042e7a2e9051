"""Pages take as many queries however many rows they show."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import McpUser, User
from accounts.roles import GROUP_ROLES
from credentials.models import Profile
from mcpserver.audit import rollups
from mcpserver.audit.models import Event, Outcome, ToolCall
from oauthbridge.models import AccessToken, Connection, RefreshToken
from tests.oauthbridge.support import client

FEW, MANY = 2, 10
MAX_QUERIES = 25


@pytest.fixture(autouse=True)
def oauth_is_on(settings: Settings) -> None:
    settings.OAUTH_ENABLED, settings.ROOT_URLCONF = True, "tests.oauthbridge.urls"


def add_rows(count: int, viewer: User) -> None:
    """Of everything `count` more, each with a user, person, profile and client of its own."""
    first = User.objects.count()
    for number in range(first, first + count):
        profile = Profile.objects.create(id=f"p-{number}", name="One of many", encrypted_token="x")
        user = McpUser.objects.create(
            name=f"user-{number}", profile=profile, scopes=["infinity:read"]
        )
        user.issue_key()
        person = User.objects.create_user(f"person-{number}")
        person.take_role(GROUP_ROLES[number % 2])
        user.people.add(person)
        for owner in (viewer, person):
            connect(owner, user)
        log(user, profile)
    rollups.keep(timezone.now())  # as a running server does


def connect(person: User, user: McpUser) -> None:
    application = client(name=f"Client of {user}")
    own = Connection.objects.create(
        application=application, person=person, mcp_user=user, scopes=["infinity:read"]
    )
    common = {"user": person, "application": application, "connection": own}
    expires = timezone.now() + timedelta(hours=1)
    token = AccessToken.objects.create(token=f"a-{own.pk}", expires=expires, **common)
    RefreshToken.objects.create(token=f"r-{own.pk}", access_token=token, **common)


def log(user: McpUser, profile: Profile) -> None:
    ToolCall.objects.create(
        user=user.name,
        profile=profile.id,
        tool="infinity_get_profile",
        changes=False,
        outcome=Outcome.OK,
        duration_ms=20,
    )
    Event.objects.create(kind="changed", actor=user.name, subject=f"MCP user {user}")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        ("/admin/", "infinity_get_profile"),  # the busiest tools
        ("/admin/accounts/user/", "person-{}"),
        ("/admin/accounts/mcpuser/", "user-{}"),
        ("/admin/accounts/apikey/", "user-{}"),
        ("/admin/mcpserver/event/", "MCP user user-{}"),
        ("/admin/mcpserver/toolcall/", "user-{}"),
        ("/admin/oauthbridge/application/", "Client of user-{}"),
        ("/admin/oauthbridge/connection/", "Client of user-{}"),
        ("/connect/", "user-{}"),
        ("/oauth/connections/", "Client of user-{}"),
    ],
)
def test_more_rows_take_no_more_queries(
    page: str, shown: str, admin_client: Client, admin_user: User
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            answer = admin_client.get(page)
        assert shown.format(User.objects.count() - 1) in answer.content.decode()
        # Whether the database can be written is tried every few seconds, for whatever page.
        return sum(query["sql"].startswith("SELECT") for query in captured)

    add_rows(FEW, admin_user)
    few = queries()
    add_rows(MANY, admin_user)
    assert few == queries()
    assert few <= MAX_QUERIES
