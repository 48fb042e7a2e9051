"""What a person sees and does, in a real Chromium."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import McpUser, User
from accounts.scopes import READ
from oauthbridge.models import Application, Connection, Grant
from tests.browser import look_at, new_page
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import PASSWORD, MakePerson
from tests.oauthbridge.support import CHATGPT, Flow, client, parameters_of
from tests.support import Server

pytestmark = pytest.mark.any_database


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with new_page(chromium) as page:
        yield tab(page)


def tab(page: Page) -> Page:
    """Clients that are not this server are played: what arrives at them is answered here."""
    page.route("https://chatgpt.com/**", lambda route: route.fulfill(body="Back at the client"))
    page.route("http://127.0.0.1:49152/**", lambda route: route.fulfill(body="Back at the client"))
    return page


def sign_in(page: Page, name: str = "ada", password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_from_login_to_a_narrowed_tool_list_and_back(
    page: Page,
    chatgpt_flow: Flow,
    make_user: MakeUser,
    make_person: MakePerson,
    alice: McpUser,
) -> None:
    bob, _ = make_user("bob", "read-write")
    make_person("ada", alice, bob)
    server = chatgpt_flow.server

    page.goto(chatgpt_flow.url())
    sign_in(page)
    expect(page.get_by_role("heading")).to_contain_text(
        "Let chatgpt (chatgpt.com, claude.ai) use Infinity"
    )
    expect(page.get_by_text("chatgpt.com", exact=True)).to_be_visible()
    expect(page.get_by_label("alice")).to_be_checked()
    page.get_by_label("bob").check()
    page.get_by_label("Create and change").uncheck()
    page.get_by_label("Archive and delete").uncheck()
    page.get_by_role("button", name="Allow").click()

    expect(page.get_by_text("Back at the client")).to_be_visible()
    assert page.url.startswith(f"{CHATGPT}?")
    answer = parameters_of(page.url)
    assert chatgpt_flow.state == answer["state"]
    token = chatgpt_flow.exchange(answer["code"]).json()["access_token"]
    with ThreadPoolExecutor(1) as thread:  # this one has Playwright's event loop
        tools = thread.submit(server.tools, token).result()
    assert "infinity_list_boards" in tools and "infinity_create_item" not in tools
    assert (bob, [READ]) == (Connection.objects.get().mcp_user, Connection.objects.get().scopes)

    page.goto(f"{server.origin}/oauth/connections/")
    expect(page.get_by_role("heading", name="chatgpt")).to_be_visible()
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status")).to_contain_text("can no longer act as bob for you")
    expect(page.get_by_text("No application is connected")).to_be_visible()
    assert 401 == server.post(token).status_code


def test_the_keyboard_is_enough(page: Page, flow: Flow, ada: User) -> None:
    page.goto(flow.url())
    expect(page.get_by_label("Name")).to_be_focused()
    for text in ("ada", PASSWORD):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    allow = page.get_by_role("button", name="Allow")
    allow.wait_for()
    while not allow.evaluate("button => button === document.activeElement"):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        expect(focused).to_be_visible()
        assert "none" != focused.evaluate("part => getComputedStyle(part).outlineStyle")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Back at the client")).to_be_visible()


@pytest.mark.parametrize("uri", [CHATGPT, "http://127.0.0.1:49152/callback"])
def test_deny_leads_back_without_a_code(
    page: Page,
    oauth: Server,
    chatgpt: Application,
    make_user: MakeUser,
    make_person: MakePerson,
    uri: str,
) -> None:
    application = chatgpt if uri == CHATGPT else client()
    make_person("grace", make_user("bob")[0], make_user("charlie")[0])  # nobody is chosen yet
    page.goto(Flow(oauth, application, uri).url())
    sign_in(page, "grace")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_text("Back at the client")).to_be_visible()
    assert "access_denied" == parameters_of(page.url)["error"]
    assert not Grant.objects.exists()


def test_an_app_of_its_own_scheme_is_called(page: Page, oauth: Server, ada: User) -> None:
    callback = "cursor://anysphere.cursor-mcp/oauth/callback"
    page.goto(Flow(oauth, client(callback), callback).url())
    sign_in(page)
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text))
    # Chromium hands the redirect over to the system and drops the navigation.
    with page.expect_event("requestfailed"):
        page.get_by_role("button", name="Allow").click()
    assert Grant.objects.filter(redirect_uri=callback).exists()
    assert not [text for text in refused if "Content Security Policy" in text]


@pytest.mark.parametrize("button", ["Allow", "Deny"])
def test_a_callback_may_lead_on_to_another_origin(
    page: Page, oauth: Server, ada: User, button: str
) -> None:
    with answering() as (end, _), answering(f"{end}/end") as (callback, asked):
        page.goto(Flow(oauth, client(f"{callback}/callback"), f"{callback}/callback").url())
        sign_in(page)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text("The end")).to_be_visible()
        assert f"{end}/end" == page.url
    assert ("code" if button == "Allow" else "error") in parameters_of(asked[0])


@contextmanager
def answering(location: str = "") -> Iterator[tuple[str, list[str]]]:
    """An origin on this machine that redirects to `location`, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(302 if location else 200)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(b"The end")

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_a_wrong_password_is_told_and_asked_again(page: Page, flow: Flow, ada: User) -> None:
    page.goto(flow.url())
    sign_in(page, "ada", "wrong")
    expect(page.get_by_text("Please enter a correct username and password")).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_signing_in_may_lead_straight_back_to_the_client(
    page: Page, chatgpt_flow: Flow, ada: User
) -> None:
    refused = chatgpt_flow.url(scope="unknown").removeprefix(chatgpt_flow.server.origin)
    page.goto(f"{chatgpt_flow.server.origin}/login/?{urlencode({'next': refused})}")
    sign_in(page)
    expect(page.get_by_text("Back at the client")).to_be_visible()
    assert "invalid_scope" == parameters_of(page.url)["error"]


