"""Data on its way into PostgreSQL, by the commands that the documents name, word for word."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.credentials.installation import Installation, copy_empty_database
from tests.production.support import Postgres, new_database, output, own_postgres
from tests.support import ROOT, running_server

ADA = "Ada Example"
MANAGE = ".venv/bin/python manage.py"
MANAGE_SHELL = f"{MANAGE} shell --verbosity=0"
ADD_USER = f"{MANAGE} credentials_add_user --profile local --access admin"
# In one process: what counts is what is there afterwards.
MAKE = """
from django.core.management import call_command

def manage(arguments):
    call_command(*arguments.split())

manage("migrate --verbosity=0")
manage("credentials_add_profile --id canary --name Canary --token {token}")
manage("credentials_add_profile --id local --name Local --base-url sandbox: --token sandbox-ada")
manage("credentials_add_user --profile local --access admin --name alice --key-file alice.txt")
"""
CONNECT = """
from datetime import timedelta
from django.utils import timezone
from accounts.models import McpUser, User
from accounts.roles import Role
from oauthbridge.models import AccessToken, Application, Connection, RefreshToken

def connect(name):
    person, mcp_user = User.objects.create_user(name), McpUser.objects.get(name=name)
    person.take_role(Role.OPERATOR)
    mcp_user.people.add(person)
    client = Application.objects.create(
        name=name, client_type="public", redirect_uris="http://127.0.0.1/callback"
    )
    connection = Connection.objects.create(application=client, person=person, mcp_user=mcp_user)
    given = {"user": person, "application": client, "connection": connection}
    refresh = RefreshToken.objects.create(token=name, **given)
    end = timezone.now() + timedelta(hours=1)
    refresh.access_token = AccessToken.objects.create(
        token=name, expires=end, source_refresh_token=refresh, **given
    )
    refresh.save()
"""
TAKEN_ALONG = (
    *("accounts.User", "accounts.McpUser", "accounts.ApiKey"),
    *("mcpserver.Event", "mcpserver.ToolCall"),
    *("oauthbridge.Application", "oauthbridge.Connection"),
    *("oauthbridge.AccessToken", "oauthbridge.RefreshToken"),
)
COUNTS = """
import json
from django.apps import apps

models = apps.get_models()
print(json.dumps({model._meta.label: model._default_manager.count() for model in models}))
"""


@dataclass(frozen=True)
class Home:
    """A folder with an installation, in which an operator sits; alice has `key`."""

    installation: Installation
    key: str
    token: str  # of a profile that nobody uses

    def on(self, database_url: str) -> Home:
        """The same with another database."""
        environment = {**self.installation.environment, "DATABASE_URL": database_url}
        return replace(self, installation=replace(self.installation, environment=environment))

    def counts(self) -> dict[str, int]:
        """The rows of each model."""
        return dict(json.loads(run(self.installation, MANAGE_SHELL, COUNTS)))

    def name_in_infinity(self) -> str:
        """What a call with the key finds."""
        with running_server(self.installation.folder, **self.installation.variables) as server:
            return str(server.data(self.key, "infinity_get_profile")["name"])


def run(installation: Installation, commands: str, stdin: str = "") -> str:
    """What they print in a shell that stops at the first one to fail."""
    programs = map(str, Path("/usr/lib/postgresql").glob("*/bin"))
    env = {**installation.variables, "PATH": os.pathsep.join((os.environ["PATH"], *programs))}
    return output("bash", "-e", "-c", commands, folder=installation.folder, env=env, stdin=stdin)


def documented(document: str, word: str) -> str:
    """The one block of commands there that has `word` in it."""
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(), re.S)
    (found,) = [block for block in blocks if word in block]
    return str(found)


def made_in(folder: Path, database_url: str) -> Home:
    """With two profiles, an MCP user with a key, a person with a role, an OAuth client with a
    connection and tokens, and what all of them and a call left in the audit log."""
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "manage.py").symlink_to(ROOT / "manage.py")
    environment = {
        "DATABASE_URL": database_url,
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "MCP_CREDENTIAL_STORE_KEY": Fernet.generate_key().decode(),
    }
    installation, token = Installation(folder, environment), secrets.token_hex(20)
    run(installation, MANAGE_SHELL, f"{MAKE.format(token=token)}{CONNECT}\nconnect('alice')")
    home = Home(installation, (folder / "alice.txt").read_text().strip(), token)
    assert ADA == home.name_in_infinity()
    return home


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with own_postgres() as running:
        yield running


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Home:
    """An installation with PostgreSQL, whose making takes seconds: for tests that copy it."""
    return made_in(tmp_path_factory.mktemp("original"), new_database(postgres))


@pytest.fixture
def home(original: Home, postgres: Postgres, tmp_path: Path) -> Home:
    installation = original.installation
    shutil.copytree(installation.folder, tmp_path, symlinks=True, dirs_exist_ok=True)
    copy = replace(original, installation=replace(installation, folder=tmp_path))
    database = installation.environment["DATABASE_URL"].rpartition("/")[2]
    return copy.on(new_database(postgres, template=database))


def test_sqlite_is_taken_along_to_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    copy_empty_database(tmp_path / "infinity-mcp.sqlite3")
    home = made_in(tmp_path, f"sqlite:///{tmp_path}/infinity-mcp.sqlite3")
    before = home.counts()
    assert all(before[label] for label in TAKEN_ALONG)

    url = new_database(postgres)
    commands = documented("docs/scaling.md", "loaddata")
    run(home.installation, commands.replace("postgres://…", url))

    moved = home.on(url)
    assert before == moved.counts()
    assert ADA == moved.name_in_infinity()
    run(moved.installation, f"{ADD_USER} --name bob --key-file bob.txt")
    run(moved.installation, MANAGE_SHELL, f"{CONNECT}\nconnect('bob')")
    after = moved.counts()
    assert [] == [label for label in TAKEN_ALONG if after[label] <= before[label]]


def test_dump_and_store_key_are_all_that_is_needed(
    home: Home, postgres: Postgres, tmp_path: Path
) -> None:
    run(home.installation, documented("docs/install.md", "--file=infinity-mcp.dump"))
    before = home.counts()

    dumped = run(home.installation, "pg_restore --file=- infinity-mcp.dump")
    assert "canary" in dumped
    store_key = home.installation.environment["MCP_CREDENTIAL_STORE_KEY"]
    assert [] == [secret for secret in (home.key, home.token, store_key) if secret in dumped]
    assert 0o600 == (tmp_path / "infinity-mcp.dump").stat().st_mode & 0o777
    restored = home.on(new_database(postgres))
    run(restored.installation, documented("docs/install.md", '--dbname="$DATABASE_URL"'))
    assert before == restored.counts()
    assert ADA == restored.name_in_infinity()


def test_a_dump_of_an_older_version_takes_the_place_of_a_newer_database(home: Home) -> None:
    before = home.counts()
    run(home.installation, f"{MANAGE} migrate --verbosity=0 mcpserver 0002")
    run(home.installation, documented("docs/install.md", "--file=infinity-mcp.dump"))
    run(home.installation, f"{MANAGE} migrate --verbosity=0")
    run(home.installation, f"{ADD_USER} --name later --key-file later.txt")

    run(home.installation, documented("docs/install.md", '--dbname="$DATABASE_URL"'))
    assert before == home.counts()
    assert ADA == home.name_in_infinity()
