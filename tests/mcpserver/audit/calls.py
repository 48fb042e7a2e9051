"""Calls and their rows in the audit log, and a log that cannot be written."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from django.db import connection, transaction

from mcpserver.audit.models import ToolCall
from mcpserver.audit.records import CallRow
from tests.support import (
    Server,
    eventually,
)

NOT_NOTED = "The end of a call could not be noted yet"


def rows_of(user: str) -> list[ToolCall]:
    return list(ToolCall.objects.filter(user=user))


def only_row_of(user: str) -> ToolCall:
    """The row of the one call of that user, once it is stored."""
    [row] = eventually(lambda: rows_of(user))
    return row


def name() -> str:
    """Of a user whose rows no other test has."""
    return f"user-{secrets.token_hex(6)}"


def ask(server: Server, key: str, tool: str, **arguments: Any) -> HTTPConnection:
    """Calls without waiting for the answer. Closing the connection leaves."""
    params = {"name": tool, "arguments": arguments}
    return server.send(key, {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


@contextmanager
def locked_table() -> Iterator[None]:
    """Who writes to the log waits until this ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("LOCK TABLE mcpserver_toolcall IN SHARE MODE")
        yield


@contextmanager
def without_the_table() -> Iterator[None]:
    """What the server makes of it is what it makes of a database that is away."""
    rename_table("mcpserver_toolcall", "elsewhere")
    try:
        yield
    finally:
        rename_table("elsewhere", "mcpserver_toolcall")


def rename_table(old: str, new: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")


def refused_call(user: str) -> CallRow:
    return CallRow(user=user, tool="infinity_get_profile", changes=False)


def change_of(user: str) -> CallRow:
    return CallRow(user=user, tool="infinity_create_folder", changes=True, request_id=user)
