"""The tests of a PostgreSQL have a database of their own, which is dropped without a question."""

from __future__ import annotations

import pytest

from tests.postgresql import own_name

LONG = "reporting_of_the_company_for_the_whole_of_europe_in_the_year"
MAX_BYTES = 63


@pytest.mark.parametrize(
    "names",
    [
        ("infinity", "infinity2"),
        (f"{LONG}_1", f"{LONG}_2"),
        (LONG, f"{LONG}_"),
        ("ü" * 30 + "1", "ü" * 30 + "2"),
        ("x" + "ü" * 30, "x" + "ü" * 29 + "u"),
        ("数据库" * 12, "数据库" * 13),
    ],
)
def test_two_databases_never_share_one_for_tests(names: tuple[str, str]) -> None:
    first, second = map(own_name, names)

    assert first != second
    for name in (first, second):
        assert name.startswith("test_infinity_mcp_")
        assert MAX_BYTES >= len(f"{name}_gw9999".encode())
