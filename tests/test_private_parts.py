"""Every private part of a library that the code uses, so that an upgrade has one place to look."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
import psycopg
import pytest
from django.core.cache.backends.redis import RedisCache
from mcp.server import MCPServer
from oauth2_provider.oauth2_validators import OAuth2Validator

from tests.support import ROOT

FOLDERS = ("accounts", "credentials", "infinity_mcp", "mcpserver", "oauthbridge")
# Documented, in spite of the underscore.
PUBLIC = {"_asdict", "_base_manager", "_default_manager", "_exit", "_meta", "_replace", "_state"}
# Where each is, and what for.
PRIVATE: dict[str, Callable[[], Any]] = {
    # The SDK offers no way to serve one request, to mount its server twice, or to complete
    # arguments with a handler whose errors keep their text.
    "_lowlevel_server": lambda: MCPServer("x")._lowlevel_server,
    # aiohttp sends PUT and DELETE again when a connection breaks; a write goes out once.
    "_retry_connection": lambda: _is_in("_retry_connection", aiohttp.ClientSession),
    # psycopg names neither its timeout nor the way to cancel with one.
    "_WaitTimeout": lambda: psycopg.errors._WaitTimeout,
    "_try_cancel": lambda: psycopg.Connection._try_cancel,
    # Django's cache of Redis has its client there, which is asked to drop its connections.
    "_cache": lambda: RedisCache._cache,
    # Where the toolkit looks a client up: strangers' ids are bounded before.
    "_load_application": lambda: OAuth2Validator._load_application,
}


def trees() -> Iterator[ast.Module]:
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*.py"):
            yield ast.parse(path.read_text())


def defined(node: ast.AST) -> str | None:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return node.name
        case ast.Attribute(value=ast.Name(id="self" | "cls"), ctx=ast.Store()):
            return node.attr
        case ast.Name(ctx=ast.Store()):
            return node.id
        case _:
            return None


def _is_in(name: str, owner: object) -> bool:
    return name in inspect.getsource(owner)  # type: ignore[arg-type]


def test_private_parts_of_libraries_are_all_named_here() -> None:
    nodes = [node for tree in trees() for node in ast.walk(tree)]
    own = set(map(defined, nodes))
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    private = {name for name in used if name.startswith("_") and not name.startswith("__")}

    assert PRIVATE.keys() == private - own - PUBLIC


@pytest.mark.parametrize("name", PRIVATE)
def test_private_part_is_still_there(name: str) -> None:
    assert PRIVATE[name]()
