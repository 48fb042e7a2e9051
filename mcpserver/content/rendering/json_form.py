"""Bounds data that is sent as JSON: pages between records, single records within long texts."""

from __future__ import annotations

from typing import Any

import orjson

from mcpserver.content.rendering import sizes
from mcpserver.content.rendering.pages import Page
from mcpserver.content.rendering.pieces import Piece, piece_of
from mcpserver.infinity import JsonObject

_RESERVE = 500  # characters, for cursors and notices
_CUT = (
    "Texts that end with … and long lists are cut: read one text to its end with "
    "infinity_get_item_attribute_value or infinity_get_comment and offset=0."
)


def written(data: JsonObject) -> str:
    """The JSON of data."""
    return orjson.dumps(data).decode()


def bounded_page(page: Page, notice: str) -> JsonObject:
    """A page with the records that fit, at least one, and a cursor that goes on with the next."""
    kept = _fitting(page, sizes.limit() - _RESERVE - len(notice))
    if kept < len(page.records):
        fit = f"{kept} of {len(page.records)} records fit"
        page = page.cut(kept)
        notice = _joined(notice, f"{fit}{page.going_on}.")
    return bounded_record(page.data, notice)


def bounded_record(data: JsonObject, notice: str) -> JsonObject:
    """Data with long texts and lists cut until it fits."""
    whole = _noted(data, notice)
    if sizes.fits(written(whole)):
        return whole
    size = sizes.limit() // 2
    while size >= 20:
        cut = _noted(_shortened(data, size), _joined(notice, _CUT))
        if sizes.fits(written(cut)):
            return cut
        size //= 2
    kept = {key: data[key] for key in ("id", "has_more", "before", "after") if key in data}
    return _noted(_shortened(kept, 100), _joined(notice, "Too much for one result."))


def bounded_piece(record: JsonObject, offset: int, notice: str) -> JsonObject:
    """A record whose `text` is read from a character on, as far as it fits. Raises WrongValue."""
    whole = _noted(record, notice)
    if not offset and sizes.fits(written(whole)):
        return whole
    others = {key: record[key] for key in record if key not in ("text", "data")}

    def cut(piece: Piece) -> JsonObject:
        told = _joined(notice, f"{piece.told}." if piece.told else "")
        return _noted({**others, "offset": offset, "text": piece.text}, told)

    text = str(record.get("text") or "")
    piece = piece_of(text, offset, lambda piece: sizes.fits(written(cut(piece))))
    return bounded_record(cut(piece), "")


def _fitting(page: Page, room: int) -> int:
    kept = 0
    for record in page.nearest:
        room -= sizes.size_of(written(record)) + 1
        if room < 0 and kept:
            break
        kept += 1
    return kept


def _noted(data: JsonObject, notice: str) -> JsonObject:
    return {"notice": notice, **data} if notice else data


def _joined(*notices: str) -> str:
    return " ".join(filter(None, notices))


def _shortened(value: Any, size: int) -> Any:
    """The value with short texts and lists."""
    if isinstance(value, str):
        return value if len(value) <= size else f"{value[:size]}…"
    if isinstance(value, dict):
        return {key: _shortened(entry, size) for key, entry in value.items()}
    if isinstance(value, list):
        return [_shortened(entry, size) for entry in value[: max(1, size // 20)]]
    return value
