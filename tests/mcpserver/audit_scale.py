"""How long the audit log's pages take on a million rows; it fills the database of DATABASE_URL.

    DATABASE_URL=sqlite:///scale.sqlite3 python -m tests.mcpserver.audit_scale [ROWS]

Figures are for people to look at: the tests assert query plans and counts instead.
"""

from __future__ import annotations

import os
import random
import secrets
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "infinity_mcp.settings")
os.environ.setdefault("DJANGO_SECRET_KEY", secrets.token_urlsafe(50))
django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from credentials.events import EventKind  # noqa: E402
from mcpserver.audit import ERROR_KINDS  # noqa: E402
from mcpserver.models import Event, Outcome, ToolCall  # noqa: E402
from mcpserver.server import tool_names  # noqa: E402

USERS = 10_000
YEAR = timedelta(days=365)
DIFFERENT = 20_000  # the other rows are copies of these
CALLS, EVENTS = "/admin/mcpserver/toolcall/", "/admin/mcpserver/event/"


def user() -> str:
    """A few make most of the calls."""
    return f"user-{int(random.paretovariate(0.5)) % USERS}"


def fill(rows: int) -> None:
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
    """The median of five."""
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        answer = client.get(page, headers={"host": "localhost"})
        assert 200 == answer.status_code, page
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def main() -> None:
    call_command("migrate", verbosity=0)
    if not ToolCall.objects.exists():
        fill(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
    admin = User.objects.filter(username="scale").first()
    client = Client()
    client.force_login(admin or User.objects.create_superuser("scale"))
    client.get(CALLS, headers={"host": "localhost"})  # templates are read once
    for page in pages():
        print(f"{milliseconds(client, page):8.1f} ms  {page}")


if __name__ == "__main__":
    main()
