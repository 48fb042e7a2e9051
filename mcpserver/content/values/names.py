"""Finds records by name or id."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from math import isfinite
from typing import Any

from mcpserver.content.blank import visible
from mcpserver.content.errors import WrongValue
from mcpserver.content.turns import give_way
from mcpserver.infinity import JsonObject

MAX_CANDIDATES = 30
MEMBER_KEYS = ("name", "email")  # both count as names of a member
MAX_NAME_LENGTH = 200  # characters; longer names are found only in their exact spelling
MAX_NORMALIZED = 250  # characters of a name in normal form
_PIECE = 20
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


class UnknownName(WrongValue):
    """No record of the kind `what`, or more than one, has this name; a newer list may have it."""

    def __init__(self, message: str, *, what: str, wanted: str, candidates: str = "") -> None:
        super().__init__(message)
        self.what, self.wanted, self.candidates = what, wanted, candidates


def is_uuid(text: str) -> bool:
    """Whether a text is a UUID, and so an id and no name."""
    return _UUID.fullmatch(text.strip()) is not None


def plain(text: str) -> str:
    """`text` with composed letters and single blanks, and without invisible characters."""
    if len(text) > MAX_NAME_LENGTH:
        return text
    # ASCII is composed and visible.
    return " ".join((text if text.isascii() else _composed(visible(text))).split())


@lru_cache(maxsize=2_048)
def _composed(text: str) -> str:
    """NFKC, made in pieces up to MAX_NORMALIZED, because one letter may become 18; the rest stays
    as it is."""
    written, rest = "", text
    while rest and len(written) < MAX_NORMALIZED:
        written += unicodedata.normalize("NFKC", rest[:_PIECE])
        rest = rest[_PIECE:]
    return unicodedata.normalize("NFC", written + rest)


def folded(text: str) -> str:
    """`text` as by `plain`, without regard to case."""
    return text if len(text) > MAX_NAME_LENGTH else _in_one_case(plain(text))


def _in_one_case(shown: str) -> str:
    """A text that is `plain` already, without regard to case."""
    lowered = shown.casefold()
    return shown if lowered == shown else plain(lowered)


_Index = dict[str, tuple[str, ...]]  # ids by name: all of them up to MAX_CANDIDATES
# Forms in which names are compared, the strictest first; each is made from the one before.
_STEPS: tuple[Callable[[str], str], ...] = (str, plain, _in_one_case)


def _cut(text: str) -> str:
    return text if len(text) <= 100 else f"{text[:100]}…"


def _add(index: _Index, name: str, ids: tuple[str, ...]) -> None:
    known = index.setdefault(name, ids)
    if known != ids and len(known) < MAX_CANDIDATES:
        index[name] = tuple(dict.fromkeys(known + ids))[:MAX_CANDIDATES]


class Names:
    """Finds records of a list by name and id.

    `what` is the kind of the records ("label"), `keys` are the keys of their names, and `where`
    says where a record is, to tell those of the same name apart. The work is split into short
    turns: there may be thousands of names, and a long one may take as long as a hundred others.
    """

    def __init__(
        self,
        records: Iterable[JsonObject],
        what: str,
        keys: tuple[str, ...] = ("name",),
        where: Callable[[JsonObject], str] | None = None,
    ) -> None:
        self._where = where or (lambda record: "")
        self._records, self._what, self._keys = list(records), what, keys
        self._indexes: dict[int, _Index] = {}  # by step

    async def find(self, wanted: Any) -> JsonObject:
        """The record with this id, else with exactly this name, else the only one with an equal
        name in a looser form. Raises UnknownName with the candidates."""
        text = self._as_text(wanted)
        if record := self._by_id.get(text.strip()):
            return record
        if record := await self.named(text):
            return record
        raise self._unknown(text)

    async def named(self, text: str) -> JsonObject | None:
        """As `find`, by name only; None without an equal name."""
        ids = await self._ids_of(text, len(_STEPS))
        if len(ids) > 1:
            raise self._ambiguous(text, ids)
        return self._by_id[ids[0]] if ids else None

    async def has(self, text: str) -> bool:
        """Whether the whole text is an id or a name; of several lines only in exact spelling."""
        if text.strip() in self._by_id:
            return True
        has_lines = len(text.splitlines()) > 1
        return bool(await self._ids_of(text, 1 if has_lines else len(_STEPS)))

    async def _ids_of(self, text: str, steps: int) -> tuple[str, ...]:
        """The ids of records with this name, in the strictest form that finds any."""
        for number in range(steps if len(text) <= MAX_NAME_LENGTH else 1):
            await give_way()
            text = _STEPS[number](text)
            if ids := (await self._index(number)).get(text):
                return ids
        return ()

    def _as_text(self, wanted: Any) -> str:
        if isinstance(wanted, bool) or not isinstance(wanted, str | int | float):
            shown = "null" if wanted is None else type(wanted).__name__
            kind = {"dict": "an object", "list": "a list", "bool": "true or false"}.get(
                shown, shown
            )
            raise WrongValue(f"a {self._what} is given by its name or id, not as {kind}")
        if isinstance(wanted, float) and not isfinite(wanted):
            raise WrongValue(f"a {self._what} is given by its name or id, not as {wanted}")
        return str(wanted)

    @cached_property
    def _by_id(self) -> dict[str, JsonObject]:
        return {str(record["id"]): record for record in self._records}

    async def _index(self, step: int) -> _Index:
        """The ids by names in the form of this step, built on first use."""
        if step not in self._indexes:
            index: _Index = {}
            for name, ids in self._indexes[step - 1].items() if step else self._as_spelled():
                await give_way()
                if not step or len(name) <= MAX_NAME_LENGTH:
                    _add(index, _STEPS[step](name), ids)
            self._indexes[step] = index
        return self._indexes[step]

    def _as_spelled(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for record in self._records:
            for name in self._names_of(record):
                yield name, (str(record["id"]),)

    def _names_of(self, record: JsonObject) -> list[str]:
        names = [record.get(key) for key in self._keys]
        return [name for name in names if isinstance(name, str) and name]

    def _ambiguous(self, text: str, ids: tuple[str, ...]) -> UnknownName:
        which = ", ".join(f"{id}{self._where(self._by_id[id])}" for id in ids)
        message = f"several {self._what}s are called {_cut(text)!r}; use an id: {which}"
        return UnknownName(message, what=self._what, wanted=text)

    def _unknown(self, text: str) -> UnknownName:
        shown = _cut(text)
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
        names = self._names_of(record)
        return repr(names[0][:60]) if names else str(record["id"])
