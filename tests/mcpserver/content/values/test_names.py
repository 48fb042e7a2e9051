"""Which record a name means: exactly this one, else the only one that reads the same."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from mcpserver.content.errors import WrongValue
from mcpserver.content.values.names import MAX_CANDIDATES, Names, UnknownName
from tests.measuring import thread_seconds, turns_given

ODD_FLOATS = [float("inf"), float("-inf"), float("nan")]
NFC, NFD = "\u00e9", "e\u0301"


def found(wanted: Any, *names: Any, **ids: Any) -> str:
    """The id of the record that `wanted` means; ids are n0, n1, …"""
    records = [{"id": f"n{number}", "name": name} for number, name in enumerate(names)]
    records += [{"id": id, "name": name} for id, name in ids.items()]
    return str(asyncio.run(Names(records, "label").find(wanted))["id"])


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
        ("Name " + "\uff57" * 61, "Name " + "w" * 61),
        ("\uff37" * 200, "w" * 200),
        ("\uff76\uff9e" * 90, "\u30ac" * 90),  # a mark belongs to the letter before it
        ("a" * 19 + "e\u0301", "a" * 19 + "\u00e9"),
        ("\ufb01" * 100, "FI" * 100),
        ("\u2460 " * 99, "1 " * 99),
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
    assert 1 == asyncio.run(Names(twice, "member").find("ada"))["id"]


@pytest.mark.parametrize(
    "letter",
    [
        "x",
        "\ufdfa",
        "\ufdfb",
        "\u3316",
        "\u3316\u0316\u0301",
        "\u2057",
        "\uff57",
        "\uff76\uff9e",
        "\ufb2c",
        "\u33af",
        "e\u0301",
        "\u0301",
        "\u0301\u0316",
        "\u1e9e",
        "\u200b",
    ],
)
@pytest.mark.parametrize("length", [197])
def test_unknown_names_take_little_time_whatever_their_letters_stand_for(
    letter: str, length: int
) -> None:
    names = Names([{"id": "1", "name": "A"}], "attribute")
    words = [f"{n:03}{(letter * 200)[:length]}" for n in range(200)]

    async def asked() -> None:
        for word in words:
            with suppress(UnknownName):
                await names.find(word)

    letters = "x" * 40_000 * 40
    assert thread_seconds(lambda: asyncio.run(asked())) < thread_seconds(
        lambda: [ord(each) for each in letters]
    )


@pytest.mark.parametrize("wanted", ["name 7", "NAME 7", "Name  7"])
def test_others_have_their_turn_between_two_names(wanted: str) -> None:
    names = Names([{"id": str(n), "name": f"name {n}"} for n in range(500)], "label")
    assert turns_given(lambda: names.find(wanted)) >= 500


def test_many_records_of_one_name_take_their_number() -> None:
    def refused(count: int) -> float:
        names = Names([{"id": str(n), "name": "Done"} for n in range(count)], "label")

        def asked() -> None:
            with pytest.raises(UnknownName, match="several"):
                asyncio.run(names.find("done"))

        return thread_seconds(asked)

    assert refused(20_000) < 50 * refused(2_000) + 0.1


@pytest.mark.parametrize("length", [200, 201, 1000, 100_000])
@pytest.mark.parametrize("letter", ["x", "\ufdfa", "e\u0301", " x"])
def test_a_name_of_any_length_is_found_as_it_is_spelled(letter: str, length: int) -> None:
    name = (letter * length)[:length]
    assert "n1" == found(name, f"{name}y", name)
    assert asyncio.run(Names([{"id": "1", "name": name}], "label").has(name))
    with pytest.raises(UnknownName) as raised:
        found(f"{name}z", name)
    assert len(str(raised.value)) < 300
    with pytest.raises(UnknownName, match="several") as raised:
        found(name, name, name)
    assert len(str(raised.value)) < 300


def test_long_names_are_found_as_they_are_composed() -> None:
    assert "n1" == found(f"{NFD * 80} ", "Other", NFC * 80)
    assert "n1" == found(f"{NFC * 80}X", "Other", f"{NFD * 80}x")


@pytest.mark.parametrize("wanted", [None, True, False, ["Done"], {"name": "Done"}, {}, *ODD_FLOATS])
def test_what_is_no_name_is_refused(wanted: Any) -> None:
    with pytest.raises(WrongValue, match="a label is given by its name or id, not as "):
        found(wanted, "None", "True", "Done", "['Done']", "inf", "-inf", "nan")


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
