"""The set-up texts of every client, and the command that prints them."""

from __future__ import annotations

import base64
import json
import secrets
import shlex
import tomllib
from io import StringIO
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from pytest_django import Settings

from mcpserver.connect.client_setup import CLIENTS, VARIABLE, Server, client_setup, client_setups

URL = "https://mcp.example.org/mcp"


def codes(client: str, server: Server, language: str) -> list[str]:
    steps = client_setup(client, server).steps
    return [step.code for step in steps if step.language == language]


def link(client: str) -> str:
    [found] = [step.link for step in client_setup(client, Server(URL)).steps if step.link]
    return found


def values(client: str) -> dict[str, str]:
    steps = client_setup(client, Server(URL)).steps
    return {name: value for step in steps for name, value in step.values}


def printed(*arguments: str) -> str:
    output = StringIO()
    call_command("mcp_client_config", *arguments, stdout=output)
    return output.getvalue()


@pytest.fixture
def with_oauth(settings: Settings) -> None:
    settings.OAUTH_ENABLED = True
    settings.OAUTH_CLIENT_ID, settings.OAUTH_CLIENT_SECRET = "chatgpt", secrets.token_hex(32)
    settings.OAUTH_ALLOWED_REDIRECT_ORIGINS = ["https://chatgpt.com"]


def test_codex_reads_the_key_from_the_environment() -> None:
    [config] = codes("codex", Server(URL), "toml")
    expected = {"url": URL, "bearer_token_env_var": VARIABLE}
    assert {"mcp_servers": {"infinity": expected}} == tomllib.loads(config)
    command = shlex.split(codes("codex", Server(URL), "sh")[1])
    assert ["codex", "mcp", "add", "infinity", "--url", URL] == command[:6]


def test_claude_code_is_added_by_command_or_project_file() -> None:
    command = shlex.split(codes("claude-code", Server(URL), "sh")[1].replace("\\\n", ""))
    expected = ["claude", "mcp", "add", "--transport", "http", "infinity", URL, "--header"]
    assert [*expected, f"Authorization: Bearer ${VARIABLE}"] == command
    [config] = codes("claude-code", Server(URL), "json")
    server = json.loads(config)["mcpServers"]["infinity"]
    assert ("http", URL) == (server["type"], server["url"])


def test_cursors_link_holds_what_its_file_holds() -> None:
    [config] = codes("cursor", Server(URL), "json")
    parts = urlsplit(link("cursor"))
    assert ("cursor", "anysphere.cursor-deeplink", "/mcp/install") == parts[:3]
    query = parse_qs(parts.query, strict_parsing=True)
    packed = json.loads(base64.b64decode(query["config"][0], validate=True))
    assert json.loads(config) == {"mcpServers": {query["name"][0]: packed}}


def test_vs_codes_link_holds_what_its_file_holds_and_asks_for_the_key() -> None:
    [config] = codes("vscode", Server(URL), "json")
    scheme, _, packed = link("vscode").partition("?")
    linked = json.loads(unquote(packed))
    assert ("vscode:mcp/install", "infinity") == (scheme, linked.pop("name"))
    assert json.loads(config) == {"inputs": linked.pop("inputs"), "servers": {"infinity": linked}}
    assert json.loads(config)["inputs"][0]["password"]


def test_a_key_is_in_the_environment_only() -> None:
    key = f"mcp_{secrets.token_urlsafe(32)}"
    for setup in client_setups(Server(URL, key=key)):
        holding = [step.code for step in setup.steps if key in f"{step.code}{step.link}"]
        assert all(VARIABLE in code and "\n" not in code for code in holding), setup.client
        assert len(holding) == (2 if setup.client in ("codex", "claude-code", "cursor") else 0)


