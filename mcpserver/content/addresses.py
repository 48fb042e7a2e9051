"""Builds the addresses of boards and items in the Infinity app."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from credentials.validators import SANDBOX_URL
from mcpserver.context import current_caller
from mcpserver.infinity import JsonObject


def with_address(record: JsonObject, *ids: str) -> JsonObject:
    """The record that a write was answered with, with `url`, the address of what has these ids.
    Without an id, or in the sandbox, it has none."""
    url = app_address(*ids) if all(ids) else None
    return {**record, "url": url} if url else record


def app_address(*ids: str) -> str | None:
    """The address of a board, of one of its folders or of an item, from the ids of board, folder
    and item; None in the sandbox, which has no app.

    The app is at the origin of the profile's API: white-label instances have their own domain.
    """
    base = current_caller().profile.api_base_url
    if base == SANDBOX_URL:
        return None
    parts = urlsplit(base)
    return "/".join([f"{parts.scheme}://{parts.netloc}/b", *(quote(id, safe="") for id in ids)])
