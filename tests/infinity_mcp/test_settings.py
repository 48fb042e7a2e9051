"""What an operator is told of settings that cannot be right."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

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


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        (
            {"CREDENTIAL_CACHE_SECONDS": "abc"},
            "CREDENTIAL_CACHE_SECONDS must be a number, but {} 'abc'.",
        ),
        (
            {"CREDENTIAL_CACHE_SECONDS": ""},
            "CREDENTIAL_CACHE_SECONDS must be a number, but {} ''.",
        ),
        ({"PORT": ""}, "PORT must be a whole number, but {} ''."),
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


SECRETS_AND_LINE = """
import json, sys
from django.conf import settings
from infinity_mcp.logs import redacted

read = {
    "DJANGO_SECRET_KEY": settings.SECRET_KEY,
    "MCP_CREDENTIAL_STORE_KEY": ",".join(settings.CREDENTIAL_STORE_KEYS),
    "INFINITY_API_TOKEN": settings.INFINITY_API_TOKEN,
    "OAUTH_CLIENT_SECRET": settings.OAUTH_CLIENT_SECRET,
    "METRICS_TOKEN": settings.METRICS_TOKEN,
    "DATABASE_URL": settings.DATABASES["default"]["NAME"],
    "CACHE_URL": settings.CACHES["default"]["LOCATION"],
}
print(json.dumps({"read": read, "line": redacted(" and ".join(read.values()))}))
"""


def in_files(folder: Path, values: dict[str, str], line_end: str = "\n") -> dict[str, str]:
    """As `echo VALUE > FILE` writes them: the variables that name the files."""
    for name, value in values.items():
        (folder / name).write_bytes(f"{value}{line_end}".encode())
    return {f"{name}_FILE": str(folder / name) for name in values}


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_value_in_a_file_is_taken_without_its_line_end_and_hidden_in_the_log(
    tmp_path: Path, line_end: str
) -> None:
    hidden = {
        "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
        "MCP_CREDENTIAL_STORE_KEY": Fernet.generate_key().decode(),
        "INFINITY_API_TOKEN": secrets.token_urlsafe(24),
        "OAUTH_CLIENT_SECRET": secrets.token_hex(32),
        "METRICS_TOKEN": secrets.token_hex(32),
        "CACHE_URL": f"redis://:{secrets.token_hex(16)}@127.0.0.1:6379/0",
    }
    values = hidden | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    installation = Installation(tmp_path, in_files(tmp_path, values, line_end))

    done = installation.manage("shell", "--no-imports", "-c", SECRETS_AND_LINE)

    assert 0 == done.returncode, done.stderr
    told = json.loads(done.stdout)
    assert values | {"DATABASE_URL": f"{tmp_path}/db.sqlite3"} == told["read"]
    assert not [name for name, value in hidden.items() if value in told["line"]]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "METRICS_TOKEN_FILE cannot be read: No such file or directory."),
        ("token".encode("utf-16"), "METRICS_TOKEN_FILE is not UTF-8 text."),
        (b"\n", "METRICS_TOKEN_FILE is empty."),
    ],
)
@pytest.mark.parametrize("also_in_env_file", [False, True])
def test_a_file_that_holds_no_value_is_told(
    tmp_path: Path, content: bytes | None, told: str, also_in_env_file: bool
) -> None:
    installation = Installation(tmp_path, {"METRICS_TOKEN_FILE": str(tmp_path / "token")})
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    if also_in_env_file:
        installation.env_file.write_text(f"METRICS_TOKEN={secrets.token_hex(32)}\n")

    done = installation.manage("check")

    assert (1, f"The settings are wrong: {told}\n") == (done.returncode, done.stderr)


TOKEN = "from django.conf import settings; print(settings.METRICS_TOKEN)"


@pytest.mark.parametrize("quoted", ["{}", "'{}'", '"{}"'])
def test_a_value_that_begins_with_a_dollar_is_taken_as_it_is(tmp_path: Path, quoted: str) -> None:
    token = f"$2y$10${secrets.token_hex(16)}"
    installation = Installation(tmp_path)
    installation.env_file.write_text(f"METRICS_TOKEN={quoted.format(token)}\n")

    done = installation.manage("shell", "--no-imports", "-c", TOKEN)

    assert (0, f"{token}\n") == (done.returncode, done.stdout)


@pytest.mark.parametrize(
    "line", ["METRICS_TOKEN = {}", " METRICS_TOKEN={}", "METRICS_TOKEN: {}", "set METRICS_TOKEN={}"]
)
def test_a_line_that_sets_nothing_is_told_by_its_number_only(tmp_path: Path, line: str) -> None:
    token = secrets.token_hex(32)
    installation = Installation(tmp_path)
    installation.env_file.write_text(f"# mine\n  # too\n\nPORT=3015\n{line.format(token)}\n")

    done = installation.manage("check")

    assert (1, "") == (done.returncode, done.stdout)
    assert f"Line 5 of {installation.env_file} is not NAME=value" in done.stderr
    assert token not in done.stderr


def test_a_file_of_settings_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    token = secrets.token_hex(32)
    installation = Installation(tmp_path)
    text = f"METRICS_TOKEN={token}\r\n  \r\n  # METRICS_TOKEN={token}\r\n"
    installation.env_file.write_text(text, encoding="utf-8-sig")

    done = installation.manage("shell", "--no-imports", "-c", TOKEN)

    assert (0, f"{token}\n", "") == (done.returncode, done.stdout, done.stderr)


def test_a_file_of_settings_in_utf_16_is_told(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.env_file.write_text("PORT=3015\n", encoding="utf-16")

    done = installation.manage("check")

    told = f"The settings are wrong: {installation.env_file} is not UTF-8 text: save it as that.\n"
    assert (1, told) == (done.returncode, done.stderr)


COMMENTED = """# a comment
PORT=3134 # my port
WORKERS="3"\t # three
OAUTH_ENABLED=off # not yet
HOST=127.0.0.2 # local
LOG_FORMAT='json'
INFINITY_API_VERSION=# none
METRICS_TOKEN={} # mine
"""
COMMENTED_VALUES = """
from django.conf import settings as s
print([s.PORT, s.WORKERS, s.OAUTH_ENABLED, s.HOST, s.LOG_FORMAT, s.INFINITY_API_VERSION])
print(s.METRICS_TOKEN)
"""


@pytest.mark.parametrize("quote", ["", "'", '"'])
def test_a_comment_behind_a_value_is_no_part_of_it_but_a_hash_within_it_is(
    tmp_path: Path, quote: str
) -> None:
    token = f"#{secrets.token_hex(16)}#{' # ' if quote else ''}{secrets.token_hex(16)}"
    installation = Installation(tmp_path)
    installation.env_file.write_text(COMMENTED.format(f"{quote}{token}{quote}"))

    done = installation.manage("shell", "--no-imports", "-c", COMMENTED_VALUES)

    assert 0 == done.returncode, done.stderr
    values = "[3134, 3, False, '127.0.0.2', 'json', '# none']"
    assert [values, token] == done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("METRICS_TOKEN='{}'x", "goes on after the closing quote"),
        ('METRICS_TOKEN="{}"# x', "goes on after the closing quote"),
        ('METRICS_TOKEN="{}', "has no closing quote"),
        ("METRICS_TOKEN={}\0", "holds a NUL byte"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_by_its_line_only(
    tmp_path: Path, line: str, told: str
) -> None:
    token = secrets.token_hex(32)
    installation = Installation(tmp_path)
    installation.env_file.write_text(f"PORT=3015\n{line.format(token)}\n")

    done = installation.manage("check")

    assert 1 == done.returncode
    told = f"The settings are wrong: Line 2 of {installation.env_file} {told}"
    assert done.stderr.startswith(told)
    assert 1 == done.stderr.count("\n")
    assert token not in done.stderr


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    os.mkfifo(installation.env_file)
    told = f"The settings are wrong: {installation.env_file} is not a regular file.\n"
    assert told == installation.manage("check").stderr


def test_a_wrong_value_of_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.env_file.write_text("PORT=3O15 # mine\n")
    told = f"PORT must be a whole number, but {installation.env_file} says '3O15'."
    assert f"The settings are wrong: {told}\n" == installation.manage("check").stderr
