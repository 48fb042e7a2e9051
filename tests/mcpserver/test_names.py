"""Which record a name means: exactly this one, else the only one that reads the same."""

from __future__ import annotations

from typing import Any

import pytest

from mcpserver.names import MAX_CANDIDATES, Names, UnknownName
from mcpserver.params import WrongValue

NFC, NFD = "\u00e9", "e\u0301"


def found(wanted: Any, *names: Any, **ids: Any) -> str:
    """The id of the record that `wanted` means; ids are n0, n1, …"""
    records = [{"id": f"n{number}", "name": name} for number, name in enumerate(names)]
    records += [{"id": id, "name": name} for id, name in ids.items()]
    return str(Names(records, "label").find(wanted)["id"])


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Done", "Done"),
        ("Done", "done"),
        ("Done", " Done\n"),
        (f"Caf{NFD}", f"Caf{NFC}"),
        (f"Caf{NFC}", f"CAF{NFD.upper()}"),
        ("Done ", "Done"),
        ("To  do", "To do"),
        ("To\u00a0do", "To do"),
        ("To\u2009do", "To do"),
        ("To\u3000do", "to do"),
        ("To\tdo", "To do"),
        ("Do\u00adne", "Done"),
        ("\u200bDone\u200d", "Done"),
        ("\ufeffDone", "Done"),
        ("Done", "Done\u200e"),
        ("\u2714\ufe0f Done", "\u2714 Done"),
        ("\uff24\uff4f\uff4e\uff45", "Done"),
        ("ﬁnal", "Final"),
        ("Straße", "STRASSE"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("№ 5", "no 5"),
        ("2026", 2026),
        ("-3", -3),
        ("1.5", 1.5),
        ("a/b%#?", "A/B%#?"),
        ("null", "null"),
    ],
)
def test_a_name_is_found_however_it_is_typed(name: str, asked: Any) -> None:
    assert "n1" == found(asked, "Other", name, "Another one")
    if isinstance(asked, str):  # and the other way round
        assert "n1" == found(name, "Other", asked, "Another one")


@pytest.mark.parametrize(
    ("names", "asked", "id"),
    [
        (("Done", "done", "DONE"), "done", "n1"),
        (("Done ", "Done"), "Done", "n1"),
        (("Done ", "Done"), "Done ", "n0"),
        (("Done  ", "done"), "Done", "n0"),
        ((f"Caf{NFD}", f"Caf{NFC}"), f"Caf{NFD}", "n0"),
        (("To\u00a0do", "to do"), "To do", "n0"),
    ],
)
def test_the_nearest_spelling_wins(names: tuple[str, ...], asked: str, id: str) -> None:
    assert id == found(asked, *names)


@pytest.mark.parametrize(
    ("names", "asked"),
    [
        (("Done", "Done"), "Done"),
        (("Done", "DONE"), "done"),
        (("Done ", " Done"), "Done"),
        ((f"Caf{NFD} ", f"Caf{NFC}\u00a0"), f"Caf{NFC}"),
    ],
)
def test_what_stays_ambiguous_is_refused_with_ids(names: tuple[str, ...], asked: str) -> None:
    with pytest.raises(UnknownName, match=r"several labels are called .* use an id: n0, n1"):
        found(asked, *names)


def test_an_id_is_never_taken_for_a_name() -> None:
    assert "a" == found("a", a="b", b="a")
    assert "a" == found(" a ", a="b", b="a")
    with pytest.raises(UnknownName):
        found("A", a="b")  # ids have one case


def test_one_record_that_is_there_twice_is_not_ambiguous() -> None:
    twice = [{"id": 1, "name": "Ada"}, {"id": 1, "name": "Ada"}]
    assert 1 == Names(twice, "member").find("ada")["id"]


@pytest.mark.parametrize("wanted", [None, True, False, ["Done"], {"name": "Done"}, {}])
def test_what_is_no_name_is_refused(wanted: Any) -> None:
    with pytest.raises(WrongValue, match="a label is given by its name or id, not as "):
        found(wanted, "None", "True", "Done", "['Done']")


@pytest.mark.parametrize("wanted", ["", " ", "\u200b", "Doen", "x" * 100_000])
def test_an_unknown_name_is_refused_with_the_candidates(wanted: str) -> None:
    with pytest.raises(UnknownName, match="there are: 'To do', 'Done'") as raised:
        found(wanted, "To do", "Done", None, "", 5)
    assert len(str(raised.value)) < 300


def test_candidates_are_bounded() -> None:
    with pytest.raises(UnknownName) as raised:
        found("x", *(f"{number}{'n' * 1000}" for number in range(500)))
    assert MAX_CANDIDATES == str(raised.value).count("nnn'")
    assert str(raised.value).endswith("…")
    assert len(str(raised.value)) < 4000
