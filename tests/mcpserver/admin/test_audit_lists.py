"""The audit log in the admin, its export, and how long it is kept."""

from __future__ import annotations

import asyncio
import csv
import io
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.db import connection, connections
from django.http import StreamingHttpResponse
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from infinity_mcp.core.events import EventKind
from mcpserver.admin import audit as admin
from mcpserver.admin.csv_export import ROWS_AT_A_TIME
from mcpserver.audit.models import Event, Outcome, ToolCall
from tests.credentials.installation import Installation

CALLS, EVENTS = "/admin/mcpserver/toolcall/", "/admin/mcpserver/event/"
PROFILE = "lists"
MakeCall = Callable[..., ToolCall]


def a_call(**fields: object) -> ToolCall:
    return ToolCall(
        **{
            "user": "alice",
            "credential": "key",
            "profile": PROFILE,
            "tool": "infinity_get_item",
            "changes": False,
            "outcome": Outcome.OK,
            "request_id": secrets.token_hex(8),
            **fields,
        }
    )


@pytest.fixture
def make_call(db: None) -> MakeCall:
    ToolCall.objects.all().delete()  # what a server of other tests wrote late

    def make(**fields: object) -> ToolCall:
        call = a_call(**fields)
        call.save()
        return call

    return make


@pytest.fixture
def staff(db: None) -> Client:
    """A person who may see calls, and nothing else."""
    person = User.objects.create_user("ada", is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_toolcall"))
    client = Client()
    client.force_login(person)
    return client


def listed(client: Client, page: str) -> list[str]:
    """The users of the calls that a list shows; a server of other tests may still write some."""
    answer = client.get(page)
    assert 200 == answer.status_code
    return [call.user for call in answer.context["cl"].result_list if call.profile == PROFILE]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["bob", "alice"]),
        ("q=alice", ["alice"]),
        ("q=ali", []),
        ("q=0123456789abcdef", ["bob"]),
        ("q=%00", ["bob", "alice"]),
        ("outcome__exact=failed", ["bob"]),
        ("error=not_found", ["bob"]),
        ("tool=infinity_get_item", ["alice"]),
        ("changes__exact=1", ["bob"]),
        ("within=1h", ["bob"]),
        ("within=7d", ["bob", "alice"]),
        ("within=x", ["bob", "alice"]),
    ],
)
def test_the_list_shows_what_matches_the_filter(
    make_call: MakeCall, staff: Client, query: str, shown: list[str]
) -> None:
    make_call(started_at=timezone.now() - timedelta(hours=2))
    make_call(
        user="bob",
        tool="infinity_archive_item",
        changes=True,
        outcome=Outcome.FAILED,
        error="not_found",
        request_id="0123456789abcdef",
    )
    assert shown == listed(staff, f"{CALLS}?{query}")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("q=MCP+user+alice", 1),
        ("q=by admin", 2),
        ("q=admin", 0),
        ("kind__exact=key_issued", 1),
        ("within=1h", 3),
    ],
)
def test_events_are_found_by_whom_they_are_about_and_who_did_it(
    admin_client: Client, query: str, shown: int
) -> None:
    Event.objects.all().delete()
    Event.objects.create(kind=EventKind.KEY_ISSUED, actor="admin", subject="MCP user alice")
    Event.objects.create(kind=EventKind.CHANGED, actor="admin", subject="profile main")
    Event.objects.create(kind=EventKind.SIGNED_IN, actor="eve", subject="person eve")

    answer = admin_client.get(f"{EVENTS}?{query}")

    assert shown == len(answer.context["cl"].result_list)


def test_lists_tell_the_time_to_the_second(make_call: MakeCall, admin_client: Client) -> None:
    moment = datetime(2026, 11, 22, 18, 4, 5, tzinfo=UTC)
    make_call(started_at=moment)
    Event.objects.create(kind=EventKind.CHANGED, happened_at=moment)
    for page in (CALLS, EVENTS):
        shown = admin_client.get(page).content.decode()
        assert "2026-11-22 18:04:05" in shown and "(UTC)" in shown


def test_an_entry_is_shown_in_full(make_call: MakeCall, staff: Client) -> None:
    call = make_call(targets={"board_id": "LA1dW8i1TTK"})
    page = staff.get(f"{CALLS}{call.pk}/change/").content.decode()
    assert "LA1dW8i1TTK" in page
    assert call.request_id in page
    assert f"{call.started_at:%Y-%m-%d %H:%M:%S}" in page


@pytest.mark.parametrize("page", ["add/", "{id}/change/", "{id}/delete/"])
def test_nobody_changes_the_log(make_call: MakeCall, admin_client: Client, page: str) -> None:
    call = make_call()
    answer = admin_client.post(f"{CALLS}{page.format(id=call.pk)}", {"user": "mallory"})
    assert 403 == answer.status_code
    assert "alice" == ToolCall.objects.get().user


@pytest.mark.parametrize("page", [EVENTS, f"{EVENTS}export/"])
def test_the_log_is_for_those_who_may_see_it(staff: Client, page: str) -> None:
    assert 403 == staff.get(page).status_code


def exported(person: User, page: str) -> tuple[list[list[str]], int]:
    """The lines of an export, and in how many parts it came."""
    parts = sent(person, page)
    return list(csv.reader(io.StringIO(b"".join(parts).decode()))), len(parts)


def sent(person: User, page: str) -> list[bytes]:
    """The parts of an export, as the server sends it."""
    client = AsyncClient()
    client.force_login(person)

    async def read() -> list[bytes]:
        answer = await client.get(page)
        assert 200 == answer.status_code
        assert isinstance(answer, StreamingHttpResponse)
        assert "attachment" in answer["Content-Disposition"]
        parts = [part async for part in answer.streaming_content]
        await sync_to_async(connections.close_all)()  # what the end of a request does
        return parts

    return asyncio.run(read())


