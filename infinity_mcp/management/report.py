"""Collects the facts about an installation for a report, without secrets."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.db import connection

from infinity_mcp.core.paths import compose_service, told
from mcpserver.connect.client_setup import NAME, ClientSetup
from mcpserver.connect.install_check import CheckResult
from oauthbridge.redirects import LOOPBACK_HOSTS

CONTAINER_MARKS = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True)
class Repository:
    """Where the installed code comes from."""

    url: str  # empty without a remote
    commit: str
    changed: bool | None  # since the commit, in files under version control; None: not known


@dataclass(frozen=True)
class InstalledFile:
    """A file of the installation that holds data or secrets."""

    path: str
    what: str
    mode: str  # octal, like 0600
    owner: str  # a name, or a user id without a name here


@dataclass(frozen=True)
class Entry:
    """The parts of a client's configuration besides the URL."""

    name: str = NAME
    transport: str = "streamable HTTP"
    header: str = "Authorization: Bearer KEY"


@dataclass(frozen=True)
class Report:
    """The facts about an installation that install_report writes."""

    folder: str
    repository: Repository | None
    service: str
    files: tuple[InstalledFile, ...]
    database: str
    url: str
    key_file: str
    proofs: tuple[CheckResult, ...]
    entry: Entry
    client: ClientSetup

    @property
    def is_proven(self) -> bool:
        """Whether all proofs passed."""
        return all(proof.passed for proof in self.proofs)


def repository() -> Repository | None:
    """The git repository of the installation; None without a checkout or without git."""
    prefix, _, commit = _git("rev-parse", "--show-prefix", "HEAD").partition("\n")
    if prefix or not commit:  # a prefix: the folder is inside a checkout of another project
        return None
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    return Repository(without_user(_git("remote", "get-url", "origin")), commit, changed)


def service(url: str) -> str:
    """How the server at `url` is run, as far as this process can know."""
    if name := compose_service():
        return f"Compose service {name}"
    container = " in a container" if any(mark.exists() for mark in CONTAINER_MARKS) else ""
    parts = urlsplit(url)
    # If the URL has another port of this machine, its server has other settings than these.
    is_here = parts.hostname not in LOOPBACK_HOSTS or parts.port == settings.PORT
    place = f" on {settings.HOST}:{settings.PORT}" if is_here else ""
    return f"manage.py mcp_serve{place}{container}"


def database(folder: Path | None) -> str:
    """The database's type, name and host, without its password."""
    name, host = connection.settings_dict["NAME"], connection.settings_dict["HOST"]
    if connection.vendor == "sqlite":
        name = told(Path(name), folder)
    return f"{connection.display_name} {name}" + (f" on {host}" if host else "")


def files(key_file: Path, folder: Path | None) -> Iterator[InstalledFile]:
    """The existing files of the installation with private content, with paths below `folder`."""
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
        if not compose_service():  # the host may have another name for the same number
            return path.owner()
    except (KeyError, NotImplementedError):  # a user without a name; Windows
        pass
    return f"user {path.stat().st_uid}"


def _git(*arguments: str) -> str:
    """git's output for the project folder; empty if it fails or is not installed."""
    command = ["git", "-C", str(settings.BASE_DIR), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def without_user(url: str) -> str:
    """`url` without the part before its @, which may be a token."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https"):
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
