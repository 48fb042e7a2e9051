"""The connect pages: who sees what, new keys, and the test of a connection."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, McpUser, User
from credentials.models import Profile
from mcpserver.tools import core_tools, tool_names, toolsets
from tests.conftest import MakeUser
from tests.mcpserver.connect.browsing import browser_of, form_of, new_key, page_of, told
from tests.mcpserver.connect.test_install_check import always, front, passing_on
from tests.support import Server, free_port


@pytest.fixture(autouse=True)
def no_limit_of_another_test() -> None:
    cache.clear()


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("path", ["/connect/", "/connect/1/"])
def test_strangers_are_sent_to_the_sign_in(client: Client, method: str, path: str) -> None:
    answer = getattr(client, method)(path, headers={"Accept": "text/html"})
    if (method, path) == ("post", "/connect/"):
        assert 405 == answer.status_code
    else:
        assert f"/login/?next={path}" == answer["Location"]


def test_who_has_one_mcp_user_goes_straight_there(ada: Client, alice: McpUser) -> None:
    assert reverse("connect") == ada.get("/")["Location"]
    assert page_of(alice) == ada.get("/connect/")["Location"]


def test_who_has_none_is_told_what_the_operator_can_do(alice: McpUser) -> None:
    page = browser_of("grace").get("/connect/").content.decode()
    assert "Ask the operator of this server to add you" in page


def test_other_users_are_offered_only_where_there_are_some(
    ada: Client, alice: McpUser, make_user: MakeUser
) -> None:
    assert "Other MCP users" not in ada.get(page_of(alice)).content.decode()
    User.objects.get().mcp_users.add(make_user("bob")[0])
    assert "Other MCP users" in ada.get(page_of(alice)).content.decode()


def test_a_person_sees_their_own_users_and_a_superuser_all(
    alice: McpUser, make_user: MakeUser
) -> None:
    bob, charlie = make_user("bob")[0], make_user("charlie")[0]
    own = browser_of("ada", alice, bob).get("/connect/").content.decode()
    assert (True, True, False) == tuple(page_of(user) in own for user in (alice, bob, charlie))
    every = browser_of("root", is_superuser=True).get("/connect/").content.decode()
    assert all(page_of(user) in every for user in (alice, bob, charlie))


def test_among_many_users_one_is_found_by_name(
    alice: McpUser, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    profile = Profile.objects.get()
    McpUser.objects.bulk_create(McpUser(name=f"agent-{n}", profile=profile) for n in range(200))
    root = browser_of("root", is_superuser=True)
    with django_assert_max_num_queries(6):
        page = root.get("/connect/").content.decode()
    assert (50, True) == (page.count("agent-"), "find them by name" in page)
    assert "agent-199" in root.get("/connect/", {"name": "T-199"}).content.decode()
    assert 200 == root.get("/connect/", {"name": "\0nobody"}).status_code


def test_another_persons_user_is_not_there(ada: Client, make_user: MakeUser) -> None:
    bob, key = make_user("bob", people_may_make_keys=True)
    for answer in (
        ada.get(page_of(bob)),
        ada.post(page_of(bob), form_of(bob, others="now")),
        ada.post(page_of(bob), {"action": "test", "key": key}),
        ada.get("/connect/99999999999999999999/"),
    ):
        assert 404 == answer.status_code
    assert 1 == bob.keys.live().count()


def test_of_many_keys_the_newest_are_listed(ada: Client, alice: McpUser) -> None:
    for number in range(25):
        alice.issue_key(f"laptop-{number}-")
    page = ada.get(page_of(alice)).content.decode()
    assert (True, True, False) == tuple(f"laptop-{n}-" in page for n in (24, 5, 4))
    assert "there are 6 older ones" in page


def test_keys_of_other_users_are_not_listed(
    ada: Client, alice: McpUser, make_user: MakeUser
) -> None:
    alice.issue_key("On the laptop")
    make_user("bob")[0].issue_key("Of somebody else")
    page = ada.get(page_of(alice)).content.decode()
    assert (True, False) == ("On the laptop" in page, "Of somebody else" in page)


def test_rights_are_told_in_words(make_user: MakeUser) -> None:
    reader = make_user("reader", "read-only")[0]
    page = browser_of("ada", reader).get(page_of(reader)).content.decode()
    assert "Read workspaces, boards, items and comments" in page
    assert "Archive and delete" not in page


def test_who_may_not_make_keys_is_refused(make_user: MakeUser) -> None:
    user, _ = make_user("alice")
    browser = browser_of("ada", user)
    assert "You may not make keys of alice" in browser.get(page_of(user)).content.decode()
    answer = browser.post(page_of(user), form_of(user, others="now"))
    assert (403, 1) == (answer.status_code, user.keys.live().count())


def test_pages_are_not_kept_framed_or_given_scripts(ada: Client, alice: McpUser) -> None:
    for answer in (ada.get(page_of(alice)), ada.post(page_of(alice), form_of(alice))):
        assert ("no-store", "DENY") == (answer["Cache-Control"], answer["X-Frame-Options"])
        policy = answer["Content-Security-Policy"].split("; ")
        assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy)


def test_a_user_that_cannot_be_used_says_why(ada: Client, alice: McpUser) -> None:
    McpUser.objects.update(active=False)
    page = ada.get(page_of(alice)).content.decode()
    assert (True, False) == ("this MCP user is not active" in page, "Make a new key" in page)
    answer = ada.post(page_of(alice), form_of(alice))
    assert (403, 1) == (answer.status_code, alice.keys.count())


def test_staff_find_the_admin_and_others_their_connections(
    alice: McpUser, settings: Settings
) -> None:
    settings.ROOT_URLCONF = "tests.oauthbridge.urls"
    ada = browser_of("ada", alice)
    assert 'href="/oauth/connections/"' in ada.get(page_of(alice)).content.decode()
    assert 'href="/admin/"' not in ada.get(page_of(alice)).content.decode()
    staff = browser_of("root", is_superuser=True, is_staff=True)
    assert 'href="/admin/"' in staff.get(page_of(alice)).content.decode()


def test_the_four_checks_are_run_against_this_server_and_no_other(
    ada: Client, alice: McpUser, server: Server, settings: Settings
) -> None:
    settings.PUBLIC_URL = server.origin
    key = new_key(ada, alice)
    with front(always(200)) as elsewhere:
        asked = {"action": "test", "key": key, "is_new": "1", "url": elsewhere}
        page = ada.post(page_of(alice), asked).content.decode()
    assert (4, 0) == (page.count(">passed<"), page.count(">failed<"))
    assert "acts as Ada Example" in page
    assert key in page  # whoever has not copied it yet can still do so
    assert key not in told(ada, alice, key)


def test_what_is_wrong_is_told(
    ada: Client, alice: McpUser, server: Server, settings: Settings
) -> None:
    _, key = alice.issue_key()
    with front(passing_on(server, without="authorization")) as url:
        settings.PUBLIC_URL = url.removesuffix("/mcp")
        assert "a proxy in between drops Authorization" in told(ada, alice, key)
    settings.PUBLIC_URL = f"http://127.0.0.1:{free_port()}"
    page = told(ada, alice, key)
    assert (0, 4) == (page.count(">passed<"), page.count(">failed<"))
    assert "Does it run" in page


def test_a_key_that_is_not_live_or_of_another_is_refused_without_asking(
    ada: Client, alice: McpUser, make_user: MakeUser, settings: Settings
) -> None:
    settings.PUBLIC_URL = f"http://127.0.0.1:{free_port()}"
    _, of_bob = make_user("bob")
    record, revoked = alice.issue_key()
    ApiKey.objects.filter(pk=record.pk).revoke()
    for key in (of_bob, revoked, "mcp_nonsense"):
        page = told(ada, alice, key)
        assert "This is not a live key of alice" in page
        assert (0, False) == (page.count(">failed<"), key in page)


def test_testing_on_and_on_is_slowed_down(ada: Client, alice: McpUser) -> None:
    answers = [ada.post(page_of(alice), {"action": "test", "key": "x"}) for _ in range(11)]
    assert [400] * 10 + [429] == [answer.status_code for answer in answers]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, f"All that these rights allow: {len(tool_names())}"),
        ({"toolset": "core"}, f"The core tools that these rights allow: {len(core_tools())}"),
        (
            {"toolset": "chosen", "allowed_tools": ["infinity_get_item"]},
            "Those that the operator chose: 1",
        ),
        ({"allowed_tools": ["infinity_get_item"]}, "Those that the operator chose: 1"),
        ({"toolset": "chosen"}, "Those that the operator chose: 0"),
    ],
)
def test_page_says_which_tools_a_key_has_and_how_to_ask_for_fewer(
    fields: dict[str, Any], expected: str, make_user: MakeUser
) -> None:
    alice = make_user("alice", **fields)[0]

    page = browser_of("ada", alice).get(page_of(alice)).content.decode()

    assert expected in page
    assert "X-MCP-Toolsets: core" in page
    assert ", ".join(toolsets()) in page
