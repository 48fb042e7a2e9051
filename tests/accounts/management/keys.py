"""MCP users made by a command, and their keys."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import ApiKey

Capture = pytest.CaptureFixture[str]
HOUR = timedelta(hours=1)


def add_user(*arguments: str | Path, name: str = "codex") -> None:
    call_command("credentials_add_user", f"--name={name}", "--profile=local", *arguments)


def printed_key(output: str) -> str:
    """The key, alone on the last line after a sentence."""
    sentence, key = output.splitlines()
    assert re.fullmatch(r"mcp_[A-Za-z0-9_-]{43}", key)
    assert "mcp_" not in sentence
    return key


def is_let_in(key: str) -> bool:
    return ApiKey.objects.authenticate(key) is not None
