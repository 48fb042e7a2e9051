"""Finds the record that a name or an id means."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from mcpserver.infinity import JsonObject
from mcpserver.params import WrongValue

MAX_CANDIDATES = 30
MEMBER_KEYS = ("name", "email")  # a member is called either
LONGEST_NAME = 200  # characters; what is longer is only cut in messages
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class UnknownName(WrongValue):
    """No record, or more than one, has this name; a newer list may. `what` is its kind."""

    def __init__(self, message: str, *, what: str, wanted: str, candidates: str = "") -> None:
        super().__init__(message)
        self.what, self.wanted, self.candidates = what, wanted, candidates


def is_uuid(text: str) -> bool:
    """Whether it can only be an id: no name looks like this."""
    return _UUID.fullmatch(text.strip()) is not None


def visible(text: str) -> str:
    """Without characters that cannot be seen."""
    return _INVISIBLE.sub("", text)


def plain(text: str) -> str:
    """With composed letters and single blanks, and without characters that cannot be seen."""
    return " ".join(unicodedata.normalize("NFKC", visible(text)).split())


def folded(text: str) -> str:
    """`plain`, and in one case."""
    return plain(plain(text).casefold())


class Names:
    """The names and ids of a list of records.

    `what` says what the records are ("label"), `keys` where their names stand.
    """

    def __init__(
        self, records: Iterable[JsonObject], what: str, keys: tuple[str, ...] = ("name",)
    ) -> None:
        self._records, self._what, self._keys = list(records), what, keys

    def find(self, wanted: Any) -> JsonObject:
        """The record with this id, else with exactly this name, else the only one whose name reads
        the same. Raises UnknownName with the candidates."""
        text = self._asked(wanted)
        if record := self._by_id.get(text.strip()):
            return record
        if len(text) <= LONGEST_NAME:
            for level in (self._exact, self._plain, self._folded):
                found = level(text)
                if len(found) == 1:
                    return next(iter(found.values()))
                if found:
                    raise self._ambiguous(text, found)
        raise self._unknown(text)

    def has(self, text: str) -> bool:
        """Whether the whole text is an id or a name; one of several lines only as it stands."""
        if text.strip() in self._by_id:
            return True
        levels = (self._exact, self._plain, self._folded)
        usable = levels[:1] if len(text.splitlines()) > 1 else levels
        return len(text) <= LONGEST_NAME and any(level(text) for level in usable)

    def _asked(self, wanted: Any) -> str:
        if isinstance(wanted, bool) or not isinstance(wanted, str | int | float):
            shown = "null" if wanted is None else type(wanted).__name__
            kind = {"dict": "an object", "list": "a list", "bool": "true or false"}.get(
                shown, shown
            )
            raise WrongValue(f"a {self._what} is given by its name or id, not as {kind}")
        return str(wanted)

    @cached_property
    def _by_id(self) -> dict[str, JsonObject]:
        return {str(record["id"]): record for record in self._records}

    def _exact(self, text: str) -> dict[str, JsonObject]:
        return self._index(str).get(text, {})

    def _plain(self, text: str) -> dict[str, JsonObject]:
        return self._index(plain).get(plain(text), {})

    def _folded(self, text: str) -> dict[str, JsonObject]:
        return self._index(folded).get(folded(text), {})

    def _index(self, same: Callable[[str], str]) -> defaultdict[str, dict[str, JsonObject]]:
        """Records by id, by what `same` makes of their names. Made once for each `same`."""
        if same not in self._indexes:
            index = self._indexes[same] = defaultdict(dict)
            for record in self._records:
                for name in self._called(record):
                    index[same(name)][str(record["id"])] = record
        return self._indexes[same]

    @cached_property
    def _indexes(self) -> dict[Callable[[str], str], defaultdict[str, dict[str, JsonObject]]]:
        return {}

    def _called(self, record: JsonObject) -> list[str]:
        names = [record.get(key) for key in self._keys]
        return [name for name in names if isinstance(name, str) and name]

    def _ambiguous(self, text: str, found: Iterable[str]) -> UnknownName:
        ids = ", ".join(list(found)[:MAX_CANDIDATES])
        message = f"several {self._what}s are called {text!r}; use an id: {ids}"
        return UnknownName(message, what=self._what, wanted=text)

    def _unknown(self, text: str) -> UnknownName:
        shown = text if len(text) <= 100 else f"{text[:100]}…"
        return UnknownName(
            f"there is no {self._what} {shown!r}; there are: {self._candidates}",
            what=self._what,
            wanted=shown,
            candidates=self._candidates,
        )

    @cached_property
    def _candidates(self) -> str:
        shown = [self._candidate(record) for record in self._records[:MAX_CANDIDATES]]
        more = ["…"] if len(self._records) > MAX_CANDIDATES else []
        return ", ".join(shown + more) or "none"

    def _candidate(self, record: JsonObject) -> str:
        names = self._called(record)
        return repr(names[0][:60]) if names else str(record["id"])
