"""Many labels at once: how many there may be, and that they take no longer than their number."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from mcpserver.label_forms import MOST_LABELS
from mcpserver.labels import changed_labels, new_labels
from mcpserver.params import WrongValue
from tests.support import thread_seconds

FORMS: list[Callable[[int], Any]] = [
    lambda count: [f"name {n}" for n in range(count)],
    lambda count: {f"name {n}": "#00FF00" for n in range(count)},
    lambda count: [{"name": f"name {n}", "color": "#00FF00"} for n in range(count)],
]


@pytest.mark.parametrize("form", FORMS)
def test_more_labels_than_an_attribute_may_have_are_refused(form: Callable[[int], Any]) -> None:
    assert MOST_LABELS == len(new_labels(form(MOST_LABELS)))
    with pytest.raises(WrongValue, match=f"at most {MOST_LABELS}"):
        new_labels(form(MOST_LABELS + 1))


@pytest.mark.parametrize("form", FORMS)
def test_labels_take_their_number(form: Callable[[int], Any]) -> None:
    def change(count: int) -> float:
        known = [{"id": str(uuid.uuid4()), "name": f"name {n}"} for n in range(count)]
        return thread_seconds(lambda: changed_labels(known, form(count)))

    few = change(MOST_LABELS // 10)
    assert change(MOST_LABELS) < 30 * few + 0.1
