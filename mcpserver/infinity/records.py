"""Validates records of Infinity one by one, and leaves out damaged ones."""

from __future__ import annotations

from typing import Any

from mcpserver.infinity.answers import JsonObject


def is_id(value: Any) -> bool:
    """Whether `value` can be an id: a number or a text, depending on the resource."""
    return type(value) is int or (type(value) is str and bool(value.strip()))


def is_record(value: Any) -> bool:
    """Whether `value` is an object with an id."""
    return isinstance(value, dict) and is_id(value.get("id"))


def undamaged_page(page: JsonObject) -> tuple[JsonObject, int]:
    """The page without damaged records, and how many records and parts of them were damaged."""
    records = [record for record in page["data"] if is_record(record)]
    damaged = len(page["data"]) - len(records)
    for number, record in enumerate(records):
        records[number], parts = undamaged_record(record)
        damaged += parts
    return {**page, "data": records}, damaged


def undamaged_record(record: JsonObject) -> tuple[JsonObject, int]:
    """The record without damaged values and labels, and how many there were."""
    damaged = 0
    if record.get("values") is not None:
        values = record["values"] if isinstance(record["values"], list) else [None]
        kept = [value for value in values if _is_value(value)]
        if damaged := len(values) - len(kept):
            record = {**record, "values": kept}
    settings = record.get("settings")
    if isinstance(settings, dict) and settings.get("labels") is not None:
        labels, lost = _undamaged_labels(settings["labels"])
        if lost:
            record = {**record, "settings": {**settings, "labels": labels}}
        damaged += lost
    return record, damaged


def _is_value(value: Any) -> bool:
    """Whether an entry names its attribute, as `attribute_id` or as an expanded `attribute`."""
    if not isinstance(value, dict):
        return False
    attribute = value.get("attribute")
    if attribute is None:
        return is_id(value.get("attribute_id"))
    return isinstance(attribute, dict) and is_id(value.get("attribute_id") or attribute.get("id"))


def _undamaged_labels(labels: Any) -> tuple[Any, int]:
    """Labels without damaged ones; Infinity returns them as a list or as an object."""
    if isinstance(labels, dict):
        kept = {key: label for key, label in labels.items() if is_record(label)}
        return kept, len(labels) - len(kept)
    if isinstance(labels, list):
        kept_labels = [label for label in labels if is_record(label)]
        return kept_labels, len(labels) - len(kept_labels)
    return [], 1
