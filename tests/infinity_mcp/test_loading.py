"""What every command loads, the pages included, goes without the SDK and PostgreSQL's driver."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.credentials.installation import Installation

LOADED = """
import sys
from django.core.management import call_command

call_command("check")
print(sorted({"aiohttp", "mcp", "psycopg", "pydantic"} & sys.modules.keys()))
"""


SERVER_LOADED = """
import sys
import infinity_mcp.asgi

print("redis" in sys.modules)
"""


THEME_LOADED = """
import importlib
import sys
import unfold.overrides

before = "psycopg" in sys.modules
importlib.reload(unfold.overrides)
print(before, "psycopg" in sys.modules)
"""


def test_commands_do_not_load_the_sdk(tmp_path: Path) -> None:
    assert "[]" == said_by(LOADED, tmp_path)


@pytest.mark.parametrize(("cache", "is_loaded"), [("", "False"), ("redis://127.0.0.1:1/0", "True")])
def test_redis_client_is_loaded_for_a_redis(tmp_path: Path, cache: str, is_loaded: str) -> None:
    assert is_loaded == said_by(SERVER_LOADED, tmp_path, CACHE_URL=cache)


def test_theme_would_load_the_driver_of_postgresql(tmp_path: Path) -> None:
    """Or infinity_mcp.theme.apps has nothing to keep it from: then its ThemeConfig can go."""
    assert "False True" == said_by(THEME_LOADED, tmp_path)


def said_by(program: str, folder: Path, **variables: str) -> str:
    """The last line that it prints."""
    variables |= {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "MCP_CREDENTIAL_STORE_KEY": Fernet.generate_key().decode(),
    }
    done = Installation(folder, variables).manage("shell", "--no-imports", "-c", program)
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()[-1]
