"""What an operator is told of settings that cannot be right."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from tests.credentials.installation import Installation


@pytest.mark.parametrize(
    ("variable", "before", "after"),
    [
        ("DATABASE_URL", "postgres://infinity:", "/9@127.0.0.1:5432/infinity"),
        ("DATABASE_URL", "postgres://infinity:", "?9@127.0.0.1:5432/infinity"),
        ("DATABASE_URL", "//infinity:", "@127.0.0.1:5432/infinity"),
        ("CACHE_URL", "redis://:", "/9@127.0.0.1:6379/0"),
        ("CACHE_URL", "redis://:", "[@127.0.0.1:6379/0"),
    ],
)
def test_an_address_that_is_not_understood_is_refused_without_its_password(
    tmp_path: Path, variable: str, before: str, after: str
) -> None:
    password = "p" + secrets.token_hex(16)
    done = Installation(tmp_path, {variable: f"{before}{password}{after}"}).manage("check")

    assert 1 == done.returncode
    assert f"{variable} is not understood." in done.stderr
    assert "/ is %2F" in done.stderr
    assert password not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgres://infinity:a%2Fb@127.0.0.1:5432/infinity"},
        {"CACHE_URL": "redis://:a%2Fb@127.0.0.1:6379/0,127.0.0.1:6380"},
    ],
)
def test_percent_encoded_passwords_are_understood(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    done = Installation(tmp_path, variables).manage("credentials_init")
    assert 0 == done.returncode, done.stderr
