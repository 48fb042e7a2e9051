"""How long the admin's pages take with 10,000 MCP users and a million calls and events.

    DATABASE_URL=sqlite:///scale.sqlite3 python -m tests.mcpserver.admin.admin_scale [ROWS]

It fills the database of DATABASE_URL, unless it did so before.

Figures are for people to look at: the tests assert query plans and counts instead.
"""

from __future__ import annotations

import os
import random
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import django
from cryptography.fernet import Fernet

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infinity_mcp.settings")
os.environ.setdefault("DJANGO_SECRET_KEY", secrets.token_urlsafe(50))
os.environ.setdefault("MCP_CREDENTIAL_STORE_KEY", Fernet.generate_key().decode())
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import ApiKey, McpUser, User  # noqa: E402
from credentials.models import Profile  # noqa: E402
from infinity_mcp.core.events import EventKind  # noqa: E402
from mcpserver.audit import rollups  # noqa: E402
from mcpserver.audit.log import ERROR_KINDS  # noqa: E402
from mcpserver.audit.models import Event, Outcome, ToolCall  # noqa: E402
from mcpserver.tools import tool_names  # noqa: E402
from oauthbridge.models import Application, Connection  # noqa: E402

USERS, PROFILES, CLIENTS = 10_000, 50, 200  # two keys, a person and a connection for each user
Row = TypeVar("Row", bound=models.Model)
YEAR = timedelta(days=365)
DIFFERENT = 20_000  # the other rows are copies of these
CALLS, EVENTS = "/admin/mcpserver/toolcall/", "/admin/mcpserver/event/"
MCP_USERS, KEYS = "/admin/accounts/mcpuser/", "/admin/accounts/apikey/"
PROFILES_PAGE, PEOPLE = "/admin/credentials/profile/", "/admin/accounts/user/"
CLIENTS_PAGE, CONNECTIONS = "/admin/oauthbridge/application/", "/admin/oauthbridge/connection/"


def user() -> str:
    """A few make most of the calls."""
    return f"user-{int(random.paretovariate(0.5)) % USERS}"


def fill(rows: int) -> None:
    fill_agents()
    fill_audit_log(rows)


def fill_agents() -> None:
    now = timezone.now()
    profiles = made(a_profile(number) for number in range(PROFILES))
    people = made(User(username=f"person-{number}", password="!") for number in range(USERS))
    users = made(
        McpUser(name=f"user-{number}", profile=random.choice(profiles), scopes=["infinity:read"])
        for number in range(USERS)
    )
    McpUser.people.through.objects.bulk_create(
        McpUser.people.through(mcpuser=user, user=person)
        for user, person in zip(users, people, strict=True)
    )
    made(a_key(user, now) for user in users for _ in range(2))
    clients = made(Application(name=f"Client {number}") for number in range(CLIENTS))
    made(
        Connection(
            application=random.choice(clients),
            person=person,
            mcp_user=user,
            scopes=["infinity:read"],
            last_used_at=now,
        )
        for user, person in zip(users, people, strict=True)
    )


def made(rows: Iterable[Row]) -> list[Row]:
    listed = list(rows)
    return type(listed[0])._base_manager.bulk_create(listed, 1000)


def a_profile(number: int) -> Profile:
    profile = Profile(id=f"profile-{number}", name=f"Profile {number}")
    profile.set_token(secrets.token_urlsafe(32))
    return profile


def a_key(user: McpUser, now: datetime) -> ApiKey:
    used = now - timedelta(days=random.randrange(200))
    revoked = random.random() < 0.2
    return ApiKey(
        user=user,
        label="laptop",
        prefix="mcp_abcd",
        digest=secrets.token_hex(32),
        last_used_at=used,
        revoked_at=now if revoked else None,
    )


