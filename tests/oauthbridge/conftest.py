from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from accounts.models import McpUser, User
from oauthbridge.configured import register_configured_client
from oauthbridge.models import Application
from tests.conftest import MakeUser
from tests.oauthbridge.support import CHATGPT, Flow, client
from tests.support import Server, environment, free_port, running

CLIENT_ID = "chatgpt"
CLIENT_SECRET = secrets.token_hex(32)
PASSWORD = secrets.token_urlsafe(16)

MakePerson = Callable[..., User]


@pytest.fixture(scope="session")
def oauth(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with OAuth on."""
    with running_oauth(tmp_path_factory.mktemp("oauth")) as server:
        yield server


@contextmanager
def running_oauth(folder: Path) -> Iterator[Server]:
    log, port = folder / "server.log", free_port()
    origin = f"http://127.0.0.1:{port}"
    env = environment(PORT=str(port), **variables(origin))
    with running("mcp_serve", ready_url=f"{origin}/ready", log=log, env=env) as process:
        yield Server(port, log, process)


def variables(origin: str, **changes: str) -> dict[str, str]:
    return {
        "OAUTH_ENABLED": "true",
        "OAUTH_PUBLIC_URL": origin,
        "OAUTH_CLIENT_ID": CLIENT_ID,
        "OAUTH_CLIENT_SECRET": CLIENT_SECRET,
        "OAUTH_ALLOWED_REDIRECT_ORIGINS": "https://chatgpt.com,https://claude.ai",
        "OAUTH_MCP_USER": "alice",
        "OAUTH_DYNAMIC_REGISTRATION": "true",
        **changes,
    }


@pytest.fixture(autouse=True)
def quick_hashes(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.oauthbridge.support.QuickHasher"]


@pytest.fixture
def alice(make_user: MakeUser) -> McpUser:
    """The MCP user alice, who may do everything."""
    return make_user()[0]


@pytest.fixture
def make_person(transactional_db: None) -> MakePerson:
    """Makes a person who may authorise clients as the given MCP users."""

    def make(name: str = "ada", *users: McpUser, **fields: Any) -> User:
        person = User.objects.create_user(name, password=PASSWORD, **fields)
        person.mcp_users.set(users)
        return person

    return make


@pytest.fixture
def ada(make_person: MakePerson, alice: McpUser) -> User:
    """A person who may authorise clients as alice."""
    return make_person("ada", alice)


@pytest.fixture
def chatgpt(transactional_db: None, settings: Settings) -> Application:
    """The client of the environment."""
    settings.OAUTH_ENABLED = True
    settings.OAUTH_CLIENT_ID, settings.OAUTH_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    register_configured_client()
    return Application.objects.get(client_id=CLIENT_ID)


@pytest.fixture
def chatgpt_flow(oauth: Server, chatgpt: Application) -> Flow:
    return Flow(oauth, chatgpt, CHATGPT, CLIENT_SECRET)


@pytest.fixture
def flow(oauth: Server, transactional_db: None) -> Flow:
    """Of a public client on this machine."""
    return Flow(oauth, client())
