"""Bounds data that is sent as JSON: pages between records, single records within long texts."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import Any

import orjson

from mcpserver.content.rendering import sizes
from mcpserver.content.rendering.pages import Page
from mcpserver.content.rendering.pieces import Piece, piece_of
from mcpserver.infinity import JsonObject

MAX_LEVELS, MAX_FIELDS = 20, 50  # of nesting, and of each object, that a cut record keeps
_CUT = "Texts that end with …, long lists and large objects are cut."
_READ_ON = (
    "infinity_get_item_attribute_value and infinity_get_comment read one text to its end, from "
    "offset=0 on."
)


def written(data: JsonObject) -> str:
    """The JSON of data."""
    return orjson.dumps(data).decode()


def bounded_page(page: Page, notice: str) -> JsonObject:
    """A page with the records that fit, at least one, and a cursor that goes on with the next.

    One record that does not fit by itself has its long texts and lists cut.
    """
    kept = _estimate(page)
    while True:
        shown = page.cut(kept)
        fit = f"{kept} of {len(page.records)} records fit{shown.going_on}."
        data = _noted(shown.data, _joined(notice, fit if kept < len(page.records) else ""))
        if _fits(data):
            return data
        if kept <= 1:
            return _with_cut_record(data)
        kept -= 1


def bounded_record(data: JsonObject, notice: str) -> JsonObject:
    """A record with long texts and lists cut until it fits."""
    whole = _noted(data, notice)
    if _fits(whole):
        return whole
    told = _joined(notice, _CUT, _READ_ON)
    return _cut(data, lambda cut: _noted(cut, told), _fits)


def bounded_piece(
    record: JsonObject, text: Callable[[], str], offset: int, notice: str
) -> JsonObject:
    """A record as it is, or if it is long with its readable `text` from a character on, as far as
    that fits. Raises WrongValue."""
    whole = _noted(record, notice)
    if not offset and _fits(whole):
        return whole
    others = {key: record[key] for key in record if key not in ("text", "data")}
    if sizes.size_of(written(others)) > sizes.limit() // 2:
        others = _cut(others, lambda cut: cut, _fits_twice)
        notice = _joined(notice, _CUT)

    def with_piece(piece: Piece) -> JsonObject:
        told = f"{piece.told}." if piece.told else ""
        after = {"next_offset": piece.end} if piece.end < piece.total else {}
        place = {"offset": offset, **after, "characters": piece.total}
        return _noted({**others, **place, "text": piece.text}, _joined(notice, told))

    return with_piece(piece_of(text(), offset, lambda piece: _fits(with_piece(piece))))


def _estimate(page: Page) -> int:
    """How many records may fit, at least one."""
    room, kept = sizes.limit(), 0
    for record in page.nearest:
        room -= sizes.size_of(written(record)) + 1
        if room < 0:
            break
        kept += 1
    return max(kept, min(1, len(page.records)))


def _with_cut_record(page: JsonObject) -> JsonObject:
    """A page of at most one record, with long texts and lists of that record cut."""
    told = _joined(page.get("notice", ""), _CUT, _READ_ON)
    record = page["data"][0] if page["data"] else {}
    return _cut(
        record, lambda cut: _noted({**page, "data": [cut][: len(page["data"])]}, told), _fits
    )


def _cut(
    record: JsonObject,
    around: Callable[[JsonObject], JsonObject],
    fits: Callable[[JsonObject], bool],
) -> JsonObject:
    """`around` the record with its texts and lists cut shorter and shorter, until it fits."""
    size, cut = sizes.limit() // 2, record
    while size >= 20:
        cut = _shortened(cut, size)
        whole = around(cut)
        if fits(whole):
            return whole
        size //= 2
    ids: JsonObject = {key: record[key] for key in ("id", "item_id") if key in record}
    short: JsonObject = _shortened(around({**ids, "cut": "too much for one result"}), 2_000)
    return short


def _fits(data: JsonObject) -> bool:
    return sizes.fits(written(data))


def _fits_twice(data: JsonObject) -> bool:
    return sizes.size_of(written(data)) <= sizes.limit() // 2


def _noted(data: JsonObject, notice: str) -> JsonObject:
    others = {key: data[key] for key in data if key != "notice"}
    return {"notice": notice, **others} if notice else others


def _joined(*notices: str) -> str:
    return " ".join(filter(None, notices))


def _shortened(value: Any, size: int, levels: int = MAX_LEVELS) -> Any:
    """The value with short texts and lists, and nothing nested deeper than `levels`."""
    if isinstance(value, str):
        return value if len(value) <= size else f"{value[:size]}…"
    if isinstance(value, dict | list) and not levels:
        return "…"
    if isinstance(value, dict):
        kept = islice(value.items(), max(MAX_FIELDS, size // 20))
        return {key: _shortened(entry, size, levels - 1) for key, entry in kept}
    if isinstance(value, list):
        return [_shortened(entry, size, levels - 1) for entry in value[: max(1, size // 20)]]
    return value
