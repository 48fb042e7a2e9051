"""Dependencies point one way: accounts needs credentials, and neither knows of MCP or HTTP. What
every command loads, the pages included, goes without the SDK."""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.credentials.installation import Installation

CHECKOUT = Path(__file__).resolve().parents[2]
MCP_AND_HTTP = {"mcp", "mcpserver", "oauthbridge", "httpx2", "starlette", "uvicorn", "aiohttp"}


def imported_packages(app: str) -> Iterator[str]:
    for path in (CHECKOUT / app).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (name.name.partition(".")[0] for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module.partition(".")[0]


@pytest.mark.parametrize(
    ("app", "needed", "forbidden"),
    [
        ("credentials", "cryptography", MCP_AND_HTTP | {"accounts", "infinity_mcp"}),
        ("accounts", "credentials", MCP_AND_HTTP | {"infinity_mcp"}),
    ],
)
def test_app_imports_nothing_above_it(app: str, needed: str, forbidden: set[str]) -> None:
    packages = set(imported_packages(app))

    assert needed in packages
    assert set() == packages & forbidden


LOADED = """
import sys
from django.core.management import call_command

call_command("check")
print(sorted({"aiohttp", "mcp", "pydantic"} & sys.modules.keys()))
"""


SERVER_LOADED = """
import sys
import infinity_mcp.asgi

print("redis" in sys.modules)
"""


def test_commands_do_not_load_the_sdk(tmp_path: Path) -> None:
    assert "[]" == said_by(LOADED, tmp_path)


@pytest.mark.parametrize(("cache", "is_loaded"), [("", "False"), ("redis://127.0.0.1:1/0", "True")])
def test_redis_client_is_loaded_for_a_redis(tmp_path: Path, cache: str, is_loaded: str) -> None:
    assert is_loaded == said_by(SERVER_LOADED, tmp_path, CACHE_URL=cache)


def said_by(program: str, folder: Path, **variables: str) -> str:
    """The last line that it prints."""
    variables |= {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "MCP_CREDENTIAL_STORE_KEY": Fernet.generate_key().decode(),
    }
    done = Installation(folder, variables).manage("shell", "--no-imports", "-c", program)
    assert 0 == done.returncode, done.stderr
    return done.stdout.splitlines()[-1]
