"""A place to install to, as a newcomer does with the scripts."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.support import PATIENCE_SECONDS, ROOT

RUN_LOCK = "requirements.lock"
DEVELOPMENT_LOCK = "requirements-dev.lock"

Result = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class Home:
    """A place to install to; nothing of the developer's own environment reaches it."""

    folder: Path
    venv: Path

    @property
    def key_file(self) -> Path:
        return self.folder / "its config" / "codex-mcp-key.txt"

    @property
    def env_file(self) -> Path:
        return self.folder / "its.env"

    @property
    def database(self) -> Path:
        return self.folder / "its data" / "infinity-mcp.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "VENV_DIR": str(self.venv),
            "ENV_FILE": str(self.env_file),
            "DATA_DIR": str(self.database.parent),
            "CONFIG_DIR": str(self.key_file.parent),
        }

    def run(self, script: str, *arguments: str, **environment: str) -> Result:
        return self.run_program(str(ROOT / "scripts" / script), *arguments, **environment)

    def run_program(self, *command: str, **environment: str) -> Result:
        return subprocess.run(
            command,
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    def contents(self) -> tuple[bytes, bytes, list[str]]:
        with closing(sqlite3.connect(self.database)) as connection:
            rows = list(connection.iterdump())
        return self.env_file.read_bytes(), self.key_file.read_bytes(), rows


def ready_environment(folder: Path) -> Path:
    """An environment that holds everything already: the one that runs the tests."""
    write_program(folder / "bin" / "python", f'exec {shlex.quote(sys.executable)} "$@"')
    for lock in (RUN_LOCK, DEVELOPMENT_LOCK):
        shutil.copy(ROOT / lock, folder)
    return folder


def write_program(path: Path, commands: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{commands}\n")
    path.chmod(0o755)
    return path
