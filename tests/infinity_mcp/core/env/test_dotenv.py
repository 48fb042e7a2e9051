"""Lines of `.env` that commands write."""

from __future__ import annotations

from pathlib import Path

import pytest

from infinity_mcp.core.env.dotenv import read_assignments, written


@pytest.mark.parametrize(
    "value",
    [
        "/srv/data",
        "3316",
        "a b",
        " a ",
        "a #b",
        "#a",
        "$HOME/a",
        "it's",
        "'a'",
        '"a"',
        'it\'s "a" $b #c',
        "it's C:\\new\\",
        "\\",
        "数据/ü",
        "~/a",
        "a=b",
    ],
)
def test_what_is_written_is_read_as_it_was(tmp_path: Path, value: str) -> None:
    (tmp_path / ".env").write_text(f"{written('DATA_DIR', value)}\nPORT=1\n", encoding="utf-8")
    assert {"DATA_DIR": value, "PORT": "1"} == read_assignments(tmp_path / ".env")


@pytest.mark.parametrize("value", ["a\nPORT=1", "a\r", "a\u2028b", ""])
def test_what_is_no_line_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="DATA_DIR must be a single line"):
        written("DATA_DIR", value)
