"""Programs that some tests need: without them they are skipped here, and fail in CI."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

AXE_JS = Path(os.environ.get("AXE_JS") or "axe.min.js")
# By what Debian calls the package.
_NAMES = {
    "caddy": ("caddy",),
    "chromium": ("chromium", "chromium-browser"),
    "nginx": ("nginx",),
    "postgresql": ("postgres",),
    "redis-server": ("redis-server",),
}
# Where they are though no shell finds them there.
_FOLDERS = ("/usr/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))


def program(package: str) -> str:
    """Where the program of this package is."""
    return _find(package) or _go_without(f"{package}: apt-get install {package}")


def axe() -> Path:
    """The script that looks for barriers in a page."""
    if AXE_JS.is_file():
        return AXE_JS
    _go_without("axe-core: npm install --no-save axe-core, and the path of axe.min.js in AXE_JS")


def missing() -> list[str]:
    """The packages whose tests are skipped here."""
    packages = [package for package in _NAMES if not _find(package)]
    return packages if AXE_JS.is_file() else [*packages, "axe-core"]


def _find(package: str) -> str | None:
    path = os.pathsep.join((os.environ["PATH"], *_FOLDERS))
    return next(filter(None, (shutil.which(name, path=path) for name in _NAMES[package])), None)


def _go_without(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs {what}")
    pytest.skip(f"needs {what}")
