"""Changes settings key by key, where Infinity would replace them whole."""

from __future__ import annotations

from mcpserver.infinity import JsonObject


def merged_settings(record: JsonObject, wanted: JsonObject) -> JsonObject:
    """The settings of `record`, with those of `wanted` in place of the ones of the same name.

    PHP writes an empty object as [] (infinity-api.md §22.7).
    """
    settings = record.get("settings")
    return {**(settings if isinstance(settings, dict) else {}), **wanted}
