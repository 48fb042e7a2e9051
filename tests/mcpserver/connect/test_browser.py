"""Connecting an agent, in a real Chromium."""

from __future__ import annotations

import secrets

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django import Settings

from accounts.models import McpUser, User
from tests.browser import look_at, new_page
from tests.conftest import MakeUser
from tests.support import Server

pytestmark = pytest.mark.any_database

PASSWORD = secrets.token_urlsafe(16)


@pytest.fixture
def alice(make_user: MakeUser, settings: Settings) -> McpUser:
    """An MCP user that the person ada may use; so may she its neighbour bob."""
    settings.PASSWORD_HASHERS = ["tests.oauthbridge.support.QuickHasher"]
    alice = make_user("alice", people_may_make_keys=True)[0]
    alice.revoke_keys()
    ada = User.objects.create_user("ada", password=PASSWORD)
    ada.mcp_users.set([alice, make_user("bob", "read-only")[0]])
    return alice


def sign_in(page: Page, server: Server) -> None:
    page.goto(server.origin)
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def copied(page: Page) -> str:
    return str(page.evaluate("navigator.clipboard.readText()"))


def make_key(page: Page) -> str:
    page.get_by_role("button", name="Make a new key").click()
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("status").filter(has_text="Copied")).to_be_attached()
    return copied(page)


def test_from_sign_in_to_two_keys_that_work(
    chromium: Browser, server: Server, alice: McpUser
) -> None:
    with new_page(chromium, permissions=["clipboard-read", "clipboard-write"]) as page:
        refused: list[str] = []
        page.on("console", lambda message: refused.append(message.text))
        sign_in(page, server)
        page.get_by_role("link", name="alice").click()
        page.get_by_label("Where will it be used?").fill("Codex")
        first = make_key(page)
        assert 200 == server.post(first).status_code

        page.get_by_role("button", name="Test this connection").click()
        for name in ("/health works", "works with the key", "infinity_get_profile works"):
            expect(page.get_by_role("listitem").filter(has_text=name)).to_contain_text("passed")
        expect(page.get_by_text("failed", exact=True)).to_have_count(0)

        page.get_by_text("Cursor", exact=True).click()
        link = page.get_by_role("link", name="Add to Cursor").get_attribute("href")
        assert link and link.startswith("cursor://anysphere.cursor-deeplink/mcp/install?")
        page.get_by_role("button", name="Copy this step for Cursor").first.click()
        assert f"export INFINITY_MCP_KEY={first}" == copied(page)

        page.get_by_label("Its other keys").select_option(label="End in 24 hours")
        second = make_key(page)
        assert [200, 200] == [server.post(key).status_code for key in (first, second)]
        assert first != second
        assert [] == refused


def test_it_works_by_keyboard_alone(chromium: Browser, server: Server, alice: McpUser) -> None:
    with new_page(chromium) as page:
        sign_in(page, server)
        page.get_by_role("link", name="alice").press("Enter")
        page.get_by_label("Where will it be used?").press("Enter")  # sends the form
        expect(page.get_by_role("heading", name="The new key")).to_be_visible()
        assert 1 == alice.keys.live().count()


def test_every_page_fits(chromium: Browser, server: Server, alice: McpUser) -> None:
    with new_page(chromium) as page:
        sign_in(page, server)
        look_at(page, "connect-choose")
        page.get_by_role("link", name="alice").click()
        look_at(page, "connect")
        page.get_by_role("button", name="Make a new key").click()
        for summary in page.locator("summary").all():
            summary.click()
        look_at(page, "connect-new-key")
        page.get_by_role("button", name="Test this connection").click()
        page.get_by_role("heading", name="Test of").wait_for()
        look_at(page, "connect-tested")
        alice.revoke_keys()
        page.get_by_role("button", name="Test this connection").click()
        look_at(page, "connect-refused")
