"""Builds the addresses of boards and items in the Infinity app."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from credentials.validators import SANDBOX_URL
from mcpserver.context import current_caller


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
