"""The fields of log lines, and the secrets hidden in them."""

from __future__ import annotations

import json
import logging
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings

from infinity_mcp.telemetry.logs import HIDDEN, JsonFormatter, LineFormatter, redacted
from tests.conftest import MakeProfile, MakeUser
from tests.credentials.installation import Installation
from tests.support import Server, running_server


@pytest.fixture(scope="module")
def json_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    with running_server(tmp_path_factory.mktemp("json"), LOG_FORMAT="json") as running:
        yield running


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.read_text().splitlines()]


def test_every_call_is_one_line_with_user_tool_outcome_and_duration(
    json_server: Server, make_user: MakeUser
) -> None:
    _, key = make_user("dora", "read-only")
    call = {
        "name": "infinity_get_board",
        "arguments": {"workspace_id": "1", "board_id": "Hq7wTz3KfPa"},
    }
    request = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    answer = json_server.post(key, json=request)
    json_server.call(key, "infinity_get_profile")
    json_server.call(
        key, "infinity_delete_hook", workspace_id="1", board_id="Hq7wTz3KfPa", hook_id="1"
    )

    told = [line for line in lines(json_server) if line.get("user") == "dora"]

    assert [
        ("infinity_get_board", "failed", "not_found", 404),
        ("infinity_get_profile", "ok", "", None),
        ("infinity_delete_hook", "refused", "missing_scope", None),
    ] == [tuple(line[n] for n in ("tool", "outcome", "error", "upstream_status")) for line in told]
    assert all(line["duration_ms"] >= 0 for line in told)
    assert answer.headers["x-request-id"] == told[0]["request_id"]


def test_no_line_of_failures_has_a_secret(
    json_server: Server, make_user: MakeUser, make_profile: MakeProfile
) -> None:
    token = secrets.token_urlsafe(24)
    _, key = make_user("erin", profile=make_profile("wrong", token))
    wrong = "mcp_" + secrets.token_urlsafe(32)
    json_server.call(key, "infinity_get_profile")
    json_server.post(wrong)
    json_server.post(None, headers={"Authorization": f"Basic {wrong}"})
    json_server.post(key, content=f'{{"{key}', headers={"Content-Type": "application/json"})
    unknown = {"name": f"infinity_{key}", "arguments": {"token": token}}
    json_server.post(
        key, json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": unknown}
    )

    log = json_server.log.read_text()

    assert "unknown_tool" in log
    for secret in (key, wrong, token, settings.SECRET_KEY, *settings.CREDENTIAL_STORE_KEYS):
        assert secret not in log


def record(text: str, error: Exception | None = None) -> logging.LogRecord:
    info = None
    if error:
        try:
            raise error
        except type(error):
            info = sys.exc_info()
    made = logging.LogRecord("test", logging.ERROR, __file__, 1, text, None, info)
    made.request_id = "-"
    return made


@pytest.mark.parametrize("formatter", [LineFormatter(), JsonFormatter()])
def test_secrets_are_hidden_in_messages_and_tracebacks(formatter: logging.Formatter) -> None:
    key = "mcp_" + secrets.token_urlsafe(32)
    sealed = Fernet(Fernet.generate_key()).encrypt(b"token").decode()
    plain = secrets.token_hex(16)
    text = formatter.format(
        record(f"Authorization: Bearer {plain}; {key}", RuntimeError(f"{sealed} {key}"))
    )
    for secret in (key, sealed, plain):
        assert secret not in text
    assert 4 == text.count(HIDDEN)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("postgres://infinity:", "@db.example.org/x"),
        ("redis://:a/", "@db.example.org/0"),
        ("redis://:a@", "@db.example.org/0"),
        ("Authorization: bearer ", ""),
        ("authorization: BASIC ", "-_=="),
        ("?code=", "&state=1"),
        ('"code": "', '"'),
        ("client_secret=", "&x=1"),
        ("&refresh_token=", " "),
        ("code_verifier=", ""),
        ("client_assertion=", ""),
        ("PASSWORD: ", ""),
        ('{"password": "two words ', '", "x": 1}'),
        (r"{\"access_token\": \"", r"\"}"),
        ("{'token': b'", "'}"),
        ("Cookie: sessionid=", "; x=1"),
        ("csrftoken=", "; x=1"),
    ],
)
def test_secrets_are_known_by_what_is_before_them(before: str, after: str) -> None:
    secret = secrets.token_hex(16)
    told = redacted(f"said {before}{secret}{after}")
    assert secret not in told
    assert HIDDEN in told


@pytest.mark.parametrize(
    "before", ["basic ", "verifier=", "assertion: ", "sessionid=", "password="]
)
@pytest.mark.parametrize(("letter", "like"), [("i", "\u0131"), ("i", "\u0130"), ("s", "\u017f")])
def test_letters_that_match_though_they_look_different_hide_no_secret(
    before: str, letter: str, like: str
) -> None:
    secret = secrets.token_hex(16)
    assert secret not in redacted(f"{before.replace(letter, like)}{secret}")


@pytest.mark.parametrize(
    "text",
    [
        "GET http://127.0.0.1:3015/mcp",
        "status code: 404, status_code=404",
        "grant_type=authorization_code&token_type=access",
        "2 tokens were revoked; the password of ada was changed",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    assert text == redacted(text)


def test_passwords_in_the_addresses_of_the_settings_are_hidden(tmp_path: Path) -> None:
    database, cache = secrets.token_hex(8), secrets.token_hex(8)
    installed = Installation(
        tmp_path,
        {
            "DJANGO_SECRET_KEY": secrets.token_hex(16),
            "DATABASE_URL": f"postgres://infinity:{database}@127.0.0.1/x",
            "CACHE_URL": f"redis://:{cache}%2F@127.0.0.1/0",
        },
    )
    code = "from infinity_mcp.telemetry.logs import redacted; print(redacted(input()))"
    said = f"{database} and {cache}%2F and {cache}/"
    done = installed.manage("shell", "--no-imports", "-c", code, stdin=said)
    assert f"{HIDDEN} and {HIDDEN} and {HIDDEN}\n" == done.stdout, done.stderr


def test_secrets_of_the_settings_are_hidden_and_ordinary_words_are_not() -> None:
    text = f"mcp_serve: {settings.SECRET_KEY} for mcp_client_config"
    assert f"mcp_serve: {HIDDEN} for mcp_client_config" == redacted(text)


def test_a_wrong_format_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="LOG_FORMAT must be text or json"),
        running_server(tmp_path, LOG_FORMAT="xml"),
    ):
        pass
