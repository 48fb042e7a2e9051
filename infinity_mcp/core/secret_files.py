"""Writes files that hold secrets, readable by their owner only."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_secret_file(path: Path) -> Iterator[Path]:
    """A scratch file to fill, readable by its owner only. It becomes `path` when the block ends;
    after an error `path` stays unchanged.

    Symbolic links are followed. Raises OSError, also for a missing folder.
    """
    path = Path(os.path.realpath(path))
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a regular file")
    if not path.parent.is_dir():  # not made here, as the path may be mistyped
        raise OSError(None, f"there is no folder {path.parent}: make it, or correct the path")
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # 0600 from birth
    os.close(handle)
    try:
        yield Path(scratch)
        with open(scratch, "rb+") as file:
            os.fsync(file)
        _keep_owner(path, scratch)
        os.replace(scratch, path)
    finally:
        Path(scratch).unlink(missing_ok=True)


def write_secret_file(path: Path, content: bytes) -> None:
    """Replace `path` by a file with `content`, as `new_secret_file` does. Raises OSError."""
    with new_secret_file(path) as scratch:
        fill(scratch, content)


def fill(scratch: Path, content: bytes) -> None:
    """Write `content` to disk, so that a full disk is noticed now. Raises OSError."""
    with scratch.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file)


def _keep_owner(path: Path, scratch: str) -> None:
    """Keep the owner of an existing file, so that it stays readable for them after sudo."""
    if sys.platform != "win32" and os.geteuid() == 0 and path.exists():
        status = path.stat()
        os.chown(scratch, status.st_uid, status.st_gid)
