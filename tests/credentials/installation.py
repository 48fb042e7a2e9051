"""`manage.py` as a process of its own, as an operator runs it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from tests.support import PATIENCE_SECONDS

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass
class Installation:
    """A folder with an `.env` and a database, and what is set in its environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def env_file(self) -> Path:
        return self.folder / ".env"

    @property
    def database(self) -> Path:
        return self.folder / "infinity-mcp.sqlite3"

    @property
    def variables(self) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "infinity_mcp.settings",
            "ENV_FILE": str(self.env_file),
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": f"sqlite:///{self.database}",
            **self.environment,
        }

    def manage(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, CHECKOUT / "manage.py", *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], **self.variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )

    def set_up(self) -> None:
        """As `credentials_init` and `migrate` leave it: they run once for all tests."""
        shutil.copy2(_pattern() / ".env", self.folder)
        copy_empty_database(self.database)


def copy_empty_database(path: Path) -> None:
    """Put one at `path` as `migrate` makes it, in less time."""
    shutil.copy2(_pattern() / "infinity-mcp.sqlite3", path)


@cache
def _pattern() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="infinity-mcp-tests-"))
    atexit.register(shutil.rmtree, folder)
    for command in (["credentials_init"], ["migrate", "--verbosity=0"]):
        done = Installation(folder).manage(*command)
        assert 0 == done.returncode, done.stderr
    return folder
