"""Files that hold secrets."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path


def write_secret_file(path: Path, content: bytes) -> None:
    """Make `content` the whole of `path`, for its owner's eyes only, or leave it as it was.

    Missing parent folders are created and symbolic links followed. Raises OSError.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise OSError(None, "it is not a regular file")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=".secret-")  # 0600 from birth
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(handle)
        _keep_owner(path, scratch)
        os.replace(scratch, path)
    finally:
        Path(scratch).unlink(missing_ok=True)


def _keep_owner(path: Path, scratch: str) -> None:
    """Under sudo, a file of someone else's must stay readable for them."""
    if sys.platform != "win32" and os.geteuid() == 0 and path.exists():
        status = path.stat()
        os.chown(scratch, status.st_uid, status.st_gid)
