"""What the page of consent says, offers and proposes."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest
from django.test import Client
from pytest_django import Settings

from accounts.models import User
from accounts.scopes import ADMIN, READ, SCOPES, WRITE
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import MakePerson
from tests.oauthbridge.support import Flow, client
from tests.support import ROOT, Server


def test_consent_says_what_is_asked(flow: Flow, ada: User, make_user: MakeUser) -> None:
    flow.application.registration_source = "dcr"
    flow.application.save()
    make_user("bob", "read-only")
    page = flow.open(ada).text
    assert "127.0.0.1:49152" in page and "an application on this device" in page
    assert "its name is not verified" in page
    assert "Read workspaces, boards, items and comments" in page
    assert "Infinity profile: sandbox" in page and "May read, change and administer" in page
    assert ["alice"] == ticked(page, "mcp_user") and "bob" not in page


def test_consent_says_how_long_it_lasts_without_use(
    here: None, settings: Settings, ada: User
) -> None:
    assert "earlier after 30 days without use" in consent_of(ada)
    week = {"REFRESH_TOKEN_EXPIRE_SECONDS": 7 * 24 * 60 * 60}
    settings.OAUTH2_PROVIDER = {**settings.OAUTH2_PROVIDER, **week}
    assert "earlier after 7 days without use" in consent_of(ada)


def test_consent_names_the_tools_of_each_scope(flow: Flow, ada: User) -> None:
    page = flow.open(ada, scope=READ).text
    assert "<li>List boards</li>" in page and "<li>Create item</li>" not in page
    assert "<li>Create item</li>" in flow.open(ada, scope=f"{READ} {WRITE}").text


def test_consent_names_no_tool_that_the_user_or_oauth_lacks(
    here: None, settings: Settings, make_user: MakeUser, make_person: MakePerson
) -> None:
    tools = ["infinity_list_boards", "infinity_get_board", "infinity_create_item"]
    settings.OAUTH_ALLOWED_TOOLS = tools[:2]
    alice, _ = make_user(allowed_tools=tools[1:])
    page = consent_of(make_person("ada", alice))
    assert ["Get board"] == re.findall(r"<li>(.+)</li>", page)
    assert "with 1 tool<" in page


def test_consent_offers_what_a_user_has_only(
    flow: Flow, make_user: MakeUser, make_person: MakePerson
) -> None:
    bob, _ = make_user("bob", "read-only")
    page = flow.open(make_person("grace", bob)).text
    assert READ in page and WRITE not in page and "May read, with" in page


def test_the_scopes_that_a_client_asks_for_are_proposed(flow: Flow, ada: User) -> None:
    assert list(SCOPES) == ticked(flow.open(ada).text, "scopes")
    assert [READ, ADMIN] == ticked(flow.open(ada, scope=f"{READ} {ADMIN}").text, "scopes")


def test_only_reading_is_proposed_where_a_client_asks_for_nothing(flow: Flow, ada: User) -> None:
    page = flow.open(ada, scope=None).text
    assert [READ] == ticked(page, "scopes")
    assert WRITE in page and ADMIN in page


def test_nobody_is_proposed_in_the_place_of_another(
    flow: Flow, make_user: MakeUser, make_person: MakePerson
) -> None:
    bob, charlie = make_user("bob")[0], make_user("charlie")[0]
    page = flow.open(make_person("grace", bob, charlie)).text
    assert "bob" in page and [] == ticked(page, "mcp_user")
    assert ["bob"] == ticked(flow.open(make_person("stranger", bob)).text, "mcp_user")


@pytest.mark.parametrize(
    ("mcp_user", "scopes", "told"),
    [
        ("", [READ], "Choose an MCP user, or deny."),
        ("bob", [], "Choose at least one permission, or deny."),
        ("bob", [WRITE], "bob has none of the permissions you chose."),
    ],
)
def test_what_is_missing_in_a_consent_is_told(
    flow: Flow,
    make_user: MakeUser,
    make_person: MakePerson,
    mcp_user: str,
    scopes: list[str],
    told: str,
) -> None:
    users = make_user("bob", "read-only")[0], make_user("charlie")[0]
    answer = flow.decide(make_person("grace", *users), mcp_user, tuple(scopes))
    assert 400 == answer.status_code and told in answer.text
    assert scopes == ticked(answer.text, "scopes")


def test_who_may_use_no_user_is_told_whom_to_ask(flow: Flow, make_person: MakePerson) -> None:
    page = flow.open(make_person("stranger")).text
    assert "There is no MCP user that you may let applications act as" in page
    assert 'value="allow"' not in page and 'value="deny"' in page


def test_who_may_do_nothing_of_what_is_asked_is_told_so(
    flow: Flow, make_user: MakeUser, make_person: MakePerson
) -> None:
    bob, _ = make_user("bob", "read-only")
    page = flow.open(make_person("grace", bob), scope=WRITE).text
    assert "none of the permissions" in page and 'value="allow"' not in page


def consent_of(person: User) -> str:
    """The consent page of a client that asks for all, with the settings of this process."""
    flow = Flow(Server(0, ROOT, cast(Any, None)), client())
    browser = Client()
    browser.force_login(person)
    url = flow.url(resource=None).removeprefix(flow.server.origin)
    return browser.get(url).content.decode()


def ticked(page: str, field: str) -> list[str]:
    inputs = re.findall(rf'<input [^>]*name="{field}"[^>]*>', page)
    return [re.findall(r'value="([^"]+)"', each)[0] for each in inputs if " checked" in each]
