"""Formats the summary of the quickstart: where everything is, and what to do next."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from infinity_mcp.core.paths import compose_service, manage, told, unkept
from mcpserver.connect.client_setup import Server, codex_config, export_key, server_url

KEPT = ("PORT", "DATA_DIR", "CONFIG_DIR")  # in the file that the first quickstart makes


@dataclass
class Summary:
    """The facts to print. `admin_password` is set only for a new admin."""

    key_file: Path
    key_works: bool = True
    key_trouble: str = ""  # why the key file cannot be read, and what to do
    admin_name: str = ""
    admin_password: str = field(default="", repr=False)
    created: list[str] = field(default_factory=list)

    def text(self, *, serve: bool) -> str:
        """About 20 lines for a terminal, with the new password but never a key."""
        url = server_url()
        return "\n".join(
            [
                self._headline(),
                "",
                f"  MCP URL    {url}/mcp",
                f"  MCP key    {self._key()}",
                f"  Admin      {url}/admin/ as {self._admin()}",
                f"  Connect    {url}/connect/",
                *self._unkept(),
                "",
                "For Codex, add this to ~/.codex/config.toml:",
                "",
                *(f"  {line}" for line in codex_config(f"{url}/mcp").splitlines()),
                "",
                f"and start it from a shell with the key{self._where()}:",
                "",
                f"  {export_key(Server(url, key_file=str(told(self.key_file))))}",
                "",
                "Serving; Ctrl+C stops." if serve else f"To serve: {_to_serve()}",
            ]
        )

    def _headline(self) -> str:
        if self.created:
            return f"Infinity MCP is set up. New: {', '.join(self.created)}."
        return "Infinity MCP is set up already: nothing was changed."

    def _key(self) -> str:
        file = told(self.key_file)
        if self.key_trouble:
            return self.key_trouble
        if self.key_works:
            return str(file)
        rotate = manage("credentials_rotate_user_key", "--name", "codex", "--key-file", str(file))
        return f"no valid key in {file}; for a new one, which ends the old:\n             {rotate}"

    def _where(self) -> str:
        if not compose_service():
            return ""
        return ", in this folder (sudo cat where cat is refused: the file is the container's)"

    def _unkept(self) -> list[str]:
        return [
            f"  {name:<10} {value} for this start only; to keep it, set {name} in"
            f" {settings.ENV_FILE}"
            for name, value in unkept_settings().items()
        ]

    def _admin(self) -> str:
        if self.admin_password:
            return f"{self.admin_name}, password {self.admin_password} (shown only now)"
        return (
            f"{self.admin_name}; for a new password:\n"
            f"             {manage('changepassword', self.admin_name)}"
        )


def unkept_settings() -> dict[str, str]:
    """The settings of this start that the next one has only if they are given again."""
    if compose_service() or not settings.ENV_FILE.exists():  # the environment always has them
        return {}
    return unkept(*KEPT)


def _to_serve() -> str:
    if compose_service():
        return "docker compose up -d"
    port = unkept_settings().get("PORT", "")
    if not port or sys.platform == "win32":  # where variables stay set in the shell
        return manage("mcp_serve")
    return f"PORT={shlex.quote(port)} {manage('mcp_serve')}"
