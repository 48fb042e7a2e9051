"""Formats paths and commands for messages, as the reader must type them.

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

from infinity_mcp.core.env.dotenv import read_assignments
from infinity_mcp.core.env.variables import Variables

LEFT_OUT = "QUICKSTART_LEFT_OUT"


def compose_service() -> str:
    """The name of this process's Compose service; empty without Compose."""
    return os.environ.get("COMPOSE_SERVICE", "")


def told(path: Path, folder: Path | None = None) -> Path:
    """`path` for a message: below `folder`, if that is the reader's install folder; otherwise
    relative to the install folder with Compose, and unchanged without."""
    path = Path(os.path.realpath(path))  # works for circular links, too
    if not path.is_relative_to(settings.BASE_DIR) or not (folder or compose_service()):
        return path
    return (folder or Path()) / path.relative_to(settings.BASE_DIR)


def how_to_own(folder: Path) -> str:
    """How to give `folder` to the user of this process, as the end of a sentence."""
    if sys.platform == "win32":
        return "choose a folder that you can write to."
    owner = f"{os.geteuid()}:{os.getegid()}"
    if compose_service():
        return f"on the host, in the install folder: sudo chown -R {owner} config data"
    return f"sudo chown -R {owner} {shlex.quote(str(folder))}"


def how_to_make(folder: Path) -> str:
    """How to make `folder` for the user of this process, as the end of a sentence."""
    if sys.platform == "win32":
        return "choose a folder that you can write to."
    return f"sudo install -d -o {os.geteuid()} -g {os.getegid()} {shlex.quote(str(folder))}"


def manage(*arguments: str) -> str:
    """A `manage.py` command to copy and paste, short when run from the project folder."""
    if service := compose_service():
        return shlex.join(["docker", "compose", "run", "--rm", service, "manage.py", *arguments])
    program = [Path(sys.executable), settings.BASE_DIR / "manage.py"]
    if _here() == settings.BASE_DIR:
        program = [_relative(path) for path in program]
    return " ".join([*_without(), *_moved_places(), shlex.join([*map(str, program), *arguments])])


def runnable(text: str) -> str:
    """`text` with each `manage.py …` in backquotes as it can be run here."""
    return re.sub(r"`manage\.py ([^`]+)`", lambda found: f"`{manage(*found[1].split())}`", text)


def _without() -> list[str]:
    """`env -u …` for the variables that scripts/quickstart ignored but the shell still has."""
    names = os.environ.get(LEFT_OUT, "").split()
    return ["env", *(part for name in names for part in ("-u", name))] if names else []


def _relative(path: Path) -> Path:
    here = _here()
    return path.relative_to(here) if here and path.is_relative_to(here) else path


def _here() -> Path | None:
    try:
        return Path.cwd()
    except FileNotFoundError:  # the current folder was removed
        return None


def explain_missing_env_file() -> str:
    """A sentence about a missing ENV_FILE, which may be misspelt; empty otherwise, and in a
    container, where the reader did not set it."""
    is_named = "ENV_FILE" in os.environ and not compose_service()
    if not is_named or settings.ENV_FILE.exists() or Variables().get("DJANGO_SECRET_KEY"):
        return ""
    return f"ENV_FILE is {settings.ENV_FILE}, which does not exist: is it the right name?"


def _moved_places() -> list[str]:
    """The variables with which the next command finds the same database."""
    if sys.platform == "win32":  # where variables stay set in the shell
        return []
    moved = {name: os.environ[name] for name in ("ENV_FILE",) if name in os.environ}
    moved |= unkept("DATA_DIR", "CONFIG_DIR")
    return [f"{name}={shlex.quote(value)}" for name, value in moved.items()]


def unkept(*names: str) -> dict[str, str]:
    """Those of the environment that are not in ENV_FILE, and that the next command needs too."""
    kept = read_assignments(settings.ENV_FILE)
    given = {name: os.environ[name].strip() for name in names if name in os.environ}
    return {name: value for name, value in given.items() if value != kept.get(name)}
