from __future__ import annotations

import os
from pathlib import Path

import pytest

from infinity_mcp.core.secret_files import write_secret_file


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_secret_file_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    before = os.umask(0)
    try:
        write_secret_file(path, b"content\n")
    finally:
        os.umask(before)

    assert b"content\n" == path.read_bytes()
    assert 0o600 == mode(path)
    assert [path] == list(path.parent.iterdir())


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="there is no folder"):
        write_secret_file(tmp_path / "absent" / "key.txt", b"content")

    assert [] == list(tmp_path.iterdir())


def test_secret_file_replaces_a_readable_one(tmp_path: Path) -> None:
    path = tmp_path / "key.txt"
    path.write_text("old and longer")
    path.chmod(0o644)

    write_secret_file(path, b"new")

    assert b"new" == path.read_bytes()
    assert 0o600 == mode(path)


def test_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.txt", tmp_path / "link.txt"
    target.write_text("old")
    link.symlink_to(target)

    write_secret_file(link, b"new")

    assert link.is_symlink()
    assert b"new" == target.read_bytes()


def test_what_is_no_file_is_left_alone(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        write_secret_file(tmp_path, b"content")


def test_failed_write_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: object) -> None:
        raise OSError("no")

    path = tmp_path / "key.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", refuse)

    with pytest.raises(OSError, match="no"):
        write_secret_file(path, b"new")

    assert "old" == path.read_text()
    assert [path] == list(tmp_path.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_file_of_another_owner_stays_theirs_under_root(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("old")
    os.chown(path, 12345, 54321)

    write_secret_file(path, b"new")

    assert (12345, 54321) == (path.stat().st_uid, path.stat().st_gid)
