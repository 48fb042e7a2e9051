"""What the quickstart tells a newcomer: where everything is, and what to do next."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from credentials.management.commands.credentials_init import assignments
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
                "and start it from a shell that knows the key:",
                "",
                f"  {export_key(Server(url, key_file=str(self.key_file)))}",
                "",
                "Serving; Ctrl+C stops." if serve else f"To serve: {manage('mcp_serve')}",
            ]
        )

    def _headline(self) -> str:
        if self.created:
            return f"Infinity MCP is set up. New: {', '.join(self.created)}."
        return "Infinity MCP is set up already: nothing was changed."

    def _key(self) -> str:
        if self.key_works:
            return str(self.key_file)
        rotate = ["credentials_rotate_user_key", "--name", "codex"]
        return (
            f"no valid key in {self.key_file}; for a new one, which ends the old:\n"
            f"             {manage(*rotate, '--key-file', str(self.key_file))}"
        )

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
    if not settings.ENV_FILE.exists():  # everything comes from the environment
        return ""
    return "" if given == assignments(settings.ENV_FILE).str("PORT", default="") else given


def manage(*arguments: str) -> str:
    """A `manage.py` command to copy and paste, short when run from the project folder."""
    program = [Path(sys.executable), settings.BASE_DIR / "manage.py"]
    if Path.cwd() == settings.BASE_DIR:
        program = [_relative(path) for path in program]
    return " ".join([*_moved_places(), shlex.join([*map(str, program), *arguments])])


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _moved_places() -> list[str]:
    """The next command must find the same database as this one."""
    if sys.platform == "win32":  # where variables stay set in the shell
        return []
    names = [name for name in ("ENV_FILE", "DATA_DIR", "CONFIG_DIR") if name in os.environ]
    return [f"{name}={shlex.quote(os.environ[name])}" for name in names]