def test_another_account_can_be_used(
    page: Page, flow: Flow, make_person: MakePerson, alice: McpUser, ada: User
) -> None:
    make_person("grace", alice)
    page.goto(flow.url())
    sign_in(page)
    page.get_by_role("button", name="Use another account").click()
    sign_in(page, "grace")
    expect(page.get_by_text("Signed in as grace")).to_be_visible()
    expect(page.get_by_role("button", name="Allow")).to_be_visible()


def test_consent_cannot_be_put_into_a_frame(page: Page, flow: Flow, ada: User) -> None:
    page.goto(flow.url())
    sign_in(page)
    expect(page.get_by_role("button", name="Allow")).to_be_visible()
    attack = "http://127.0.0.1:49152/attack"
    page.route(
        attack,
        lambda route: route.fulfill(
            body=f'<iframe src="{flow.url().replace("&", "&amp;")}"></iframe>',
            content_type="text/html",
        ),
    )
    page.goto(attack)
    page.wait_for_load_state("networkidle")
    frame = page.frames[1]
    assert 'value="allow"' not in frame.content()


def test_every_page_fits_and_needs_no_script(
    chromium: Browser, oauth: Server, ada: User, make_user: MakeUser, make_person: MakePerson
) -> None:
    make_person("grace", make_user("bob", "read-write")[0], make_user("charlie", "read-only")[0])
    make_person("stranger")
    application = client(CHATGPT, name="ChatGPT", registration_source="dcr")
    flow = Flow(oauth, application, CHATGPT)
    with new_page(chromium, java_script_enabled=False) as page:
        tab(page).goto(flow.url())
        look_at(page, "login")
        sign_in(page, "ada", "wrong")
        look_at(page, "login-wrong")
        for name, state in (("ada", "one"), ("grace", "choose"), ("stranger", "none")):
            sign_in(page, name)
            page.get_by_role("heading", name="Let ChatGPT use").wait_for()
            look_at(page, f"consent-{state}")
            for tools in page.locator("summary").all():
                tools.click()
            look_at(page, f"consent-{state}-tools")
            page.get_by_role("button", name="Use another account").click()
        sign_in(page)
        page.goto(flow.url(redirect_uri="https://evil.example/"))
        look_at(page, "error")
        page.goto(f"{oauth.origin}/oauth/connections/")
        look_at(page, "connections-none")
        flow.tokens(ada)
        page.reload()
        look_at(page, "connections")
        page.get_by_role("button", name="Revoke").click()
        look_at(page, "connections-revoked")
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        look_at(page, "signed-out")
