"""Builds the instructions that set up each client, for pages, commands and documents."""

from __future__ import annotations

import base64
import json
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from django.conf import settings

from accounts.scopes import SCOPES
from infinity_mcp.serving.listening import in_url

NAME = "infinity"  # this server's name in the client's configuration
VARIABLE = "INFINITY_MCP_KEY"
SOMEWHERE = Path("/path/to/infinity-mcp")
CHATGPT, CLAUDE = "https://chatgpt.com", "https://claude.ai"


@dataclass(frozen=True)
class Step:
    """A sentence with code in `language`, values to enter, or a link."""

    text: str
    code: str = ""
    language: str = ""
    values: tuple[tuple[str, str], ...] = ()
    link: str = ""


@dataclass(frozen=True)
class ClientSetup:
    """The instructions for one client."""

    client: str  # a choice of `mcp_client_config --client`
    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Server:
    """The server to connect to. Without `key` and `key_file`, the texts have a placeholder.

    `url` ends in /mcp. For stdio, `folder` holds this program and `python` runs it.
    """

    url: str
    key: str = field(default="", repr=False)
    key_file: str = ""
    folder: Path = SOMEWHERE
    python: str = str(SOMEWHERE / ".venv/bin/python")


def server_url() -> str:
    """The public address of this server, without a trailing slash."""
    if settings.PUBLIC_URL:
        return str(settings.PUBLIC_URL)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)
    return f"http://{in_url(host)}:{settings.PORT}"


def client_setups(server: Server) -> list[ClientSetup]:
    """The instructions for every client, in the order of CLIENTS."""
    return [client_setup(client, server) for client in CLIENTS]


def client_setup(client: str, server: Server) -> ClientSetup:
    """The instructions for `client`, one of CLIENTS."""
    title, steps = CLIENTS[client]
    return ClientSetup(client, title, tuple(steps(server)))


def export_key(server: Server, powershell: bool = sys.platform == "win32") -> str:
    """The command that puts the key into the environment of a shell."""
    if powershell:
        value = _in_powershell(server.key or "your MCP key")
        if server.key_file:
            value = f"Get-Content {_in_powershell(server.key_file)}"
        return f"$env:{VARIABLE} = {value}"
    if server.key_file:
        return f'export {VARIABLE}="$(cat {shlex.quote(server.key_file)})"'
    return f"export {VARIABLE}={shlex.quote(server.key or 'your MCP key')}"


def codex_config(url: str) -> str:
    """A table for Codex's config.toml."""
    table = f"[mcp_servers.{NAME}]\nurl = {json.dumps(url)}\n"
    return f'{table}bearer_token_env_var = "{VARIABLE}"'


def _codex(server: Server) -> list[Step]:
    url = shlex.quote(server.url)
    command = f"codex mcp add {NAME} --url {url} --bearer-token-env-var {VARIABLE}"
    return [
        *_key_in_shell(server, "Codex"),
        Step("Add to ~/.codex/config.toml:", codex_config(server.url), "toml"),
        Step("Or let Codex write the same:", command, "sh"),
        Step("In Codex, /mcp shows whether it is connected."),
    ]


def _claude_code(server: Server) -> list[Step]:
    command = (
        f"claude mcp add --transport http {NAME} {shlex.quote(server.url)} \\\n"
        f'    --header "Authorization: Bearer ${VARIABLE}"'
    )
    stored = "this stores the key in Claude Code's own configuration"
    shared = {"type": "http", **_http_config(server.url, f"${{{VARIABLE}}}")}
    return [
        *_key_in_shell(server, "Claude Code"),
        Step(f"Add the server; {stored} (PowerShell: $env:{VARIABLE}):", command, "sh"),
        Step(
            "Or, for all who work on a project, add .mcp.json to it, which names the variable"
            " instead of the key:",
            _json({"mcpServers": {NAME: shared}}),
            "json",
        ),
        Step("claude mcp list shows whether it is connected."),
    ]


def _cursor(server: Server) -> list[Step]:
    config = _http_config(server.url, f"${{env:{VARIABLE}}}")
    packed = base64.b64encode(json.dumps(config).encode()).decode()
    link = "cursor://anysphere.cursor-deeplink/mcp/install?"
    return [
        *_key_in_shell(server, "Cursor"),
        Step("Add to Cursor", link=link + urlencode({"name": NAME, "config": packed})),
        Step(
            "Or add to ~/.cursor/mcp.json, or to .cursor/mcp.json in a project:",
            _json({"mcpServers": {NAME: config}}),
            "json",
        ),
        Step("In Cursor's settings, under MCP, the server shows its tools."),
    ]


def _vscode(server: Server) -> list[Step]:
    config = {"type": "http", **_http_config(server.url, "${input:infinity-mcp-key}")}
    inputs = [
        {
            "type": "promptString",
            "id": "infinity-mcp-key",
            "description": "MCP key of Infinity MCP",
            "password": True,
        }
    ]
    packed = json.dumps({"name": NAME, **config, "inputs": inputs}, separators=(",", ":"))
    return [
        Step("Add to VS Code", link=f"vscode:mcp/install?{quote(packed, safe='')}"),
        Step(
            "Or add to .vscode/mcp.json in a workspace, or with MCP: Open User Configuration:",
            _json({"inputs": inputs, "servers": {NAME: config}}),
            "json",
        ),
        Step("VS Code asks for the key when the server first starts, and keeps it encrypted."),
    ]


