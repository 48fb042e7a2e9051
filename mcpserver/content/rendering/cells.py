"""Turns records into named texts: names for ids, plain times, Markdown for HTML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from mcpserver.content.conversion import Texts
from mcpserver.content.item_reader import Reader
from mcpserver.content.quoting import listed
from mcpserver.content.rendering import sizes
from mcpserver.content.rendering.lines import moment, one_line
from mcpserver.content.rendering.names import PEOPLE, attribute_id_of, raw_values
from mcpserver.content.richtext.richtext import looks_like_html
from mcpserver.content.values.conversions import kind_of
from mcpserver.content.values.labels import labels_of
from mcpserver.infinity import JsonObject

LONG = 100  # characters; a longer text has lines of its own
MANY = 8  # entries of a list that are texts; in a table, more are counted
MAX_KEY = 100  # characters
NAMES = ("name", "title", "original_name")
FIRST = ("id", "item_id", *NAMES)
SILENT = frozenset(("object", "notice"))
# Where a record stands among others is to be seen from the order of a list.
_SILENT_IN_TABLES = SILENT | {"sort_order"}
# Types of attributes that say what a field of the item says.
_MOMENTS = ("created_at", "updated_at")
_REPEATED = {"created_at": "created_at", "created_by": "created_by", "source_folder": "folder_id"}
# Keys of records that have values: an attribute of that name gets another column.
_KEYS = frozenset((*FIRST, "folder_id", "folder", "parent_id", "created_at", "created_by"))


@dataclass
class Row:
    """The texts of one record by column: short ones, and those that need lines of their own."""

    cells: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)


class Cells:
    """Reads the fields of records, with the names that `reader` knows."""

    def __init__(self, reader: Reader, texts: Texts) -> None:
        self._reader, self._texts = reader, texts
        self._most = sizes.limit() + 1  # characters of a text that are worth a look
        self.has_readable_texts = False
        """Whether there was a text that can be read to its end by another call."""

    def row(self, record: JsonObject) -> Row:
        """The record as a row of a table."""
        row = Row()
        fields = list(self.fields(record, _SILENT_IN_TABLES))
        names = sum(key in FIRST for key, _ in fields)  # which come first
        for column, text in [*fields[:names], *self.values(record), *fields[names:]]:
            if column == "attribute_ids" or is_long_list(record.get(column)):
                row.cells[column] = f"{len(record[column])} entries"
            elif "\n" in text or len(text) > LONG:
                row.texts[column] = text
            else:
                row.cells[column] = text
        return row

    def fields(self, record: JsonObject, silent: frozenset[str]) -> Iterator[tuple[str, str]]:
        """Pairs of a key and its text, without empty ones and without values of an item."""
        keys = [key for key in FIRST if key in record] + [key for key in record if key not in FIRST]
        for key in keys:
            if key in silent or (key in ("values", "changed") and isinstance(record[key], list)):
                continue
            text = self._field(record, key, record[key])[: self._most]
            if text and not text.isspace():
                yield key[:MAX_KEY], text

    def body(self, record: JsonObject) -> str:
        """The whole `text` of a comment or of a row of a value."""
        return self._field(record, "text", record.get("text"))

    def values(self, record: JsonObject) -> Iterator[tuple[str, str]]:
        """Pairs of an attribute's name and the text of its value, without empty ones."""
        for row in _rows(record, "values"):
            if row["text"]:
                is_moment = row.get("attribute_type") in _MOMENTS
                text = moment(row["text"]) if is_moment else row["text"]
                yield self._value(row["attribute_id"], row["attribute_name"], text)
        data = {attribute_id_of(value): value.get("data") for value in raw_values(record)}
        known = [each for each in self._attributes if each in data]
        for id in [*known, *(id for id in data if id not in self._attributes)]:
            if record.get(self._repeated.get(id, "")):
                continue
            attribute = self._attributes.get(id, {"id": id})
            text = self._reader.text(attribute, data[id], self._texts)
            if kind_of(attribute) in _MOMENTS:
                text = moment(text)
            if text and not text.isspace():
                yield self._value(id, attribute.get("name"), text)

    def changes(self, record: JsonObject) -> Iterator[tuple[str, str]]:
        """Pairs of an attribute's name and its new value, with the old one where it is known."""
        for row in _rows(record, "changed"):
            text = row["text"] or "empty"
            if row.get("was", row["text"]) != row["text"]:
                text += f" (was {one_line(row['was']) or 'empty'})"
            yield self._column(row["attribute_id"], row["attribute_name"]), text

    def _value(self, id: Any, name: Any, text: str) -> tuple[str, str]:
        self.has_readable_texts = True
        return self._column(id, name), text[: self._most]

    @cached_property
    def _attributes(self) -> dict[str, JsonObject]:
        return {str(each["id"]): each for each in self._reader.attributes}

    @cached_property
    def _repeated(self) -> dict[str, str]:
        """By attribute, the field of an item that says the same."""
        kinds = {id: kind_of(attribute) for id, attribute in self._attributes.items()}
        return {id: _REPEATED[kind] for id, kind in kinds.items() if kind in _REPEATED}

    @cached_property
    def _columns(self) -> dict[str, str]:
        return {}

    @cached_property
    def _used(self) -> set[str]:
        return set()

    def _column(self, id: Any, name: Any) -> str:
        """The attribute's name, made unlike the other columns."""
        if str(id) not in self._columns:
            column = " ".join(str(name or id).split())[:60]
            if column in _KEYS:
                column = f"attr:{column}"
            if column in self._used:
                column = f"{column} ({str(id)[:8]})"
            self._columns[str(id)] = column
            self._used.add(column)
        return self._columns[str(id)]

    def _field(self, record: JsonObject, key: str, value: Any) -> str:
        if value is None or value in ("", [], {}) or (key == "deleted" and value is False):
            return ""
        if key == "settings" and isinstance(value, dict) and labels_of(record):
            rest = {name: entry for name, entry in value.items() if name != "labels" and entry}
            labels = listed([label.get("name") or label["id"] for label in labels_of(record)])
            return f"{labels}; {self.text(rest)}" if rest else labels
        if key == "attribute_ids" and isinstance(value, list):
            return listed([self._attributes.get(str(id), {}).get("name") or id for id in value])
        if key in PEOPLE and not isinstance(value, dict):
            return self._reader.persons(value)
        if isinstance(value, str):
            return self._known_text(record, key, value)
        return self.text(value)

    def _known_text(self, record: JsonObject, key: str, value: str) -> str:
        """A text whose form is known: that of a comment is HTML, that of a row is not."""
        if key in ("created_at", "updated_at"):
            return moment(value, by="minutes")
        if key.endswith("_at"):
            return moment(value)
        if key == "text" and record.get("object") == "comment":
            self.has_readable_texts = True
            return self._texts.text(value)
        if key == "text" and "attribute_name" in record:
            return value
        return self.text(value)

    def text(self, value: Any) -> str:
        """The text of a value of any kind: of a nested record its name, of other nests JSON."""
        match value:
            case str():
                is_html = "<" in value and looks_like_html(value)
                return self._texts.text(value) if is_html else value
            case {"object": _, "id": id}:
                named = next((str(value[key]) for key in (*NAMES, "email") if value.get(key)), "")
                return named or " ".join(text for _, text in self.values(value)) or str(id)
            case list() if not any(isinstance(entry, dict | list) for entry in value):
                return listed([self.text(entry) for entry in value])
            case list() if all(isinstance(e, dict) and "object" in e and "id" in e for e in value):
                return ", ".join(self.text(entry) for entry in value)
        return orjson.dumps(value).decode()


def _rows(record: JsonObject, key: str) -> Iterator[JsonObject]:
    """The rows of the tools for values, which Infinity's own values are not."""
    rows = record.get(key)
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, dict) and isinstance(row.get("text"), str) and "attribute_name" in row:
            yield row


def is_long_list(value: Any) -> bool:
    """Whether a value is a list of so many texts that a table shows their number."""
    return isinstance(value, list) and len(value) > MANY and isinstance(value[0], str)
