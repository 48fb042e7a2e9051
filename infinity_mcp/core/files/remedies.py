"""Explains why a file or the embedded database cannot be used, with a command that fixes it."""

from __future__ import annotations

import errno
import os
import re
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from enum import Enum, auto
from pathlib import Path

from infinity_mcp.core.paths import compose_service, how_to_make, how_to_own, told

# Not from the settings, which may be wrong.
PROJECT = Path(__file__).resolve().parents[3]
PLACES = ("config", "data")


class Cause(Enum):
    """Why a file or folder cannot be used."""

    FULL = auto()
    READ_ONLY = auto()  # the file system
    NOT_ALLOWED = auto()
    MISSING = auto()
    IN_THE_WAY = auto()
    TOO_LONG = auto()
    CIRCLE = auto()  # of symbolic links
    TOO_MANY_OPEN = auto()
    DAMAGED = auto()
    BUSY = auto()
    BROKEN = auto()


OF_SYSTEM = {
    errno.ENOSPC: Cause.FULL,
    errno.EDQUOT: Cause.FULL,
    errno.EROFS: Cause.READ_ONLY,
    errno.EACCES: Cause.NOT_ALLOWED,
    errno.EPERM: Cause.NOT_ALLOWED,
    errno.ENOENT: Cause.MISSING,
    errno.ENOTDIR: Cause.MISSING,
    errno.EEXIST: Cause.IN_THE_WAY,
    errno.EISDIR: Cause.IN_THE_WAY,
    errno.ENAMETOOLONG: Cause.TOO_LONG,
    errno.ELOOP: Cause.CIRCLE,
    errno.EMFILE: Cause.TOO_MANY_OPEN,
    errno.ENFILE: Cause.TOO_MANY_OPEN,
    errno.ETIMEDOUT: Cause.BUSY,
    errno.EFBIG: Cause.BROKEN,
    errno.EIO: Cause.BROKEN,
    errno.ENXIO: Cause.BROKEN,
    errno.ENODEV: Cause.BROKEN,
    errno.ESTALE: Cause.BROKEN,
}
OF_SQLITE = {
    sqlite3.SQLITE_FULL: Cause.FULL,
    sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
    sqlite3.SQLITE_NOTADB: Cause.DAMAGED,
    sqlite3.SQLITE_BUSY: Cause.BUSY,
    sqlite3.SQLITE_LOCKED: Cause.BUSY,
}
# Codes whose cause only the file system shows, with the cause to assume if it does not.
OF_SQLITE_AND_PLACE = {
    sqlite3.SQLITE_READONLY: Cause.NOT_ALLOWED,
    sqlite3.SQLITE_PERM: Cause.NOT_ALLOWED,
    sqlite3.SQLITE_CANTOPEN: Cause.BROKEN,
    sqlite3.SQLITE_IOERR: Cause.BROKEN,
}


def remedy(error: BaseException, path: Path) -> str:
    """What to do so that `path` can be used, in sentences; empty for an error of another kind.

    The error is an OSError, which may name another file, or SQLite's, or was caused by one of them.
    """
    for each in _chain(error):
        if isinstance(each, OSError):
            return _remedies(OF_SYSTEM.get(each.errno or 0), _named(each) or path.absolute())
        if isinstance(each, sqlite3.Error):
            path = Path(os.path.realpath(path))  # SQLite's other files are beside the real one
            return _remedies(_cause_of_sqlite(each, path), path)
    return ""


def remedy_of_new(folder: Path, error: OSError) -> str:
    """Like `remedy`, for a folder that could not be made."""
    first = _named(error) or folder  # the first missing folder
    cause = OF_SYSTEM.get(error.errno or 0)
    if cause is Cause.MISSING and os.path.isdir(first.parent):  # such as /proc
        return f"No folder can be made in {first.parent}: choose another place."
    is_refused = cause is Cause.NOT_ALLOWED
    if not is_refused or _is_own(first.parent) or _closed(first.parent) or compose_service():
        return remedy(error, folder)
    return f"Make it for the user who runs this: {how_to_make(first)}"


def explain_file(error: OSError) -> str:
    """The explanation and remedy for an OSError that names a file."""
    path = Path(os.fsdecode(error.filename))
    return f"{told(path)} cannot be used: {error.strerror}. {remedy(error, path)}".rstrip()


def _named(error: OSError) -> Path | None:
    return Path(os.fsdecode(error.filename)).absolute() if error.filename else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        error = error.__cause__ or error.__context__


def _cause_of_sqlite(error: sqlite3.Error, path: Path) -> Cause | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the other bits are the extended code
    if code in OF_SQLITE_AND_PLACE:
        return _cause_of_place(path) or OF_SQLITE_AND_PLACE[code]
    return OF_SQLITE.get(code)


def _cause_of_place(path: Path) -> Cause | None:
    folder = path.parent
    if not os.path.isdir(folder):
        return Cause.NOT_ALLOWED if _closed(folder) else Cause.MISSING
    if os.path.lexists(path) and not os.path.isfile(path):
        return Cause.IN_THE_WAY
    if _is_read_only(folder):
        return Cause.READ_ONLY
    if sys.platform != "win32" and not os.statvfs(folder).f_bavail:
        return Cause.FULL
    return None if all(map(_may_use, [folder, *_files(path)])) else Cause.NOT_ALLOWED


