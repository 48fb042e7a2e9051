"""Values of the environment that are understood, and what is told of wrong ones."""

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
    ("variable", "address"),
    [
        ("DATABASE_URL", "infinity:{}@127.0.0.1:5432/infinity"),
        ("DATABASE_URL", "postgres:infinity:{}@127.0.0.1:5432/infinity"),
        ("DATABASE_URL", "postgres://infinity:{}@127.0.0.1:5432"),
        ("DATABASE_URL", "mysql://infinity:{}@127.0.0.1/infinity"),
        ("DATABASE_URL", "127.0.0.1:5432/infinity"),
        ("DATABASE_URL", "infinity.sqlite3"),
        ("CACHE_URL", "localhost:6379"),
        ("CACHE_URL", "localhost"),
        ("CACHE_URL", "redis:6379"),
        ("CACHE_URL", "redis://"),
        ("CACHE_URL", "redis://:6379"),
        ("CACHE_URL", "redis://:{}@127.0.0.1:6379/cache"),
        ("CACHE_URL", "redis://:{}@127.0.0.1:6379,127.0.0.1:6380/0"),
        ("CACHE_URL", "valkey://:{}@127.0.0.1:6379/0"),
        ("CACHE_URL", ":{}@127.0.0.1:6379/0"),
    ],
)
def test_an_address_that_is_malformed_is_refused_with_an_example(
    tmp_path: Path, variable: str, address: str
) -> None:
    password = "p" + secrets.token_hex(16)
    done = Installation(tmp_path, {variable: address.format(password)}).manage("check")

    example = {"DATABASE_URL": "postgres://USER:", "CACHE_URL": "redis://HOST:6379/0"}[variable]
    assert 1 == done.returncode
    assert f"{variable} is not understood. It looks like {example}" in done.stderr
    assert "Traceback" not in done.stderr
    assert password not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"DATABASE_URL": "postgres://infinity:a%2Fb@127.0.0.1:5432/infinity"},
        {"DATABASE_URL": "postgresql:///infinity?sslmode=require"},
        {"CACHE_URL": "redis://:a%2Fb@127.0.0.1:6379/0"},
        {"CACHE_URL": "rediss://[::1]"},
        {"CACHE_URL": "redis:///run/valkey.sock"},
        {"CACHE_URL": ""},
    ],
)
def test_an_address_as_it_should_be_is_understood(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    done = Installation(tmp_path, variables).manage("credentials_init")
    assert 0 == done.returncode, done.stderr


@pytest.mark.parametrize("seconds", ["-1", "1.5"])
def test_revocation_may_not_take_longer_than_a_second(tmp_path: Path, seconds: str) -> None:
    done = Installation(tmp_path, {"CREDENTIAL_CACHE_SECONDS": seconds}).manage("check")
    assert 1 == done.returncode
    assert "CREDENTIAL_CACHE_SECONDS must be between 0 and 1" in done.stderr


SET_TO_NOTHING = "the environment sets it to nothing: leave it out, or give it a value."


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"CREDENTIAL_CACHE_SECONDS": "abc"},
            "CREDENTIAL_CACHE_SECONDS must be a number, but {} 'abc'.",
        ),
        (
            {"CREDENTIAL_CACHE_SECONDS": ""},
            f"CREDENTIAL_CACHE_SECONDS must be a number, but {SET_TO_NOTHING}",
        ),
        ({"PORT": ""}, f"PORT must be a whole number, but {SET_TO_NOTHING}"),
        (
            {"OAUTH_ENABLED": "perhaps"},
            "OAUTH_ENABLED must be true or false, but {} 'perhaps'.",
        ),
        ({"TRUSTED_PROXIES": ","}, "TRUSTED_PROXIES is set, but names nothing."),
    ],
)
def test_a_value_of_another_kind_is_told_in_a_line(
    tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    done = Installation(tmp_path, variables).manage("check")
    told = told.format("the environment says")
    assert (1, f"The settings are wrong: {told}\n") == (done.returncode, done.stderr)


EMPTY_AND_PADDED = """
from django.conf import settings as s
print([s.HOST, s.TRANSPORT, s.LOG_FORMAT, str(s.CONFIG_DIR.name), s.INFINITY_API_VERSION])
print([s.METRICS_TOKEN, s.OAUTH_ENABLED, s.PORT])
"""


def test_an_empty_text_is_the_default_and_spaces_around_a_value_do_not_count(
    tmp_path: Path,
) -> None:
    token = secrets.token_hex(32)
    empty = ("HOST", "TRANSPORT", "LOG_FORMAT", "CONFIG_DIR", "INFINITY_API_VERSION")
    padded = {"METRICS_TOKEN": f" {token}\r", "OAUTH_ENABLED": "no ", "PORT": "3015 "}
    installation = Installation(tmp_path, dict.fromkeys(empty, "") | padded)

    done = installation.manage("shell", "--no-imports", "-c", EMPTY_AND_PADDED)

    assert 0 == done.returncode, done.stderr
    assert [
        "['127.0.0.1', 'http', 'text', 'config', '2026-04-20.morava']",
        f"['{token}', False, 3015]",
    ] == done.stdout.splitlines()


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"TRUSTED_PROXIES": "127.0.0.1,caddy"}, "TRUSTED_PROXIES: 'caddy' is no address"),
        ({"OAUTH_PUBLIC_URL": "mcp.example.org"}, "OAUTH_PUBLIC_URL must begin with https://"),
        ({"OAUTH_PUBLIC_URL": "https://example.org/mcp"}, "and have no path"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS is empty"),
        ({"WORKERS": "2"}, "Set CACHE_URL to a Redis"),
    ],
)
def test_what_would_not_work_as_meant_is_told(
    tmp_path: Path, variables: dict[str, str], told: str
) -> None:
    done = Installation(tmp_path, variables).manage("check", "--fail-level", "WARNING")
    assert 1 == done.returncode
    assert told in done.stderr


@pytest.mark.parametrize("proxies", ["127.0.0.1", "10.0.0.0/8,::1", "*", ""])
def test_addresses_of_proxies_are_understood(tmp_path: Path, proxies: str) -> None:
    done = Installation(tmp_path, {"TRUSTED_PROXIES": proxies}).manage("check")
    assert "TRUSTED_PROXIES" not in done.stderr
