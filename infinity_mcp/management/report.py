"""What an installation consists of, as far as the machine can tell. Holds no secret."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from credentials.management.places import compose_service, told
from mcpserver.client_setup import NAME, ClientSetup
from mcpserver.proofs import Proof
from oauthbridge.redirects import LOOPBACK_HOSTS

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True)
class Repository:
    url: str  # empty without a remote
    commit: str
    changed: bool | None  # since the commit, in files under version control; None: not known


@dataclass(frozen=True)
class InstalledFile:
    path: str
    what: str
    mode: str  # octal, like 0600
    owner: str  # a name, or a user id that has none here


@dataclass(frozen=True)
class Entry:
    """What the configuration of a client with a key has to say, besides the URL."""

    name: str = NAME
    transport: str = "streamable HTTP"
    header: str = "Authorization: Bearer KEY"


@dataclass(frozen=True)
class Report:
    folder: str
    repository: Repository | None
    service: str
    files: tuple[InstalledFile, ...]
    database: str
    url: str
    key_file: str
    proofs: tuple[Proof, ...]
    entry: Entry
    client: ClientSetup

    @property
    def is_proven(self) -> bool:
        return all(proof.passed for proof in self.proofs)


def repository() -> Repository | None:
    """None where the installation is not a git checkout, or git is not there."""
    prefix, _, commit = _git("rev-parse", "--show-prefix", "HEAD").partition("\n")
    if prefix or not commit:  # a prefix: a checkout of something else lies around this folder
        return None
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    return Repository(without_user(_git("remote", "get-url", "origin")), commit, changed)


def service(url: str) -> str:
    """How what answers at `url` is served; what starts it there, only who installed it can say."""
    if name := compose_service():
        return f"Compose service {name}"
    container = " in a container" if any(mark.exists() for mark in CONTAINER_MARKS) else ""
    parts = urlsplit(url)
    # These settings are not those of the server if it is seen on another port of this machine.
    is_here = parts.hostname not in LOOPBACK_HOSTS or parts.port == settings.PORT
    place = f" on {settings.HOST}:{settings.PORT}" if is_here else ""
    return f"manage.py mcp_serve{place}{container}"


def database(folder: Path | None) -> str:
    """Which database, without its password."""
    name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
    if connection.vendor == "sqlite":
        name = told(Path(name), folder)
    return f"{connection.display_name} {name}" + (f" on {host}" if host else "")


def files(key_file: Path, folder: Path | None) -> Iterator[InstalledFile]:
    """Those of the installation that are there and hold what is private, told below `folder`."""
    candidates = {settings.ENV_FILE: "secrets and settings", key_file: "MCP key"}
    if connection.vendor == "sqlite":
        candidates[Path(connection.settings_dict["NAME"])] = "database"
    for other in sorted(settings.CONFIG_DIR.glob("*-mcp-key.txt")):
        candidates.setdefault(other, "MCP key")
    for path, what in candidates.items():
        if path.is_file():
            mode = path.stat().st_mode & 0o777
            yield InstalledFile(str(told(path, folder)), what, f"{mode:04o}", _owner(path))


def _owner(path: Path) -> str:
    try:
        if not compose_service():  # where the host may give another name to the same number
            return path.owner()
    except (KeyError, NotImplementedError):  # a user without a name; Windows
        pass
    return f"user {path.stat().st_uid}"


def _git(*arguments: str) -> str:
    """What git says of the project folder; nothing when it fails or is not installed."""
    command = ["git", "-C", str(settings.BASE_DIR), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def without_user(url: str) -> str:
    """A token may stand before the @ of an https address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