def _remedies(cause: Cause | None, path: Path) -> str:
    match cause:
        case Cause.FULL:
            folder = shlex.quote(str(told(path.parent)))
            return f"Its disk is full: free some space (df -h {folder} shows it)."
        case Cause.READ_ONLY:
            return f"Its file system is read-only: {_how_to_mount(path.parent)}"
        case Cause.NOT_ALLOWED:
            return _how_to_be_allowed(path)
        case Cause.MISSING if os.path.isdir(path.parent):
            return ""  # the error itself names the file
        case Cause.MISSING if _is_read_only(path.parent):
            return _remedies(Cause.READ_ONLY, path)
        case Cause.MISSING if file := _no_folder_on_the_way(path):
            return _of_link(file) or f"{file} is a file, not a folder: choose another place."
        case Cause.MISSING:
            return f"There is no folder {told(path.parent)}: make it, or choose another."
        case Cause.IN_THE_WAY:
            return _of_link(path) or _of_what_has_the_name(path)
        case Cause.TOO_LONG:
            return "Choose a shorter name."
        case Cause.CIRCLE:
            return "The links on the way to it lead in a circle: choose another place."
        case Cause.TOO_MANY_OPEN:
            return "Too many files are open: end other programs, or allow more (ulimit -n)."
        case Cause.DAMAGED:
            return (
                f"{told(path)} is damaged, or no database: put a backup in its place with"
                " `manage.py restore FILE`. Without one, move it away to begin anew."
            )
        case Cause.BUSY:
            return "Another program held it too long: end that program, or try again."
        case Cause.BROKEN if _is_device(path):
            return _of_what_has_the_name(path)
        case Cause.BROKEN:
            return (
                "Check that its disk works, and that no quota or size limit (ulimit -f) is reached."
            )
        case None:
            return ""


def _no_folder_on_the_way(path: Path) -> Path | None:
    there = (each for each in path.parents if os.path.lexists(each))
    return next((each for each in there if not os.path.isdir(each)), None)


def _of_link(path: Path) -> str:
    """The remedy for a link whose target is missing; empty for anything else."""
    if os.path.exists(path) or not os.path.islink(path):
        return ""
    target = Path(os.path.realpath(path))
    if os.path.lexists(target):
        return _remedies(Cause.CIRCLE, path)
    return f"{path} is a link to {target}, which is not there: make that, or choose another place."


def _of_what_has_the_name(path: Path) -> str:
    if _is_device(path):
        return f"{path} is neither a file nor a folder: choose another place."
    return f"Something else has this name: move {told(path)} away."


def _is_device(path: Path) -> bool:
    """Is it a device, a pipe or a socket, which store nothing?"""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _how_to_mount(folder: Path) -> str:
    if compose_service():
        return "on the host, mount the volume for writing."
    if place := _mount_of(Path(os.path.realpath(folder))):
        return f"sudo mount -o remount,rw {shlex.quote(str(place))}"
    return "mount it for writing."


def _mount_of(folder: Path) -> Path | None:
    """The mount point of `folder`. Unlike os.path.ismount, finds bind mounts of the same disk."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:  # another system than Linux
        return None
    mounts = {Path(os.fsdecode(_unescaped(line.split()[4]))) for line in lines}
    return next((each for each in (folder, *folder.parents) if each in mounts), None)


def _unescaped(name: bytes) -> bytes:
    return re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), name)


def _is_read_only(path: Path) -> bool:
    """Is the path, or its nearest parent that exists, on a read-only file system?"""
    if sys.platform == "win32":
        return False
    there = next(each for each in (path, *path.parents) if os.path.exists(each))
    return bool(os.statvfs(there).f_flag & os.ST_RDONLY)


def _how_to_be_allowed(path: Path) -> str:
    """How to fix the permissions: of the file if they are the cause, else of its folder."""
    folder, closed = path.parent, _closed(path.parent)
    if compose_service() or sys.platform == "win32":
        return f"The user who runs this must own it: {how_to_own(folder)}"
    if closed and closed != folder:  # such as another user's home
        return f"The user who runs this may not enter {closed}: choose another place."
    at_fault = [] if closed else [file for file in _files(path) if not _may_use(file)]
    at_fault = at_fault or [folder]
    if all(_is_own(each) and not _may_use(each) for each in at_fault):
        return f"Its mode forbids it: chmod u+rwX {shlex.join(map(str, at_fault))}"
    if not _is_of_project(folder):
        return f"The user who runs this may not use {at_fault[0]}: choose another place."
    to_own = folder if _is_own(folder) else at_fault[0]
    return f"The user who runs this must own it: {how_to_own(to_own)}"


def _is_of_project(folder: Path) -> bool:
    """Does it contain only this project's files, so that its owner may be changed with them?"""
    if folder in (PROJECT, *(PROJECT / name for name in PLACES)):
        return True
    try:
        inside = list(folder.iterdir())
    except OSError:
        return False
    is_known = any(
        each.name == "infinity-mcp.sqlite3" or each.name.endswith("-mcp-key.txt") for each in inside
    )
    return is_known and all(each.name in PLACES for each in inside if each.is_dir())


def _files(path: Path) -> list[Path]:
    """The file and SQLite's other files beside it that exist."""
    names = [f"{path}{suffix}" for suffix in ("", "-wal", "-shm", "-journal")]
    return [Path(name) for name in names if os.path.isfile(name)]


def _closed(folder: Path) -> Path | None:
    """The first folder in the path that cannot be entered."""
    way = [*reversed(folder.parents), folder]
    return next((each for each in way if each.is_dir() and not os.access(each, os.X_OK)), None)


def _may_use(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0))


def _is_own(path: Path) -> bool:
    return sys.platform != "win32" and path.exists() and path.stat().st_uid == os.geteuid()
