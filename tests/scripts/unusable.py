"""Installations whose disk, folder or file cannot be used, and what they are told."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from tests.credentials.installation import CHECKOUT, Installation

Result = subprocess.CompletedProcess[str]

SET_UP = ("quickstart", "--no-serve")
OWN, OTHER = 0, 65534


def installation(folder: Path) -> Installation:
    """With secrets and, where it is not removed, an empty database."""
    made = Installation(folder, {"CONFIG_DIR": str(folder / "config")})
    made.set_up()
    return made


def assert_told(done: Result, *expected: str) -> None:
    assert 1 == done.returncode, done.stdout
    assert 1 == len(done.stderr.splitlines()), done.stderr
    assert [] == [words for words in expected if words not in done.stderr], done.stderr


def assert_done(done: Result) -> None:
    assert 0 == done.returncode, done.stderr


def execute(database: Path, sql: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.executescript(sql)


# --- Disks ----------------------------------------------------------------------------------------


WITHOUT_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner")


def manage(
    installed: Installation, *arguments: str, within: Sequence[str] = WITHOUT_RIGHTS
) -> Result:
    return subprocess.run(
        [*within, sys.executable, CHECKOUT / "manage.py", *arguments],
        env={"PATH": os.environ["PATH"], **installed.variables},
        capture_output=True,
        text=True,
    )


def run_told(told: str) -> None:
    found = re.search(r"(?:sudo )?((?:chown|chmod) .*)", told)
    assert found, told
    subprocess.run(found[1], shell=True, check=True)
