"""Django's PostgreSQL backend, as an ENGINE that empties small tables fast, and what the tests'
database is called."""

from __future__ import annotations

from hashlib import sha256

# In bytes: PostgreSQL cuts what is longer, and each process adds its own end.
MAX_NAME_LENGTH = 63 - len("_gw9999")


def own_name(database: str) -> str:
    """What the tests' database is called beside `database`: as no other project calls its own, and
    as no other database of ours, since it is dropped without a question."""
    name = f"test_infinity_mcp_{database}"
    if len(name.encode()) <= MAX_NAME_LENGTH:
        return name
    digest = sha256(database.encode()).hexdigest()[:8]
    room = MAX_NAME_LENGTH - len(f"_{digest}")
    return f"{name.encode()[:room].decode(errors='ignore')}_{digest}"
