from __future__ import annotations

import dataclasses

import pytest

from mcpserver.sandbox import Options


def test_defaults_are_the_best_guess() -> None:
    options = Options()
    assert (201, 200, 404, 180) == (
        options.create_status,
        options.delete_status,
        options.removed_status,
        options.requests_per_minute,
    )


def test_assignments_are_parsed_by_type() -> None:
    texts = ["create_status=200", "wrap_single=true", "null_data=all", "value_ids=false"]
    expected = Options(create_status=200, wrap_single=True, null_data="all", value_ids=False)
    assert expected == Options.parse(texts)


def test_every_option_can_be_parsed_back() -> None:
    defaults = dataclasses.asdict(Options())
    texts = [f"{name}={str(value).lower()}" for name, value in defaults.items()]
    assert Options() == Options.parse(texts)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("create_status", "is not name=value"),
        ("createStatus=200", "valid: archived_readable, .*wrap_single"),
        ("parse=1", "no option 'parse'"),
        ("create_status=two", "a whole number"),
        ("create_status=-1", "a whole number"),
        ("wrap_single=1", "true, false"),
        ("null_data=some", "scalars, all, none"),
    ],
)
def test_wrong_assignment_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Options.parse([text])


def test_options_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Options().create_status = 200  # type: ignore[misc]