def _chatgpt(server: Server) -> list[Step]:
    if not settings.OAUTH_ENABLED:
        return [_oauth_is_off("ChatGPT")]
    base = server.url.removesuffix("/mcp")
    return [
        *_missing_origin(CHATGPT),
        Step(
            "In ChatGPT, in Settings, Connectors (or Apps), choose Create and enter:",
            values=(
                ("Name", "Infinity"),
                ("MCP server URL", server.url),
                ("Authentication", "OAuth"),
                ("Registration", "User-defined client"),
                *_client_id(),
                ("Token endpoint authentication", "client_secret_post"),
                ("Scopes", " ".join(SCOPES)),
                ("Authorization URL, if asked for", f"{base}/oauth/authorize"),
                ("Token URL, if asked for", f"{base}/oauth/token"),
            ),
        ),
        _client_secret(),
        _sign_in("ChatGPT"),
    ]


def _claude_ai(server: Server) -> list[Step]:
    if not settings.OAUTH_ENABLED:
        return [_oauth_is_off("Claude.ai")]
    registers = settings.OAUTH_DYNAMIC_REGISTRATION
    return [
        *([] if registers else _missing_origin(CLAUDE)),
        Step(
            "In Claude, in Settings, Connectors, choose Add custom connector and enter"
            + (":" if registers else " (Client ID and secret in Advanced settings):"),
            values=(
                ("Name", "Infinity"),
                ("Remote MCP server URL", server.url),
                *(() if registers else _client_id()),
            ),
        ),
        *([] if registers else [_client_secret()]),
        _sign_in("Claude"),
    ]


def _stdio(server: Server) -> list[Step]:
    token = "INFINITY_API_TOKEN"
    arguments = [str(server.folder / "manage.py"), "mcp_serve"]
    codex = (
        f"[mcp_servers.{NAME}]\n"
        f"command = {json.dumps(server.python, ensure_ascii=False)}\n"
        f"args = {json.dumps(arguments, ensure_ascii=False)}\n"
        'env = { TRANSPORT = "stdio" }\n'
        f'env_vars = ["{token}"]'
    )
    config = {
        "command": server.python,
        "args": arguments,
        "env": {"TRANSPORT": "stdio", token: f"${{env:{token}}}"},
    }
    return [
        Step(
            "Without a server: the client starts Infinity MCP on its own machine and gives it your"
            f" Infinity token, which is in {token} in the shell that starts the client. There is"
            " no MCP key. Codex, in ~/.codex/config.toml:",
            codex,
            "toml",
        ),
        Step("Cursor, in ~/.cursor/mcp.json:", _json({"mcpServers": {NAME: config}}), "json"),
    ]


CLIENTS: dict[str, tuple[str, Callable[[Server], list[Step]]]] = {
    "codex": ("Codex", _codex),
    "claude-code": ("Claude Code", _claude_code),
    "cursor": ("Cursor", _cursor),
    "vscode": ("VS Code", _vscode),
    "chatgpt": ("ChatGPT", _chatgpt),
    "claude-ai": ("Claude.ai", _claude_ai),
    "stdio": ("stdio", _stdio),
}


def _key_in_shell(server: Server, client: str) -> list[Step]:
    return [
        Step(f"Give the shell that starts {client} the key:", export_key(server, False), "sh"),
        Step("In PowerShell:", export_key(server, True), "powershell"),
    ]


def _http_config(url: str, key: str) -> dict[str, Any]:
    return {"url": url, "headers": {"Authorization": f"Bearer {key}"}}


def _client_id() -> tuple[tuple[str, str], ...]:
    return (("Client ID", settings.OAUTH_CLIENT_ID),) if settings.OAUTH_CLIENT_ID else ()


def _client_secret() -> Step:
    where = "Client ID and secret are those of a client made in the admin, under Clients"
    if settings.OAUTH_CLIENT_ID:
        where = "The client secret is OAUTH_CLIENT_SECRET in the server's .env"
    return Step(f"{where}: ask the operator.")


def _missing_origin(origin: str) -> list[Step]:
    if not settings.OAUTH_CLIENT_ID or origin in settings.OAUTH_ALLOWED_REDIRECT_ORIGINS:
        return []
    return [
        Step(
            f"First the operator must add {origin} to OAUTH_ALLOWED_REDIRECT_ORIGINS and restart"
            " the server."
        )
    ]


def _oauth_is_off(client: str) -> Step:
    return Step(
        f"{client} signs people in by OAuth, which is off on this server. The operator turns it on"
        " with OAUTH_ENABLED: see docs/chatgpt.md and docs/oauth.md."
    )


def _sign_in(client: str) -> Step:
    return Step(
        f"Connect in {client} opens this server's sign-in page. Sign in, choose the MCP user, and"
        " allow."
    )


def _json(config: dict[str, Any]) -> str:
    return json.dumps(config, indent=2)


def _in_powershell(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
