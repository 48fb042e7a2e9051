"""Notices are whole: what does not fit is counted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mcpserver.content import notices


@pytest.fixture(autouse=True)
def call() -> Iterator[None]:
    notices.begin()
    yield
    notices._notices.set(None)  # other tests in this thread collect none


def test_notices_that_fit_are_one_text_each_once() -> None:
    for text in ("One.", "Two.", "One."):
        notices.add(text)
    notices.add_losses({"scripts"})

    assert "One. Two. When stored, texts lose scripts." == notices.taken()
    assert "" == notices.taken()


def test_notices_beyond_the_room_are_left_out_whole_and_counted() -> None:
    told = [f"{n}{'a' * 900}." for n in range(4)]
    for text in told:
        notices.add(text)

    text = notices.taken()

    assert f"{told[0]} {told[1]} Further notices, for which there is no room: 2." == text
    assert len(text) <= notices.MAX_CHARACTERS


def test_a_notice_longer_than_the_room_is_left_out() -> None:
    notices.add("a" * 3_000)

    assert "Further notices, for which there is no room: 1." == notices.taken()
