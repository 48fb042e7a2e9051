"""Files that hold secrets."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_secret_file(path: Path) -> Iterator[Path]:
    """A scratch file to fill, for its owner's eyes only. When the block ends well it becomes
    `path`, otherwise `path` is left as it was.

    Symbolic links are followed. Raises OSError, also for a folder that is not there.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a regular file")
    if not path.parent.is_dir():  # as often a mistyped path as a folder to be made
        raise OSError(None, f"there is no folder {path.parent}")
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
    """Make `content` the whole of `path`, as `new_secret_file` does. Raises OSError."""
    with new_secret_file(path) as scratch:
        scratch.write_bytes(content)


def _keep_owner(path: Path, scratch: str) -> None:
    """Under sudo, a file of someone else's must stay readable for them."""
    if sys.platform != "win32" and os.geteuid() == 0 and path.exists():
        status = path.stat()
        os.chown(scratch, status.st_uid, status.st_gid)
