"""The OAuth provider of the official Python client, from nothing to a tool call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Queue

import httpx2
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from pydantic import AnyUrl

from accounts.models import User
from accounts.scopes import READ
from oauthbridge.models import AccessToken, Application, Connection
from tests.oauthbridge.support import hidden_token, http, parameters_of, session_of
from tests.support import PATIENCE_SECONDS, Server, data_of


class Storage:
    """Tokens in memory."""

    tokens: OAuthToken | None = None
    client: OAuthClientInformationFull | None = None

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@contextmanager
def callback_listener() -> Iterator[tuple[str, Queue[dict[str, str]]]]:
    """What waits on the person's machine: its address, and what arrives there."""
    arrived: Queue[dict[str, str]] = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            arrived.put(parameters_of(self.path))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    listener = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.server_port}/callback", arrived
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def consent(url: str, session: str, scopes: list[str]) -> None:
    """What a person does in a browser that follows the redirect."""
    with http(cookies={"sessionid": session}, follow_redirects=True) as browser:
        form = {
            "csrfmiddlewaretoken": hidden_token(browser.get(url).text),
            "mcp_user": "alice",
            "scopes": scopes,
            "decision": "allow",
        }
        assert browser.post(url, data=form).status_code == 200


def test_discovery_registration_authorization_and_calls(oauth: Server, ada: User) -> None:
    storage, session = Storage(), session_of(ada)
    asked: list[list[str]] = []

    async def run() -> str:
        with callback_listener() as (callback, arrived):

            async def open_browser(url: str) -> None:
                asked.append(parameters_of(url)["scope"].split())
                # Only to read at first, so that the client has to ask for more later.
                scopes = [READ] if len(asked) == 1 else asked[-1]
                await asyncio.to_thread(consent, url, session, scopes)

            async def wait_for_callback() -> AuthorizationCodeResult:
                answer = await asyncio.to_thread(arrived.get, timeout=PATIENCE_SECONDS)
                return AuthorizationCodeResult(
                    code=answer["code"], state=answer["state"], iss=answer["iss"]
                )

            provider = OAuthClientProvider(
                oauth.url,
                OAuthClientMetadata(
                    client_name="Official client",
                    redirect_uris=[AnyUrl(callback)],
                    grant_types=["authorization_code", "refresh_token"],
                ),
                storage,
                redirect_handler=open_browser,
                callback_handler=wait_for_callback,
            )
            async with (
                httpx2.AsyncClient(auth=provider, timeout=PATIENCE_SECONDS) as http,
                Client(streamable_http_client(oauth.url, http_client=http)) as client,
            ):
                profile = data_of(
                    await client.call_tool("infinity_get_profile", {"response_format": "json"})
                )
                # Refused for want of a scope; the client asks the person for more and tries again.
                await client.call_tool("infinity_create_item", {})
        return str(profile["email"])

    assert "ada@example.org" == asyncio.run(run())
    application = Application.objects.get(name="Official client")
    assert ("Official client", "dcr") == (application.name, application.registration_source)
    assert 2 == len(asked) and "infinity:write" in asked[1]
    assert [2, {oauth.url}] == [
        Connection.objects.count(),
        {resource for token in AccessToken.objects.all() for resource in token.resource},
    ]


def test_the_official_client_refreshes(oauth: Server, ada: User) -> None:
    storage, session = Storage(), session_of(ada)
    opened: list[str] = []

    async def run() -> None:
        with callback_listener() as (callback, arrived):

            async def open_browser(url: str) -> None:
                opened.append(url)
                await asyncio.to_thread(consent, url, session, [READ])

            async def wait_for_callback() -> AuthorizationCodeResult:
                answer = await asyncio.to_thread(arrived.get, timeout=PATIENCE_SECONDS)
                return AuthorizationCodeResult(
                    code=answer["code"], state=answer["state"], iss=answer["iss"]
                )

            provider = OAuthClientProvider(
                oauth.url,
                OAuthClientMetadata(
                    redirect_uris=[AnyUrl(callback)], token_endpoint_auth_method="none"
                ),
                storage,
                redirect_handler=open_browser,
                callback_handler=wait_for_callback,
            )
            async with httpx2.AsyncClient(auth=provider, timeout=PATIENCE_SECONDS) as http:
                ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
                assert (await http.post(oauth.url, json=ping)).status_code == 200
                provider.context.token_expiry_time = 1  # long ago
                assert (await http.post(oauth.url, json=ping)).status_code == 200

    asyncio.run(run())
    assert 1 == len(opened)
    assert 1 == Connection.objects.get().refresh_tokens.exclude(revoked=None).count()
