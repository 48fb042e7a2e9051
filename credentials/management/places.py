"""Paths and commands for messages, as they are for whoever reads them.

In a container of docker-compose.yml they differ from those of the process: the reader has a folder
with `config` and `data` in it, and calls `manage.py` through Compose.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

from django.conf import settings

LEFT_OUT = "QUICKSTART_LEFT_OUT"


def compose_service() -> str:
    """The name of the service that this is part of; empty where Compose does not run it."""
    return os.environ.get("COMPOSE_SERVICE", "")


def told(path: Path, folder: Path | None = None) -> Path:
    """`path` for a message: below `folder`, if that is what the reader calls the install folder;
    with Compose else relative to it, and without as it is."""
    path = path.resolve()
    if not path.is_relative_to(settings.BASE_DIR) or not (folder or compose_service()):
        return path
    return (folder or Path()) / path.relative_to(settings.BASE_DIR)


def how_to_own(folder: Path) -> str:
    """What gives `folder` to the user that this process runs as, in words that end a sentence."""
    if sys.platform == "win32":
        return "choose a folder that you can write to."
    owner = f"{os.geteuid()}:{os.getegid()}"
    if compose_service():
        return f"on the host, in the install folder: sudo chown -R {owner} config data"
    return f"sudo chown -R {owner} {shlex.quote(str(folder))}"


def manage(*arguments: str) -> str:
    """A `manage.py` command to copy and paste, short when run from the project folder."""
    if service := compose_service():
        return shlex.join(["docker", "compose", "run", "--rm", service, "manage.py", *arguments])
    program = [Path(sys.executable), settings.BASE_DIR / "manage.py"]
    if Path.cwd() == settings.BASE_DIR:
        program = [_relative(path) for path in program]
    return " ".join([*_without(), *_moved_places(), shlex.join([*map(str, program), *arguments])])


def runnable(text: str) -> str:
    """`text` with each `manage.py …` in backquotes as it can be run here."""
    return re.sub(r"`manage\.py ([^`]+)`", lambda found: f"`{manage(*found[1].split())}`", text)


def _without() -> list[str]:
    """scripts/quickstart left these variables out, which the reader's shell still has."""
    names = os.environ.get(LEFT_OUT, "").split()
    return ["env", *(part for name in names for part in ("-u", name))] if names else []


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _moved_places() -> list[str]:
    """The next command must find the same database as this one."""
    if sys.platform == "win32":  # where variables stay set in the shell
        return []
    names = [name for name in ("ENV_FILE", "DATA_DIR", "CONFIG_DIR") if name in os.environ]
    return [f"{name}={shlex.quote(os.environ[name])}" for name in names]
