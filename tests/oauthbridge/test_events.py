"""The events of OAuth in the audit log, through a real server, so that they have an actor."""

from __future__ import annotations

import httpx2

from accounts.models import User
from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event
from oauthbridge.models import Connection
from tests.oauthbridge.support import Flow, hidden_token, http
from tests.support import PATIENT

ALICE = "connection Test client as alice for ada"

Row = tuple[str, str, str, str]


def rows(*kinds: EventKind) -> list[Row]:
    events = Event.objects.filter(kind__in=kinds).order_by("id")
    return list(events.values_list("kind", "actor", "subject", "address"))


def test_a_connection_from_consent_to_replay_is_in_the_log(flow: Flow, ada: User) -> None:
    code = flow.code(ada)
    tokens = flow.exchange(code).json()
    assert "access_token" in flow.refresh(tokens["refresh_token"]).json()
    assert 400 == flow.exchange(code).status_code

    by_client = ("client Test client", ALICE, "127.0.0.1")
    assert [
        (EventKind.CONNECTION_GRANTED, "ada", ALICE, "127.0.0.1"),
        (EventKind.TOKEN_ISSUED, *by_client),
        (EventKind.TOKEN_REFRESHED, *by_client),
        (EventKind.TOKEN_REUSED, *by_client),
        (EventKind.CONNECTION_REVOKED, "", ALICE, "127.0.0.1"),
    ] == rows(
        EventKind.CONNECTION_GRANTED,
        EventKind.TOKEN_ISSUED,
        EventKind.TOKEN_REFRESHED,
        EventKind.TOKEN_REUSED,
        EventKind.CONNECTION_REVOKED,
    )
    stored = str(Event.objects.values())
    assert not any(
        secret in stored for secret in (code, tokens["access_token"], tokens["refresh_token"])
    )


def test_a_denied_connection_is_in_the_log(flow: Flow, ada: User) -> None:
    flow.decide(ada, decision="deny")
    assert [(EventKind.CONNECTION_DENIED, "ada", "client Test client", "127.0.0.1")] == rows(
        EventKind.CONNECTION_DENIED
    )


def test_a_client_that_registers_itself_is_in_the_log(flow: Flow) -> None:
    metadata = {"redirect_uris": ["http://127.0.0.1/"], "client_name": "Desk"}
    url = f"{flow.server.origin}/oauth/register"
    assert 201 == httpx2.post(url, json=metadata, **PATIENT).status_code
    assert (EventKind.ADDED, "", "client Desk", "127.0.0.1") in rows(EventKind.ADDED)


def test_a_connection_that_its_person_revokes_is_in_the_log(flow: Flow, ada: User) -> None:
    flow.tokens(ada)
    with http(cookies=flow.cookies(ada)) as browser:
        url = f"{flow.server.origin}/oauth/connections/"
        token = hidden_token(browser.get(url).text)
        connection = str(Connection.objects.get().pk)
        browser.post(url, data={"csrfmiddlewaretoken": token, "connection": connection})
    assert [(EventKind.CONNECTION_REVOKED, "ada", ALICE, "127.0.0.1")] == rows(
        EventKind.CONNECTION_REVOKED
    )
