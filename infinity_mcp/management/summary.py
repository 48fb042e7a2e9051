"""What the quickstart tells a newcomer: where everything is, and what to do next."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from credentials.management.commands.credentials_init import assignments
from credentials.management.places import compose_service, manage, told
from mcpserver.client_setup import Server, codex_config, export_key, server_url


@dataclass
class Summary:
    """Filled while setting up. `admin_password` is set only for an admin created just now."""

    key_file: Path
    key_works: bool = True
    admin_name: str = ""
    admin_password: str = field(default="", repr=False)
    created: list[str] = field(default_factory=list)

    def text(self, *, serve: bool) -> str:
        """About 20 lines for a terminal. Holds the new password, never a key."""
        url = server_url()
        return "\n".join(
            [
                self._headline(),
                "",
                f"  MCP URL    {url}/mcp",
                f"  MCP key    {self._key()}",
                f"  Admin      {url}/admin/ as {self._admin()}",
                f"  Connect    {url}/connect/",
                *self._port(),
                "",
                "For Codex, add this to ~/.codex/config.toml:",
                "",
                *(f"  {line}" for line in codex_config(f"{url}/mcp").splitlines()),
                "",
                f"and start it from a shell that knows the key{self._where()}:",
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
        if self.key_works:
            return str(file)
        rotate = manage("credentials_rotate_user_key", "--name", "codex", "--key-file", str(file))
        return f"no valid key in {file}; for a new one, which ends the old:\n             {rotate}"

    def _where(self) -> str:
        if not compose_service():
            return ""
        return ", in this folder (sudo cat where cat is refused: the file is the container's)"

    def _port(self) -> list[str]:
        port = unkept_port()
        note = f"{port} for this start only; to keep it, set PORT in {settings.ENV_FILE}"
        return [f"  Port       {note}"] if port else []

    def _admin(self) -> str:
        if self.admin_password:
            return f"{self.admin_name}, password {self.admin_password} (shown only now)"
        return (
            f"{self.admin_name}; for a new password:\n"
            f"             {manage('changepassword', self.admin_name)}"
        )


def unkept_port() -> str:
    """The PORT of this start if ENV_FILE says another or none, so that the next has another."""
    given: str = os.environ.get("PORT", "")
    if compose_service() or not settings.ENV_FILE.exists():  # the environment always says it
        return ""
    return "" if given == assignments(settings.ENV_FILE).get("PORT", "") else given


def _to_serve() -> str:
    return "docker compose up -d" if compose_service() else manage("mcp_serve")
