"""Keys are made, shown once and revoked on the page of a user."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, McpUser
from accounts.sessions import Session
from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event
from tests.conftest import MakeUser
from tests.mcpserver.connect.browsing import KEY, browser_of, form_of, new_key, page_of


def test_a_key_is_audited_as_made_by_the_person(ada: Client, alice: McpUser) -> None:
    Event.objects.all().delete()
    new_key(ada, alice, others="now")
    made = [event for event in Event.objects.all() if event.kind == EventKind.KEY_ISSUED]
    assert [("ada", "MCP user alice")] == [(event.actor, event.subject) for event in made]


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
        assert (400, True) == (answer.status_code, b"is not a live key" in answer.content)
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
