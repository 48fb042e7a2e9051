"""Settings that come from files: secrets, the file of settings, paths."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from tests.credentials.installation import CHECKOUT, Installation

SECRETS_AND_LINE = """
import json, sys
from django.conf import settings
from infinity_mcp.telemetry.logs import redacted

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
    told = f"ENV_FILE is {installation.env_file}, which is not a regular file."
    assert f"The settings are wrong: {told}\n" == installation.manage("check").stderr


def test_a_wrong_value_of_a_file_is_told_with_the_file(tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.env_file.write_text("PORT=3O15 # mine\n")
    told = f"PORT must be a whole number, but {installation.env_file} says '3O15'."
    assert f"The settings are wrong: {told}\n" == installation.manage("check").stderr


PLACES = """
from django.conf import settings as s
print([str(s.DATA_DIR), str(s.CONFIG_DIR), s.METRICS_TOKEN, str(s.DATABASES["default"]["NAME"])])
"""
IN_HOME = {
    "DATA_DIR": "~/its data",
    "CONFIG_DIR": "~",
    "METRICS_TOKEN_FILE": "~/token",
    "DATABASE_URL": "sqlite:///~/its.sqlite3",
}


@pytest.mark.parametrize("is_in_file", [True, False], ids=["file", "environment"])
def test_a_tilde_before_any_path_is_the_home_folder(tmp_path: Path, is_in_file: bool) -> None:
    token = secrets.token_hex(32)
    (tmp_path / "token").write_text(token)
    (tmp_path / "my.env").write_text(
        "".join(f"{name}={value}\n" for name, value in IN_HOME.items()) if is_in_file else ""
    )
    environment = {"HOME": str(tmp_path), "ENV_FILE": "~/my.env"}
    installation = Installation(tmp_path, environment | ({} if is_in_file else IN_HOME))
    kept = {name: value for name, value in installation.variables.items() if name not in IN_HOME}

    done = subprocess.run(
        [sys.executable, CHECKOUT / "manage.py", "shell", "--no-imports", "-c", PLACES],
        env={**kept, **installation.environment},
        capture_output=True,
        text=True,
    )

    expected = [f"{tmp_path}/its data", str(tmp_path), token, f"{tmp_path}/its.sqlite3"]
    assert (0, f"{expected}\n") == (done.returncode, done.stdout), done.stderr
    initialised = installation.manage("credentials_init")
    assert 0 == initialised.returncode, initialised.stderr


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("ENV_FILE", ""),
        ("DATA_DIR", ""),
        ("CONFIG_DIR", ""),
        ("METRICS_TOKEN_FILE", ""),
        ("DJANGO_SECRET_KEY_FILE", ""),
        ("DATABASE_URL", "sqlite:///"),
    ],
)
def test_a_home_folder_that_is_not_there_is_told(tmp_path: Path, name: str, before: str) -> None:
    done = Installation(tmp_path, {name: f"{before}~nobody-at-all/x"}).manage("check")
    told = f"{name} begins with ~, but there is no such home folder: write the whole path."
    assert (1, f"The settings are wrong: {told}\n") == (done.returncode, done.stderr)


MISSPELT = {
    "PROT": "Did you mean PORT?",
    "ALLOWED_HOST": "Did you mean ALLOWED_HOSTS?",
    "OAUTH_ENABLE": "Did you mean OAUTH_ENABLED?",
    "Trusted_Proxies": "Did you mean TRUSTED_PROXIES?",
    "METRICS_TOKEN_FLIE": "Did you mean METRICS_TOKEN_FILE?",
    "MCP_SOMETHING_ELSE": ".env.example lists all settings.",
}
OF_OTHERS = ("POSTGRES_PASSWORD", "COMPOSE_PROJECT_NAME", "DOMAIN", "WORKERS", "HTTPS_PROXY")


def test_names_in_the_file_that_no_setting_has_are_told(tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    installed.set_up()
    with installed.env_file.open("a") as file:
        file.writelines(f"{name}=1\n" for name in (*MISSPELT, *OF_OTHERS))

    done = installed.manage("check")

    told = re.findall(r"sets (\w+), which is no setting\.\n\s*HINT: (.*)", done.stderr)
    assert MISSPELT == dict(told)
