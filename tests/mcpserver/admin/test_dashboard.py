"""The admin's first page: the figures of real calls, and who may see them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import httpx2
import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from mcpserver.admin.dashboard import Dashboard
from mcpserver.audit import rollups
from mcpserver.audit.models import Outcome, ToolCall
from tests.browser import new_page
from tests.conftest import MakeUser
from tests.support import Server, eventually

NONE = "\N{EN DASH}"

Read = Callable[..., str]


def words_of(page: str) -> str:
    """What a person reads of it."""
    return " ".join(
        unescape(re.sub(r"<(script|title).*?</\1>|<[^>]+>", " ", page, flags=re.S)).split()
    )


def plots_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script id="plots" type="application/json">(.*?)</script>', page)
    assert found
    return dict(json.loads(found[1]))


@pytest.fixture
def read(admin_client: Client) -> Read:
    """Opens the page as a superuser."""

    def read(range: str = "30d") -> str:
        answer = admin_client.get("/admin/", {"range": range})
        assert 200 == answer.status_code
        return answer.content.decode()

    return read


def make_calls(count: int, **fields: Any) -> None:
    plain = {
        "started_at": timezone.now(),
        "user": "alice",
        "profile": "sandbox",
        "tool": "infinity_get_item",
        "changes": False,
        "outcome": Outcome.OK,
        "duration_ms": 20,
        "requests": 1,
    }
    ToolCall.objects.bulk_create([ToolCall(**plain | fields) for _ in range(count)])


def test_the_page_shows_the_calls_that_were_made(
    server: Server, make_user: MakeUser, read: Read
) -> None:
    _, last = make_user("last-of-the-other-tests")
    server.call(last, "infinity_get_profile")
    # The server writes in order: what others did before is there now, and not later.
    eventually(ToolCall.objects.filter(user="last-of-the-other-tests").exists)
    ToolCall.objects.all().delete()

    _, alice = make_user("alice")
    _, bob = make_user("bob", access="read-only")
    for key in (alice, alice, bob):
        server.call(key, "infinity_list_workspaces")
    server.call(alice, "infinity_list_boards", workspace_id="999999")
    server.call(bob, "infinity_create_folder")
    eventually(lambda: ToolCall.objects.count() == 5)

    for range in ("1d", "7d", "30d"):
        page = read(range)
        words = words_of(page)
        assert "Calls 5 Worked 60.0 % Active users 2 " in words
        assert "MCP user Calls alice 3 bob 2 " in words
        assert "Kind Calls Not found 1 Missing scope 1 " in words
        heads = "Tool Calls Refused Failed p50, ms p95, ms"
        assert re.search(rf"{heads} infinity_list_workspaces 3 0 0 \d+ \d+ infinity_", words)
        assert re.search(r"infinity_list_boards 1 0 1 \d+ \d+ ", words)
        assert f"infinity_create_folder 1 1 0 {NONE} {NONE} " in words
        assert "Profile Requests Of the limit sandbox 5 " in words
        calls = {each["outcome"]: each["data"] for each in plots_of(page)["calls"]}
        assert {"ok": 3, "refused": 1, "failed": 1, "unfinished": 0} == {
            outcome: sum(counts) for outcome, counts in calls.items()
        }


@pytest.mark.parametrize(("range", "slots"), [("1d", 24), ("7d", 7), ("30d", 30)])
@pytest.mark.django_db
def test_the_plots_span_the_range(read: Read, range: str, slots: int) -> None:
    make_calls(1)
    plots = plots_of(read(range))
    assert [slots] * 3 == [len(plots[name]) for name in ("labels", "median", "high")]
    assert f'<a href="?range={range}" aria-current="page">' in read(range)


@pytest.mark.django_db
def test_an_hour_that_just_began_is_in_the_plots() -> None:
    now = timezone.now().replace(minute=1)
    assert 24 == len(Dashboard("1d", now).slots)


def test_a_plots_figures_are_in_a_table_too(read: Read) -> None:
    make_calls(1234)
    today = plots_of(read())["labels"][-1]
    assert f"{today} 1,234 0 0 0" in words_of(read())
    assert f"{today} 20 20" in words_of(read())


@pytest.mark.parametrize("range", ["1d", "7d", "30d"])
def test_a_name_leads_to_its_calls(read: Read, admin_client: Client, range: str) -> None:
    make_calls(2, error="not_found", outcome=Outcome.FAILED)
    make_calls(1, user="bob", tool="infinity_list_items")
    links = re.findall(r'href="(/admin/mcpserver/toolcall/\?[^"]+)"', read(range))
    listed = [admin_client.get(unescape(link)).context["cl"].result_list for link in links]
    # By user, by error and by tool.
    assert [["alice", "alice"], ["bob"], ["alice", "alice"], ["alice", "alice"], ["bob"]] == [
        [call.user for call in calls] for calls in listed
    ]


def test_an_unknown_range_shows_the_month(read: Read) -> None:
    make_calls(1)
    assert 30 == len(plots_of(read("<script>"))["labels"])


def test_the_busiest_minute_is_set_against_the_limit(read: Read, settings: Settings) -> None:
    settings.INFINITY_REQUESTS_PER_MINUTE = 200
    now = timezone.now()
    make_calls(30, started_at=now - timedelta(minutes=5, seconds=30), requests=5)
    make_calls(10, started_at=now - timedelta(minutes=2, seconds=30), requests=4)
    make_calls(10, started_at=now - timedelta(minutes=30), requests=100)
    make_calls(20, profile="other", started_at=now - timedelta(minutes=1), requests=1)
    assert "Of the limit sandbox 150 75 % other 20 10 %" in words_of(read())


def test_names_that_agents_choose_are_escaped(read: Read) -> None:
    make_calls(1, tool="<img src=x>", error="<b>", outcome=Outcome.FAILED)
    assert "<img" not in read()
    assert "<b>" not in read()


def test_only_tools_that_there_are_are_listed_as_busy(read: Read) -> None:
    make_calls(1)
    make_calls(9, tool="?", outcome=Outcome.REFUSED, error="unknown_tool")
    make_calls(9, tool="infinity_invented", outcome=Outcome.REFUSED, error="unknown_tool")
    words = words_of(read())
    assert "p95, ms infinity_get_item 1 0 0 20 20 Infinity's request limit" in words
    assert "Calls 19 " in words
    assert "Kind Calls Unknown tool 18 " in words


def test_refused_calls_do_not_look_like_those_that_worked(read: Read) -> None:
    make_calls(5)
    make_calls(3, outcome=Outcome.REFUSED, error="missing_scope")
    make_calls(2, outcome=Outcome.FAILED, error="not_found")
    page = read()
    assert "infinity_get_item 10 3 2 " in words_of(page)
    tools = page.partition("Busiest tools")[2].partition("</section>")[0]
    widths = dict(re.findall(r'<rect class="(\w+)" width="(\d+)"', tools))
    assert {"track": "100", "ok": "100", "refused": "50", "failed": "20"} == widths


def test_without_a_call_it_says_how_to_begin(read: Read) -> None:
    page = read()
    assert "No calls yet" in page
    assert 'href="/connect/"' in page
    assert 'id="plots"' not in page
    assert "dashboard.js" not in page  # it would find nothing to draw


def test_a_range_without_calls_is_shown_as_such(read: Read) -> None:
    make_calls(1, started_at=timezone.now() - timedelta(days=60))
    figures = f"Calls 0 Worked {NONE} Active users 0 Median (p50) {NONE} 95 % within (p95) {NONE}"
    assert figures in words_of(read())


def test_who_may_not_see_the_audit_log_sees_no_figures(client: Client, read: Read) -> None:
    make_calls(1, user="secret-user")
    staff = User.objects.create_user("bob", is_staff=True)
    client.force_login(staff)
    page = client.get("/admin/").content.decode()
    assert "secret-user" not in page
    assert "Needs attention" not in page

    staff.user_permissions.add(Permission.objects.get(codename="view_toolcall"))
    assert "secret-user" in client.get("/admin/").content.decode()


def test_who_is_no_staff_sees_no_figures(client: Client, db: None) -> None:
    client.force_login(User.objects.create_user("charlie"))
    assert 302 == client.get("/admin/").status_code


def test_more_calls_cost_no_more_queries(
    read: Read, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for user in range(50):
        moment = timezone.now() - timedelta(hours=user)
        make_calls(3, user=f"user-{user}", tool=f"tool-{user}", error=f"e{user}", started_at=moment)
    rollups.keep(timezone.now())
    with django_assert_max_num_queries(20):
        read()


def test_while_calls_are_still_being_counted_the_page_says_so(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_calls(1)
    monkeypatch.setattr("mcpserver.admin.dashboard.COUNTING_SECONDS", 600.0)
    assert "still being counted" not in read()
    monkeypatch.setattr("mcpserver.admin.dashboard.COUNTING_SECONDS", -1.0)
    page = read()
    assert "still being counted" in page
    assert "Show what is counted by now" in page
    assert "http-equiv" not in page  # a page must not change under its reader


def test_nothing_is_fetched_from_elsewhere_or_written_into_the_page(
    server: Server, read: Read
) -> None:
    make_calls(1)
    page = read()
    assert [] == re.findall(r'(?:src|href|action|srcset)="(?:https?:)?//', page)
    inline = re.findall(r"<script(?![^>]*(?:src=|application/json))", page)
    assert [] == inline
    assert not re.search(r'<[^>]*\son\w+="', page)
    for url in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        assert 200 == httpx2.get(server.origin + url).status_code, url


@pytest.mark.any_database
def test_the_page_says_when_all_calls_are_counted_without_being_loaded_again(
    server: Server, chromium: Browser, transactional_db: None, admin_client: Client
) -> None:
    make_calls(3)
    counting = """<html><p id="counting">Still being counted. <a href="?">Show</a></p>
        <script src="/static/mcpserver/counting.js"></script>"""
    with new_page(chromium) as page:
        session = admin_client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])
        page.route("**/admin/", lambda route: route.fulfill(body=counting), times=2)
        page.clock.install()
        page.goto(f"{server.origin}/admin/", wait_until="networkidle")
        assert "Still being counted." in page.inner_text("#counting")
        rollups.keep(timezone.now())
        page.clock.run_for(3000)
        page.get_by_text("All calls are counted now.").wait_for()
        assert page.get_by_role("link", name="Show").is_visible()


@pytest.mark.any_database
def test_the_plots_are_drawn_in_a_browser(
    server: Server, chromium: Browser, transactional_db: None, admin_client: Client
) -> None:
    make_calls(3)
    with new_page(chromium) as page:
        session = admin_client.cookies["sessionid"].value
        page.context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])
        told: list[str] = []
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(str(error)))
        page.goto(f"{server.origin}/admin/")
        drawn = page.evaluate("['plot-calls', 'plot-durations'].map(id => Chart.getChart(id).data)")
    assert [[3], [0], [0]] == [plot["data"][-1:] for plot in drawn[0]["datasets"]]
    assert [[20], [20]] == [plot["data"][-1:] for plot in drawn[1]["datasets"]]
    assert [] == [text for text in told if "404" not in text]  # of the icon that it asks for
