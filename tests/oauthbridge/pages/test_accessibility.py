"""axe-core finds no barriers on any page, in light and dark, on wide and narrow screens.

It is here because the pages of OAuth are among them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from accounts.models import McpUser, User
from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event, Outcome, ToolCall
from oauthbridge.models import Connection
from tests.browser import new_page
from tests.oauthbridge.conftest import PASSWORD
from tests.oauthbridge.support import Flow, client
from tests.programs import axe
from tests.support import Server

pytestmark = pytest.mark.any_database

LOOKS = ((1280, "light"), (390, "dark"))
SERIOUS = """async () => {
    const found = await axe.run(document, {resultTypes: ["violations"]});
    if (found.passes.length < 10) throw new Error("axe-core saw nothing of the page");
    return found.violations
        .filter(each => ["serious", "critical"].includes(each.impact))
        .map(each => `${each.id}: ${each.nodes.map(node => node.html).join(" ")}`);
}"""


@pytest.fixture(params=LOOKS)
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """With axe-core in every page that it shows."""
    script = axe()
    width, scheme = request.param
    size: ViewportSize = {"width": width, "height": 844}
    with new_page(chromium, viewport=size, color_scheme=scheme) as page:
        page.add_init_script(path=script)
        yield page


@pytest.fixture
def flow(oauth: Server, alice: McpUser) -> Flow:
    """root's with a client; there is something in every list."""
    root = User.objects.create_superuser("root", password=PASSWORD)
    application = client("https://chatgpt.com/callback", name="ChatGPT")
    Connection.objects.create(
        application=application, person=root, mcp_user=alice, last_used_at=alice.created_at
    )
    for outcome in Outcome:
        ToolCall.objects.create(
            user="alice",
            profile="sandbox",
            tool="infinity_list_items",
            changes=False,
            outcome=outcome,
            error="not_found" if outcome == Outcome.FAILED else "",
            duration_ms=120,
        )
    Event.objects.create(kind=EventKind.CHANGED, actor="root", subject="MCP user alice")
    return Flow(oauth, application, "https://chatgpt.com/callback")


def pages(alice: McpUser) -> list[str]:
    key, connection = alice.keys.get(), alice.connections.get()
    user = f"/admin/accounts/mcpuser/{alice.pk}"
    return [
        "/oauth/connections/",
        "/connect/",
        f"/connect/{alice.pk}/",
        "/admin/",
        "/admin/accounts/mcpuser/",
        "/admin/accounts/mcpuser/add/",
        f"{user}/change/",
        f"{user}/history/",
        f"{user}/delete/",
        f"{user}/rotate_keys/",
        f"{user}/revoke_keys/",
        "/admin/accounts/apikey/",
        f"/admin/accounts/apikey/{key.pk}/change/",
        "/admin/credentials/profile/",
        "/admin/credentials/profile/add/",
        f"/admin/credentials/profile/{alice.profile.pk}/change/",
        "/admin/oauthbridge/application/",
        "/admin/oauthbridge/application/add/",
        "/admin/oauthbridge/connection/",
        f"/admin/oauthbridge/connection/{connection.pk}/change/",
        "/admin/mcpserver/toolcall/",
        f"/admin/mcpserver/toolcall/{ToolCall.objects.latest('pk').pk}/change/",
        "/admin/mcpserver/event/",
        f"/admin/mcpserver/event/{Event.objects.latest('pk').pk}/change/",
        "/admin/accounts/user/",
        "/admin/accounts/user/add/",
        f"/admin/accounts/user/{User.objects.get().pk}/change/",
        f"/admin/accounts/user/{User.objects.get().pk}/password/",
    ]


def check(page: Page, name: str) -> list[str]:
    """What is seriously wrong, each with where it is."""
    page.locator("html:not([x-cloak])").wait_for()  # until then the theme shows nothing
    return [f"{name}: {each}" for each in page.evaluate(SERIOUS)]


def test_no_page_has_a_serious_violation(page: Page, flow: Flow, alice: McpUser) -> None:
    origin = flow.server.origin
    page.goto(f"{origin}/admin/login/")
    found = check(page, "the admin's sign-in")
    page.goto(flow.url())
    found += check(page, "sign-in")
    page.get_by_label("Name").fill("root")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").wait_for()
    found += check(page, "consent")

    for path in pages(alice):
        answer = page.goto(f"{origin}{path}")
        assert answer and answer.ok, path
        found += check(page, path)
    page.goto(f"{origin}/admin/accounts/mcpuser/{alice.pk}/new_key/")
    page.get_by_role("button", name="New key").click()
    page.get_by_role("button", name="Copy the key").wait_for()
    for summary in page.locator("summary").all():
        summary.click()
    found += check(page, "a new key")

    assert [] == found
