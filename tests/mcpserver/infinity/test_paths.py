from __future__ import annotations

import pytest

from mcpserver.infinity.client import MAX_IDENTIFIER_LENGTH, fill_path
from mcpserver.infinity.errors import InvalidIdentifier


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (31337, "31337"),
        ("Hq7wTz3KfPa", "Hq7wTz3KfPa"),
        ("019b0000-0000-7000-8000-000000000000", "019b0000-0000-7000-8000-000000000000"),
        ("a b", "a%20b"),
        (" .. ", "%20..%20"),
        ("é🙂", "%C3%A9%F0%9F%99%82"),
        ("a.b", "a.b"),
        ("a&b=c;d", "a%26b%3Dc%3Bd"),
        ("{board}", "%7Bboard%7D"),
        ("\uff0f", "%EF%BC%8F"),
        ("x" * MAX_IDENTIFIER_LENGTH, "x" * MAX_IDENTIFIER_LENGTH),
    ],
)
def test_an_id_becomes_one_segment(value: str | int, expected: str) -> None:
    assert f"boards/{expected}/items" == fill_path("boards/{board}/items", board=value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "...",
        "a/b",
        "../profile",
        "/",
        "a\\b",
        "%2e%2e",
        "%2F",
        "a%b",
        "a?b",
        "a#b",
        "a\nb",
        "a\r\nHost: x",
        "a\x00b",
        "a\x7fb",
        "a\u2028b",
        "a\u202eb",
        "\ud800",
        "x" * (MAX_IDENTIFIER_LENGTH + 1),
    ],
)
def test_an_id_that_could_change_the_route_is_refused(value: str) -> None:
    with pytest.raises(InvalidIdentifier) as raised:
        fill_path("boards/{board}/items", board=value)
    text = str(raised.value)
    assert text.startswith("The board id ")
    assert "Use an id exactly as a list or get tool returned it." in text
    assert text.isprintable()
    assert len(text) < 200


def test_every_id_is_filled_in() -> None:
    path = fill_path("workspaces/{ws}/boards/{board}", ws=1, board="b")
    assert "workspaces/1/boards/b" == path


def test_no_field_of_an_id_can_be_reached() -> None:
    assert "boards/x.__class__" == fill_path("boards/{board}", board="x.__class__")
