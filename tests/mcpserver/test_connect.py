"""The connect pages: who sees what, new keys, and the test of a connection."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import ApiKey, McpUser, User
from accounts.sessions import Session
from credentials.events import EventKind
from credentials.models import Profile
from mcpserver.models import Event
from tests.conftest import MakeUser
from tests.mcpserver.test_proofs import always, front, passing_on
from tests.support import Server, free_port

KEY = re.compile(r"mcp_[A-Za-z0-9_-]{43}")


@pytest.fixture(autouse=True)
def no_limit_of_another_test() -> None:
    cache.clear()


@pytest.fixture
def alice(make_user: MakeUser) -> McpUser:
    return make_user("alice", people_may_make_keys=True)[0]


@pytest.fixture
def ada(alice: McpUser) -> Client:
    """The browser of a person who may use alice, and nothing else."""
    return browser_of("ada", alice)


def browser_of(name: str, *users: McpUser, **fields: Any) -> Client:
    person = User.objects.create_user(name, **fields)
    person.mcp_users.set(users)
    browser = Client()
    browser.force_login(person)
    return browser


def page_of(user: McpUser) -> str:
    return reverse("connect-as", args=[user.pk])


def new_key(browser: Client, user: McpUser, others: str = "keep", label: str = "") -> str:
    """The key that the answer shows."""
    answer = browser.post(page_of(user), form_of(user, label=label, others=others))
    assert 200 == answer.status_code, answer.content
    [key] = set(KEY.findall(answer.content.decode()))
    return str(key)


def form_of(user: McpUser, **filled: str) -> dict[str, Any]:
    """What the form for a new key sends, opened just now."""
    newest = user.keys.order_by("pk").last()
    return {"action": "make-key", "newest": newest.pk if newest else 0, "others": "keep", **filled}


def told(browser: Client, user: McpUser, key: str) -> str:
    """The page after a test of the connection with `key`."""
    answer = browser.post(page_of(user), {"action": "test", "key": key})
    return str(answer.content.decode())


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


def test_a_key_is_audited_as_made_by_the_person(ada: Client, alice: McpUser) -> None:
    Event.objects.all().delete()
    new_key(ada, alice, others="now")
    made = [event for event in Event.objects.all() if event.kind == EventKind.KEY_ISSUED]
    assert [("ada", "MCP user alice")] == [(event.actor, event.subject) for event in made]


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
    assert "and 6 older" in page


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


def revoke(browser: Client, user: McpUser, key: object) -> Any:
    return browser.post(page_of(user), {"action": "revoke", "key": str(key)}, follow=True)


def test_one_key_is_revoked_and_the_others_work_on(ada: Client, alice: McpUser) -> None:
    lost, kept = alice.issue_key("Lost laptop")[0], alice.issue_key("Desk")[0]
    assert f'value="{lost.pk}">Revoke' in ada.get(page_of(alice)).content.decode()
    Event.objects.all().delete()
    page = revoke(ada, alice, lost.pk).content.decode()

    assert f"The key {lost} is revoked." in page and "Lost laptop" not in page
    lost.refresh_from_db()
    kept.refresh_from_db()
    assert ("revoked", "live") == (lost.state, kept.state)
    [event] = Event.objects.filter(kind=EventKind.KEY_REVOKED)
    assert ("ada", "MCP user alice") == (event.actor, event.subject)


def test_a_key_of_a_user_that_is_not_live_is_revoked_too(ada: Client, alice: McpUser) -> None:
    key = alice.issue_key()[0]
    McpUser.objects.update(active=False)
    assert 200 == revoke(ada, alice, key.pk).status_code
    assert not alice.keys.filter(pk=key.pk, revoked_at=None).exists()


def test_only_live_keys_of_the_user_are_revoked(
    ada: Client, alice: McpUser, make_user: MakeUser
) -> None:
    ended, other = alice.issue_key()[0], make_user("bob")[0].issue_key()[0]
    alice.keys.filter(pk=ended.pk).revoke()
    for key in (ended.pk, other.pk, "", "x", "9" * 30):
        answer = revoke(ada, alice, key)
        assert (400, True) == (answer.status_code, b"does not work any more" in answer.content)
    assert "live" == ApiKey.objects.get(pk=other.pk).state


def test_who_may_not_make_keys_revokes_none(make_user: MakeUser) -> None:
    user, _ = make_user("alice")
    key, browser = user.issue_key()[0], browser_of("ada", user)
    assert ">Revoke<" not in browser.get(page_of(user)).content.decode()
    assert 403 == revoke(browser, user, key.pk).status_code
    assert "live" == ApiKey.objects.get(pk=key.pk).state


def test_a_superuser_may_make_keys_of_every_user(make_user: MakeUser) -> None:
    user, _ = make_user("alice")
    assert ApiKey.objects.authenticate(new_key(browser_of("root", is_superuser=True), user))


def test_a_new_key_is_shown_once_and_kept_nowhere(ada: Client, alice: McpUser) -> None:
    key = new_key(ada, alice, label="Codex")
    record = ApiKey.objects.authenticate(key)
    assert record and ("Codex", alice) == (record.label, record.user)
    assert key not in ada.get(page_of(alice)).content.decode()
    assert all(key not in str(each.get_decoded()) for each in Session.objects.all())


@pytest.mark.parametrize(
    ("others", "old_works", "ends_within"),
    [("keep", True, None), ("1h", True, timedelta(hours=1)), ("now", False, None)],
)
def test_the_other_keys_end_when_they_are_to(
    make_user: MakeUser, others: str, old_works: bool, ends_within: timedelta | None
) -> None:
    user, old = make_user("alice", people_may_make_keys=True)
    browser = browser_of("ada", user)
    assert ApiKey.objects.authenticate(new_key(browser, user, others))
    record = ApiKey.objects.authenticate(old)
    assert old_works == bool(record)
    if record:
        ends = record.expires_at
        assert ends_within == (ends and round_up(ends - record.created_at))


def round_up(span: timedelta) -> timedelta:
    return timedelta(hours=round(span / timedelta(hours=1)))


def test_a_reload_makes_no_second_key_and_ends_none(ada: Client, alice: McpUser) -> None:
    page = ada.get(page_of(alice))
    sent = form_of(alice, others="now")
    assert f'name="newest" value="{sent["newest"]}"' in page.content.decode()
    [key] = set(KEY.findall(ada.post(page_of(alice), sent).content.decode()))

    again = ada.post(page_of(alice), sent)

    assert (409, []) == (again.status_code, KEY.findall(again.content.decode()))
    assert "No key was made" in again.content.decode()
    assert ApiKey.objects.authenticate(key)
    assert 1 == alice.keys.live().count()


@pytest.mark.parametrize("wrong", [{"others": "never"}, {"others": "keep", "label": "x" * 101}])
def test_a_wrong_form_makes_no_key(ada: Client, alice: McpUser, wrong: dict[str, str]) -> None:
    answer = ada.post(page_of(alice), form_of(alice, **wrong))
    assert (400, 1) == (answer.status_code, alice.keys.count())
    assert "errorlist" in answer.content.decode()


def test_forms_of_other_sites_are_refused(ada: Client, alice: McpUser) -> None:
    ada.handler.enforce_csrf_checks = True
    for action in ("make-key", "test"):
        answer = ada.post(page_of(alice), {"action": action, "others": "now"})
        assert (403, 1) == (answer.status_code, alice.keys.count())


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


def test_the_four_proofs_are_run_against_this_server_and_no_other(
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
