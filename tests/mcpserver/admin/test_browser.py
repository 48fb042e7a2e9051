"""An operator's walk through the admin in a real browser, under its Content-Security-Policy."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from playwright.sync_api import Browser, Locator, Page

from accounts.models import User
from accounts.roles import Role
from accounts.scopes import READ
from mcpserver.tools import all_tools
from tests.browser import new_page
from tests.conftest import MakeUser
from tests.support import Server, eventually

pytestmark = pytest.mark.any_database

MAX_TABS = 120


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Fails for every error in the browser's console, and for requests to other hosts."""
    complaints: list[str] = []
    with new_page(chromium) as page:
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(f"{line.type}: {line.text}"))
        page.on("request", lambda request: complaints.append(request.url))
        yield page
    # The one 404 is the icon, which the browser asks for by itself.
    harmless = ("http://127.0.0.1:", "data:", "verbose:", "error: Failed to load resource")
    assert [] == [text for text in complaints if not text.startswith(harmless)]


def make_operator() -> str:
    """olga, and her password."""
    password = secrets.token_urlsafe(12)
    # The server has the real hasher, tests a quick one.
    hashed = PBKDF2PasswordHasher().encode(password, secrets.token_hex(8), iterations=1)
    operator = User.objects.create(username="olga", password=hashed)
    operator.take_role(Role.OPERATOR)
    return password


def sign_in(page: Page, server: Server) -> None:
    password = make_operator()
    page.goto(f"{server.origin}/admin/")
    page.get_by_label("Username").fill("olga")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def add_profile(page: Page) -> None:
    page.get_by_role("link", name="Profiles").first.click()
    page.locator("a[href$='/profile/add/']").first.click()
    page.get_by_label("ID").fill("play")
    page.get_by_label("Name").fill("To play with")
    page.get_by_label("Base URL").fill("sandbox:")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("it sees the workspaces").wait_for()


def add_user(page: Page) -> None:
    page.get_by_role("link", name="MCP users").first.click()
    page.locator("a[href$='/mcpuser/add/']").first.click()
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Profile").first.select_option("play")
    page.get_by_label("Read only").check()
    tools = sum(tool.scope == READ for tool in all_tools())
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text(f"{tools} tools").wait_for()


def shown_key(page: Page) -> str:
    page.get_by_text("Copy the key now").wait_for()
    return page.locator("pre.key").inner_text()


def copied(page: Page) -> str:
    """What the button that was just pressed copied, or selected to be copied by hand."""
    told = page.get_by_role("status").filter(has_text=re.compile("Copied|Press Ctrl"))
    told.wait_for(state="attached")
    return str(page.evaluate("getSelection().toString()")).strip()


def see_the_call(page: Page, server: Server) -> None:
    """alice's one call, in the audit log and on the first page."""
    page.get_by_role("link", name="Tool calls").first.click()
    call = page.get_by_role("row").filter(has_text="alice").filter(has_text="list_workspaces")
    eventually(lambda: page.reload() and call.count())  # reads are written about a second later
    call.get_by_role("link").first.click()
    page.get_by_text("infinity_list_workspaces").first.wait_for()
    page.goto(f"{server.origin}/admin/")
    page.get_by_role("link", name="alice").first.wait_for()
    page.get_by_role("link", name="infinity_list_workspaces").first.wait_for()


def tab_to(page: Page, control: Locator) -> None:
    """Reach it by the keyboard alone."""
    for _ in range(MAX_TABS):
        if control.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{control} is not reached by the keyboard")


def test_operator_sets_up_an_agent_and_ends_it_again(
    page: Page, server: Server, transactional_db: None
) -> None:
    sign_in(page, server)
    add_profile(page)
    add_user(page)
    user_page = page.url

    page.get_by_role("link", name="New key").first.click()
    page.get_by_label("Label").fill("laptop")
    page.get_by_role("button", name="New key").click()
    first = shown_key(page)
    page.get_by_role("button", name="Copy the key").click()
    assert first == copied(page)
    call = {"name": "infinity_list_workspaces", "arguments": {}}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    assert "Sandbox Demo Co" in server.post(first, json=asked).text

    page.reload()
    assert "No key was made" in page.content()
    assert first not in page.content()
    see_the_call(page, server)

    page.goto(user_page)
    page.get_by_role("link", name="Rotate keys").click()
    page.get_by_label("Its other keys").select_option("24h")
    page.get_by_role("button", name="Rotate keys").click()
    second = shown_key(page)
    assert [200, 200] == [server.post(key).status_code for key in (first, second)]

    page.goto(user_page)
    page.get_by_role("link", name="Revoke all keys").click()
    page.get_by_role("button", name="Revoke all keys").click()
    page.get_by_text("Keys revoked: 2").wait_for()
    assert [401, 401] == [server.post(key).status_code for key in (first, second)]


def test_menus_work_without_a_mouse(page: Page, server: Server, transactional_db: None) -> None:
    sign_in(page, server)
    page.get_by_role("link", name="MCP users").first.click()

    page.get_by_role("button", name="Filters").first.press("Enter")

    page.get_by_role("button", name="Apply Filters").wait_for()


def test_keys_are_made_and_rotated_without_a_mouse(
    page: Page, server: Server, make_user: MakeUser
) -> None:
    alice = make_user()[0]
    password = make_operator()
    page.goto(f"{server.origin}/admin/accounts/mcpuser/{alice.pk}/change/")
    tab_to(page, page.get_by_role("textbox", name="Username"))
    page.keyboard.type("olga")
    tab_to(page, page.get_by_role("textbox", name="Password"))
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="alice").first.wait_for()
    user_page = page.url

    for name in ("New key", "Rotate keys"):
        tab_to(page, page.get_by_role("link", name=name).first)
        page.keyboard.press("Enter")
        tab_to(page, page.get_by_role("textbox", name="Label"))
        page.keyboard.type("laptop")
        tab_to(page, page.get_by_role("combobox", name="Expires"))
        page.keyboard.press("ArrowDown")
        tab_to(page, page.get_by_role("button", name=name))
        page.keyboard.press("Enter")
        key = shown_key(page)
        tab_to(page, page.get_by_role("button", name="Copy the key"))
        page.keyboard.press("Space")
        assert key == copied(page)
        assert 200 == server.post(key).status_code
        page.goto(user_page)

    [last] = alice.keys.live()
    assert last.expires_at is not None
