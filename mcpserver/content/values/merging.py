"""Merges settings key by key, because Infinity replaces them whole."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from mcpserver.content.errors import WrongValue
from mcpserver.infinity import InfinityClient, JsonObject

DAMAGED = (
    "Nothing was changed: Infinity's answer has damaged settings or labels, and a change would "
    "delete what cannot be read of them. Change it in the Infinity app, or try again once it is "
    "mended there."
)


async def read_undamaged(api: InfinityClient, reading: Awaitable[JsonObject]) -> JsonObject:
    """Read the record to merge settings with: anything missing from it would be deleted.

    Raises WrongValue when any part of it is damaged.
    """
    before = api.damaged
    record = await reading
    settings = record.get("settings")
    if api.damaged > before or not (isinstance(settings, dict) or settings == []):
        raise WrongValue(DAMAGED)
    if isinstance(settings, dict) and settings.get("labels", []) is None:
        raise WrongValue(DAMAGED)
    return record


def merged_settings(record: JsonObject, wanted: JsonObject) -> JsonObject:
    """The settings of `record` changed by `wanted`; objects are merged, lists replaced."""
    return _merged(record.get("settings"), wanted)


def _merged(known: Any, wanted: JsonObject) -> JsonObject:
    """`known` may be a list: Infinity, in PHP, returns an empty object as []."""
    merged = dict(known) if isinstance(known, dict) else {}
    for key, value in wanted.items():
        merged[key] = _merged(merged.get(key), value) if isinstance(value, dict) else value
    return merged
