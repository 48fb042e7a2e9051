"""Streams rows as CSV, a part at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.db.models import Model, QuerySet

ROWS_AT_A_TIME = 2000
# Cells that begin so would be formulas in a spreadsheet; the last four are = + - @ in full width.
_FORMULA_STARTS = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")


async def csv_parts(rows: QuerySet[Model], fields: Sequence[str]) -> AsyncIterator[bytes]:
    """The lines of a CSV file, with a heading."""
    yield _lines([fields])
    parts = _parts(rows.values_list(*fields))
    while part := await sync_to_async(lambda: next(parts, b""))():
        yield part


def _parts(rows: QuerySet[Model, tuple[Any, ...]]) -> Iterator[bytes]:
    unread = rows.iterator(chunk_size=ROWS_AT_A_TIME)
    while part := list(islice(unread, ROWS_AT_A_TIME)):
        yield _lines(part)


def _lines(rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(
        [_cell(value) for value in row] for row in rows
    )
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = orjson.dumps(value).decode() if isinstance(value, dict) else str(value)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