def test_the_export_has_what_the_list_shows(transactional_db: None) -> None:
    a_call(user="carol").save()
    a_call(user="bob.b", targets={"board_id": "LA1dW8i1TTK"}).save()
    heading, *rows = exported(User.objects.create_superuser("root"), f"{CALLS}export/?q=bob.b")[0]

    [row] = [dict(zip(heading, row, strict=True)) for row in rows]
    assert ("bob.b", '{"board_id":"LA1dW8i1TTK"}', "") == (
        row["user"],
        row["targets"],
        row["upstream_status"],
    )


def test_every_cell_of_the_export_is_quoted(transactional_db: None) -> None:
    """A cell stays one with every separator that spreadsheets accept."""
    a_call(user="bob.b;=1+1").save()
    lines = sent(User.objects.create_superuser("root"), f"{CALLS}export/")
    for line in b"".join(lines).decode().splitlines():
        assert line.startswith('"') and line.endswith('"')
        assert line.count('","') == len(ToolCall._meta.concrete_fields) - 1


def test_the_export_of_many_rows_comes_in_parts(transactional_db: None) -> None:
    ToolCall.objects.bulk_create(a_call(user="bob.b") for _ in range(ROWS_AT_A_TIME + 1))
    lines, parts = exported(User.objects.create_superuser("root"), f"{CALLS}export/?q=bob.b")
    assert (ROWS_AT_A_TIME + 2, 3) == (len(lines), parts)


@pytest.mark.parametrize(
    ("query", "status"),
    [("changes__exact=maybe", 302), ("nosuch=1", 400), ("started_at__gte=x", 400), ("q=%00", 200)],
)
def test_the_export_of_a_wrong_filter_is_refused(staff: Client, query: str, status: int) -> None:
    assert status == staff.get(f"{CALLS}export/?{query}").status_code


@pytest.mark.parametrize("start", [*"=+-@\t\r\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_of_the_export_is_a_formula(transactional_db: None, start: str) -> None:
    a_call(user=f"{start}1+1").save()
    lines, _ = exported(User.objects.create_superuser("root"), f"{CALLS}export/")
    assert f"'{start}1+1" in [cell for line in lines for cell in line]


@pytest.mark.parametrize(("page", "model"), [(CALLS, ToolCall), (EVENTS, Event)])
def test_a_list_takes_as_many_queries_however_long_it_is(
    admin_client: Client, page: str, model: type[ToolCall | Event]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert 200 == admin_client.get(page).status_code
        return len(captured)

    a_call().save()
    few = queries()
    ToolCall.objects.bulk_create(a_call() for _ in range(150))
    Event.objects.bulk_create(Event(kind=EventKind.CHANGED) for _ in range(150))
    assert few == queries()
    assert few <= 6


def test_no_more_rows_are_counted_than_anybody_pages_through(
    make_call: MakeCall, staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "MAX_ROWS", 3)
    for _ in range(5):
        make_call()
    assert 3 == staff.get(CALLS).context["cl"].result_count


@pytest.mark.parametrize(
    "page",
    [
        CALLS,
        f"{CALLS}?q=alice",
        f"{CALLS}?outcome__exact=failed",
        f"{CALLS}?error=not_found",
        f"{CALLS}?tool=infinity_get_item",
        f"{CALLS}?changes__exact=1",
        f"{CALLS}?within=7d",
        EVENTS,
        f"{EVENTS}?kind__exact=changed",
        f"{EVENTS}?within=7d",
        f"{EVENTS}?q=MCP+user+alice",
        f"{EVENTS}?q=by+ada",
    ],
)
def test_every_filter_has_an_index(admin_client: Client, page: str) -> None:
    """What a million rows take is measured by `admin_scale`; here, that nothing reads them all."""
    if connection.vendor != "sqlite":
        pytest.skip("other databases plan by what there is")
    with CaptureQueriesContext(connection) as captured:
        admin_client.get(page)

    selects = [each["sql"] for each in captured if 'FROM "mcpserver_' in each["sql"]]
    assert selects
    for sql in selects:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {sql.replace('%', '%%')}")
            plan = [row[3] for row in cursor.fetchall()]
        tables = [step for step in plan if "mcpserver" in step]
        assert all("INDEX" in step for step in tables), (sql, plan)


class TestRetention:
    def test_what_is_too_old_is_removed(self, make_call: MakeCall, settings: Settings) -> None:
        settings.AUDIT_RETENTION_DAYS = 30
        Event.objects.all().delete()
        now = timezone.now()
        make_call(started_at=now - timedelta(days=31))
        make_call(user="bob", started_at=now - timedelta(days=29))
        Event.objects.create(kind=EventKind.CHANGED, happened_at=now - timedelta(days=31))
        recent = Event.objects.create(kind=EventKind.CHANGED)

        call_command("maintenance", verbosity=0)

        assert ["bob"] == [call.user for call in ToolCall.objects.all()]
        assert [recent] == list(Event.objects.all())

    def test_days_without_end_are_taken(self, tmp_path: Path) -> None:
        installation = Installation(tmp_path, {"AUDIT_RETENTION_DAYS": "9999999999"})
        installation.set_up()
        done = installation.manage("maintenance")
        assert 0 == done.returncode, done.stderr

    def test_many_are_removed_a_part_at_a_time(self, db: None) -> None:
        ToolCall.objects.all().delete()
        ToolCall.objects.bulk_create(a_call() for _ in range(25))
        with CaptureQueriesContext(connection) as captured:
            assert 25 == ToolCall.objects.all().delete_in_batches(size=10)
        assert 3 == sum(each["sql"].startswith("DELETE") for each in captured)
