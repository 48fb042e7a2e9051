from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from credentials import scopes


@pytest.mark.parametrize(
    "text",
    [
        "infinity:read,infinity:admin",
        "infinity:admin infinity:read",
        " infinity:read,, infinity:admin\n infinity:read",
    ],
)
def test_scopes_are_read_in_their_own_order_and_once(text: str) -> None:
    assert (scopes.READ, scopes.ADMIN) == scopes.parse_scopes(text)


def test_no_scopes_are_read_from_nothing() -> None:
    assert () == scopes.parse_scopes(" , ")


def test_unknown_scope_is_refused_by_name_with_the_known_ones() -> None:
    with pytest.raises(scopes.UnknownScope) as caught:
        scopes.parse_scopes("infinity:read,infinity:everything")

    assert "infinity:everything" == caught.value.scope
    assert all(known in str(caught.value) for known in ("infinity:everything", *scopes.SCOPES))


def test_access_words_grow_by_one_scope_each() -> None:
    assert {
        "read-only": (scopes.READ,),
        "read-write": (scopes.READ, scopes.WRITE),
        "admin": (scopes.READ, scopes.WRITE, scopes.ADMIN),
    } == scopes.ACCESS


@pytest.mark.parametrize(
    "stored", [None, 3, "infinity:read", {"infinity:read": 1}, [["infinity:read"], 7, "other"]]
)
def test_damaged_scopes_grant_nothing(stored: object) -> None:
    assert frozenset() == scopes.known_scopes(stored)


@pytest.mark.parametrize(
    "value", ["infinity:read", None, ["infinity:read", "infinity:read"], ["read"], [["x"]], [1]]
)
def test_invalid_scope_list_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        scopes.validate_scopes(value)
