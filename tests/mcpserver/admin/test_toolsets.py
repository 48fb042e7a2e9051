"""An operator gives an MCP user its tools, in a real browser."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import Browser, Locator, Page, expect

from accounts.models import McpUser
from tests.browser import new_page
from tests.conftest import MakeUser
from tests.mcpserver.admin.test_browser import sign_in, tab_to
from tests.mcpserver.admin.users import USERS, fields
from tests.support import Server

pytestmark = pytest.mark.any_database


def open_user(page: Page, server: Server, user: McpUser) -> None:
    sign_in(page, server)
    page.goto(f"{server.origin}{USERS}{user.pk}/change/")


def tool(page: Page, name: str) -> Locator:
    return page.locator(f"input[name=allowed_tools][value={name}]")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save and continue editing").click()


def test_tools_are_chosen_by_keyboard_from_a_list_that_only_then_shows(
    chromium: Browser, server: Server, make_user: MakeUser
) -> None:
    alice = make_user()[0]
    with new_page(chromium) as page:
        open_user(page, server, alice)
        expect(tool(page, "infinity_get_item")).to_be_hidden()

        tab_to(page, page.locator("input[name=toolset][value=all]"))
        page.keyboard.press("ArrowDown")
        expect(tool(page, "infinity_get_item")).to_be_hidden()
        page.keyboard.press("ArrowDown")
        expect(tool(page, "infinity_get_item")).to_be_visible()

        save(page)
        page.get_by_text("Choose at least one tool, or all, or the core tools.").wait_for()
        tab_to(page, tool(page, "infinity_get_item"))
        page.keyboard.press("Space")
        save(page)
        page.get_by_text("was changed successfully").wait_for()

    alice.refresh_from_db()
    assert ("chosen", ["infinity_get_item"]) == (alice.toolset, alice.allowed_tools)


@pytest.mark.parametrize("toolset", ["all", "core"])
def test_list_of_who_no_longer_chooses_is_dropped(
    toolset: str, alice: McpUser, admin_client: Client
) -> None:
    alice.toolset, alice.allowed_tools = "chosen", ["infinity_get_item"]
    alice.save()

    sent = fields(access="admin", toolset=toolset, allowed_tools=["infinity_get_item"])
    answer = admin_client.post(f"{USERS}{alice.pk}/change/", sent)

    alice.refresh_from_db()
    assert (302, toolset, []) == (answer.status_code, alice.toolset, alice.allowed_tools)


def test_chosen_without_a_tool_is_explained(alice: McpUser, admin_client: Client) -> None:
    answer = admin_client.post(
        f"{USERS}{alice.pk}/change/", fields(access="admin", toolset="chosen")
    )

    assert "Choose at least one tool, or all, or the core tools." in answer.content.decode()
    alice.refresh_from_db()
    assert ("all", []) == (alice.toolset, alice.allowed_tools)


def test_form_shows_a_list_that_an_earlier_version_stored(
    alice: McpUser, admin_client: Client
) -> None:
    McpUser.objects.update(allowed_tools=["infinity_get_item"])

    form = admin_client.get(f"{USERS}{alice.pk}/change/").context["adminform"].form

    assert ("chosen", ["infinity_get_item"]) == (
        form["toolset"].value(),
        form["allowed_tools"].value(),
    )
