"""Three replicas with PostgreSQL and Redis behind nginx: any of them answers anything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import ApiKey, McpUser, User
from mcpserver.audit.models import ToolCall
from mcpserver.http.limits import WRONG_KEYS
from mcpserver.sandbox import ADA_TOKEN
from tests.conftest import MakeUser
from tests.oauthbridge.conftest import PASSWORD, variables
from tests.oauthbridge.support import Flow, client, hidden_token, http
from tests.production.database import on_postgresql
from tests.production.load import CLIENTS, Call, under_load
from tests.production.replicas import Proxy, three_replicas
from tests.production.support import own_redis
from tests.support import Infinity, Server, running_server, until_too_many

pytestmark = pytest.mark.any_database  # on PostgreSQL in any case


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with own_redis() as (_, url):
        yield url


@pytest.fixture(scope="module")
def proxy(
    django_db_setup: None, redis: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("replicas")
    settings = variables("", OAUTH_PUBLIC_URL="replaced", CACHE_URL=redis)
    with on_postgresql(), three_replicas(folder, **settings) as running:
        yield running


@pytest.fixture
def servers(proxy: Proxy) -> list[Server]:
    return [replica.server for replica in proxy.replicas]


@pytest.fixture
def key(make_user: MakeUser) -> str:
    return make_user()[1]


def request(method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_a_client_that_began_at_one_goes_on_at_the_others(servers: list[Server], key: str) -> None:
    hello = request(
        "initialize",
        protocolVersion="2025-11-25",
        capabilities={},
        clientInfo={"name": "test", "version": "1"},
    )
    version = {"MCP-Protocol-Version": "2025-11-25"}
    assert 200 == servers[0].post(key, json=hello).status_code
    assert (
        202
        == servers[1]
        .post(key, json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=version)
        .status_code
    )
    call = request("tools/call", name="infinity_get_profile", arguments={})
    assert "ada@example.org" in servers[2].post(key, json=call, headers=version).text


def test_what_one_authorises_the_next_exchanges_and_all_accept(
    servers: list[Server], proxy: Proxy, make_user: MakeUser
) -> None:
    ada = User.objects.create_user("ada", password=PASSWORD)
    ada.mcp_users.add(make_user()[0])
    first, second, third = (
        replace(Flow(server, application), verifier="v" * 43)
        for application in [client()]
        for server in servers
    )
    code = first.code(ada, resource=proxy.url)
    tokens = second.exchange(code, resource=proxy.url).json()
    for server in servers:
        assert 200 == server.post(tokens["access_token"]).status_code

    assert 200 == third.refresh(tokens["refresh_token"]).status_code
    assert 400 == first.exchange(code, resource=proxy.url).status_code
    for server in servers:  # the code came twice: what it gave has ended
        assert 401 == server.post(tokens["access_token"]).status_code


def test_a_revoked_key_is_refused_by_all_at_once(servers: list[Server], key: str) -> None:
    assert [200] * 3 == [server.post(key).status_code for server in servers]
    ApiKey.objects.update(revoked_at=timezone.now())
    assert [401] * 3 == [server.post(key).status_code for server in servers]


def test_guesses_of_keys_are_counted_by_all_together(servers: list[Server], key: str) -> None:
    guesser = {"X-Forwarded-For": "203.0.113.7"}
    guesses = count()
    until_too_many(lambda: servers[next(guesses) % 3].post("mcp_wrong", headers=guesser))
    assert next(guesses) <= 3 * WRONG_KEYS.burst  # what three that count alone let pass
    assert 200 == servers[0].post(key, headers=guesser).status_code


def test_wrong_passwords_are_counted_by_all_together(
    servers: list[Server], transactional_db: None
) -> None:
    pages = []
    for number in range(11):
        with http(base_url=servers[number % 3].origin) as browser:
            token = hidden_token(browser.get("/login/").text)
            form = {"csrfmiddlewaretoken": token, "username": "bob", "password": "wrong"}
            pages.append(browser.post("/login/", data=form).text)
    assert "Too many" not in pages[9]
    assert "Too many" in pages[10]


def test_the_rate_of_a_user_is_one_for_all(
    proxy: Proxy, redis: str, key: str, tmp_path: Path
) -> None:
    limited = {"CACHE_URL": redis, "MCP_REQUESTS_PER_MINUTE": "6"}
    with running_server(tmp_path, **limited) as one, running_server(tmp_path, **limited) as other:
        McpUser.objects.update(name="charlie")  # alice's count is that of the other tests
        assert [200, 429] == [server.post(key).status_code for server in (one, other)]


def test_a_rolling_restart_loses_no_call(proxy: Proxy, key: str) -> None:
    with under_load(proxy.url, key) as load:
        load.wait_for(200, 10)
        for replica in proxy.replicas:
            proxy.without(replica)
            assert 0 == replica.stop()
            replica.start()
            proxy.with_all()
            load.wait_for(200, 10)
    assert {200} == set(load.statuses())
    assert all(answer.worked for answer in load.answers)


def test_a_killed_replica_loses_no_read(proxy: Proxy, key: str) -> None:
    headers = {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "infinity_get_profile",
    }
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    numbers = count()

    def read() -> Call:
        call = request("tools/call", name="infinity_get_profile", arguments={}, _meta=meta)
        return {**call, "id": next(numbers)}

    with under_load(proxy.url, key, call=read, headers=headers) as load:
        load.wait_for(200, 20)
        proxy.replicas[0].kill()
        load.wait_for(200, 40)
        proxy.replicas[0].start()
        load.wait_for(200, 20)
    assert {200} == set(load.statuses())
    assert [call["id"] for call in load.sent] == sorted(
        answer.call["id"] for answer in load.answers if answer.worked
    )


def test_a_killed_replica_repeats_no_write_and_keeps_what_it_answered(
    proxy: Proxy, servers: list[Server], key: str, infinity: Infinity
) -> None:
    place = a_board(servers[0], key)
    numbers = count()

    def write() -> Call:
        folder = {**place, "name": f"Made under load {next(numbers)}"}
        return request("tools/call", name="infinity_create_folder", arguments=folder)

    killed = proxy.replicas[1]
    logged = len(proxy.log.read_text())
    with under_load(proxy.url, key, call=write) as load:
        load.wait_for(200, 10)
        killed.kill()
        sent_until_then = names(load.sent)
        load.wait_for(200, 20)
        killed.start()
        load.wait_for(200, 10)

    sent = names(load.sent)
    answered = names([answer.call for answer in load.answers if answer.worked])
    made = [name for name in folders(infinity, place) if name in sent]
    assert len(made) == len(set(made))
    assert set(answered) <= set(made) <= set(sent)
    # Without an answer are at most those that the killed one had under way.
    lost = set(sent) - set(answered)
    assert lost <= set(sent_until_then)
    assert len(lost) <= CLIENTS
    failed_at = re.findall(r'upstream: "http://[^:]+:(\d+)', proxy.log.read_text()[logged:])
    assert set(failed_at) <= {str(killed.port)}
    noted = ToolCall.objects.filter(tool="infinity_create_folder").count()
    assert len(made) <= noted <= len(sent)


def a_board(server: Server, key: str) -> dict[str, str]:
    workspace = str(server.data(key, "infinity_list_workspaces")["data"][0]["id"])
    boards = server.data(key, "infinity_list_boards", workspace_id=workspace)
    return {"workspace_id": workspace, "board_id": boards["data"][0]["id"]}


def names(calls: list[Call]) -> list[str]:
    return [call["params"]["arguments"]["name"] for call in calls]


def folders(infinity: Infinity, place: dict[str, str]) -> list[str]:
    """The names of all, asked past the servers."""
    url = f"{infinity.url}/workspaces/{place['workspace_id']}/boards/{place['board_id']}/folders"
    found: list[str] = []
    query = {"limit": "100"}
    with http(headers={"Authorization": f"Bearer {ADA_TOKEN}"}) as api:
        while True:
            page = api.get(url, params=query).raise_for_status().json()
            found += [folder["name"] for folder in page["data"]]
            if not page["has_more"]:
                return found
            query["after"] = page["after"]