def test_quotes_in_a_file_name_are_safe_in_both_shells() -> None:
    server = Server(URL, key_file="it's $(here)")
    assert f"export {VARIABLE}=" in codes("codex", server, "sh")[0]
    assert ["cat", "it's $(here)"] == shlex.split(
        codes("codex", server, "sh")[0].partition("$(")[2].removesuffix(')"')
    )
    assert "Get-Content 'it''s $(here)'" in codes("codex", server, "powershell")[0]


def test_without_oauth_chatgpt_and_claude_say_what_turns_it_on() -> None:
    for client in ("chatgpt", "claude-ai"):
        [step] = client_setup(client, Server(URL)).steps
        assert "OAUTH_ENABLED" in step.text


@pytest.mark.usefixtures("with_oauth")
def test_chatgpt_gets_every_value_but_the_secret() -> None:
    told = values("chatgpt")
    assert (URL, "chatgpt") == (told["MCP server URL"], told["Client ID"])
    assert "client_secret_post" == told["Token endpoint authentication"]
    assert "https://mcp.example.org/oauth/token" == told["Token URL, if asked for"]
    assert settings.OAUTH_CLIENT_SECRET not in json.dumps(told)


@pytest.mark.usefixtures("with_oauth")
def test_an_origin_that_is_not_allowed_is_told_first() -> None:
    steps = client_setup("claude-ai", Server(URL)).steps
    assert "add https://claude.ai to OAUTH_ALLOWED_REDIRECT_ORIGINS" in steps[0].text
    assert (
        "OAUTH_ALLOWED_REDIRECT_ORIGINS" not in client_setup("chatgpt", Server(URL)).steps[0].text
    )


@pytest.mark.usefixtures("with_oauth")
def test_claude_that_registers_itself_needs_the_address_only(settings: Settings) -> None:
    settings.OAUTH_DYNAMIC_REGISTRATION = True
    assert {"Name": "Infinity", "Remote MCP server URL": URL} == values("claude-ai")


@pytest.mark.parametrize("client", CLIENTS)
def test_the_command_prints_the_same_texts(client: str, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://mcp.example.org"
    text = printed("--client", client)
    for step in client_setup(client, Server(URL)).steps:
        if client != "stdio":  # which names this machine's paths
            assert step.text in text
            assert all(line in text for line in [*step.code.splitlines(), step.link])


def test_the_command_takes_another_url_and_a_key_file(tmp_path: Path) -> None:
    file = tmp_path / "key.txt"
    key = f"mcp_{secrets.token_urlsafe(32)}"
    file.write_text(key)
    arguments = ("--url", "https://other.example", "--key-file", str(file))
    text = printed("--client", "codex", *arguments)
    assert 'url = "https://other.example/mcp"' in text
    assert (True, False) == (str(file) in text, key in text)


@pytest.mark.parametrize(
    ("argument", "told"),
    [("--url=ftp://x", "is not an http(s) URL"), ("--key-file=absent", "there is no file absent")],
)
def test_wrong_arguments_are_told(argument: str, told: str) -> None:
    with pytest.raises(CommandError) as refused:
        printed("--client", "codex", argument)
    assert told in str(refused.value)


def test_the_document_shows_the_same_texts() -> None:
    document = (settings.BASE_DIR / "docs/clients.md").read_text()
    server = Server("http://127.0.0.1:3015/mcp", key_file="config/codex-mcp-key.txt")
    for setup in client_setups(server):
        for step in setup.steps:
            assert not step.code or f"```{step.language}\n{step.code}\n```" in document, (
                setup.client
            )


def test_codex_is_given_a_folder_with_any_letters_and_quotes() -> None:
    folder = Path("/srv/\U0001f600 \u00fc\u4e2d \"quoted\" 'too' back\\slash")
    server = Server(URL, folder=folder, python=f"{folder}/bin/python")
    [config] = codes("stdio", server, "toml")
    told = tomllib.loads(config)["mcp_servers"]["infinity"]
    assert f"{folder}/bin/python" == told["command"]
    assert [f"{folder}/manage.py", "mcp_serve"] == told["args"]
