"""Makes API keys and their digests."""

from __future__ import annotations

import hashlib
import secrets

KEY_MARK = "mcp_"
KEY_BYTES = 32
PREFIX_LENGTH = 8
MAX_KEY_LENGTH = 256  # also allows keys that people made by hand for the Node server


def new_key() -> str:
    """A random API key in plain text, which begins with KEY_MARK."""
    return KEY_MARK + secrets.token_urlsafe(KEY_BYTES)


def digest_of(key: str) -> str:
    """SHA-256 in hex: enough for 256 random bits, and what the Node server stored."""
    return hashlib.sha256(key.encode()).hexdigest()