def fill_audit_log(rows: int) -> None:
    tools, now, apart = sorted(tool_names()), timezone.now(), YEAR / DIFFERENT
    moments = [now - number * apart for number in range(DIFFERENT)]
    ToolCall.objects.bulk_create((a_call(at, random.choice(tools)) for at in moments), 1000)
    Event.objects.bulk_create(map(an_event, moments), 1000)
    for model in (ToolCall, Event):
        copy(model, rows // DIFFERENT - 1)


def copy(model: type[ToolCall | Event], times: int) -> None:
    """In the database, which is much faster than making as many rows here."""
    columns = ", ".join(
        connection.ops.quote_name(str(field.column))
        for field in model._meta.concrete_fields
        if not field.primary_key
    )
    table, last = model._meta.db_table, model.objects.latest("id").pk
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute(
                f"INSERT INTO {table} ({columns}) SELECT {columns} FROM {table} WHERE id <= {last}"
            )
        cursor.execute("ANALYZE")


def a_call(at: datetime, tool: str) -> ToolCall:
    works = random.random() < 0.97
    return ToolCall(
        started_at=at,
        user=user(),
        user_id=1,
        credential="key",
        credential_id=1,
        profile="main",
        tool=tool,
        targets={"workspace_id": "12345", "board_id": "LA1dW8i1TTK"},
        changes=random.random() < 0.1,
        outcome=Outcome.OK if works else random.choice(Outcome.values),
        error="" if works else random.choice(ERROR_KINDS),
        duration_ms=random.randrange(20, 3000),
        request_id=secrets.token_hex(8),
    )


def an_event(at: datetime) -> Event:
    return Event(
        happened_at=at,
        kind=random.choice(EventKind.values),
        actor=user(),
        subject=f"MCP user {user()}",
        detail="scopes: infinity:read → infinity:read, infinity:write",
        address="192.0.2.1",
        request_id=secrets.token_hex(8),
    )


def pages() -> Iterator[str]:
    yield from pages_of_agents()
    yield from pages_of_the_audit_log()


def pages_of_agents() -> Iterator[str]:
    user, key = McpUser.objects.all()[5000], ApiKey.objects.all()[5000]
    yield from ("/admin/", "/admin/?range=1d", "/admin/?range=7d", "/connect/", "/connect/?name=99")
    yield f"/connect/{user.pk}/"
    yield from (MCP_USERS, f"{MCP_USERS}?p=200", f"{MCP_USERS}?q=user-99")
    yield from (f"{MCP_USERS}?o={column}" for column in (2, 3, 5, -6, 7))
    yield from (f"{MCP_USERS}?active__exact=1", f"{MCP_USERS}?profile__id__exact=profile-1")
    yield from (f"{MCP_USERS}{user.pk}/{page}/" for page in ("change", "history", "delete"))
    yield from (KEYS, f"{KEYS}?p=400", f"{KEYS}?q=user-99", f"{KEYS}{key.pk}/change/")
    yield from (f"{KEYS}?state={state}" for state in ("live", "unused", "ended"))
    yield from (f"{KEYS}?o={column}" for column in (2, 3, 5, -6, 7))
    yield from (PROFILES_PAGE, f"{PROFILES_PAGE}?o=-8", f"{PROFILES_PAGE}profile-1/change/")
    yield from (PEOPLE, f"{PEOPLE}?q=person-99", f"{PEOPLE}?o=-6", f"{PEOPLE}?is_active__exact=1")
    yield from (CLIENTS_PAGE, CONNECTIONS, f"{CONNECTIONS}?q=user-99", f"{CONNECTIONS}?p=200")
    yield from (f"{CONNECTIONS}?o={column}" for column in (1, 2, 3, -6))
    yield f"{CONNECTIONS}?mcp_user__id__exact={user.pk}"


def pages_of_the_audit_log() -> Iterator[str]:
    call, event = ToolCall.objects.all()[500], Event.objects.all()[500]
    yield from (CALLS, f"{CALLS}?p=100", f"{CALLS}{call.pk}/change/")
    yield from (f"{CALLS}?within={span}" for span in ("1h", "7d", "90d"))
    yield from (f"{CALLS}?outcome__exact={outcome}" for outcome in Outcome.values)
    yield from (f"{CALLS}?changes__exact={changes}" for changes in (0, 1))
    yield from (f"{CALLS}?tool={call.tool}", f"{CALLS}?error=not_found", f"{CALLS}?q=user-1")
    yield from (f"{CALLS}?q=user-9000", f"{CALLS}?q=nobody", f"{CALLS}?q={call.request_id}")
    yield f"{CALLS}?q=user-1&outcome__exact=failed"
    yield f"{CALLS}?q=user-1&error=not_found&changes__exact=1"
    yield f"{CALLS}?tool={call.tool}&outcome__exact=failed&changes__exact=1&within=90d"
    yield from (EVENTS, f"{EVENTS}?p=100", f"{EVENTS}{event.pk}/change/")
    yield from (f"{EVENTS}?within={span}" for span in ("1h", "7d", "90d"))
    yield from (
        f"{EVENTS}?kind__exact=signed_in",
        f"{EVENTS}?q=MCP+user+user-1",
        f"{EVENTS}?q=MCP+user+user-9000",
    )
    yield from (
        f"{EVENTS}?q=MCP+user+user-1&kind__exact=signed_in",
        f"{EVENTS}?q={event.request_id}",
    )
    yield from (f"{EVENTS}?q=by+user-1", f"{EVENTS}?q=by+user-1&kind__exact=signed_in&within=90d")


def milliseconds(client: Client, page: str) -> float:
    """The shortest of five: what else the machine does is not asked here."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        answer = client.get(page, headers={"host": "localhost"})
        assert 200 == answer.status_code, page
        taken.append(time.perf_counter() - began)
    return min(taken) * 1000


def main() -> None:
    call_command("migrate", verbosity=0)
    if not ToolCall.objects.exists():
        if McpUser.objects.exists():
            sys.exit(
                "This database is in use. Name an empty one: DATABASE_URL=sqlite:///scale.sqlite3"
            )
        fill(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    rollups.keep(timezone.now())  # as a running server does
    admin = User.objects.filter(username="scale").first()
    client = Client()
    client.force_login(admin or User.objects.create_superuser("scale"))
    client.get(CALLS, headers={"host": "localhost"})  # templates are read once
    for page in pages():
        print(f"{milliseconds(client, page):8.1f} ms  {page}")


if __name__ == "__main__":
    main()
