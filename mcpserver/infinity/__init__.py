"""An async client of the Infinity REST API (`infinity-api`); it knows nothing of MCP or Django."""

from __future__ import annotations

from mcpserver.infinity.answers import JsonObject
from mcpserver.infinity.circuit import Circuit
from mcpserver.infinity.client import InfinityClient, Pacer
from mcpserver.infinity.errors import InfinityError
from mcpserver.infinity.transport import (
    InProcessTransport,
    NetworkTransport,
    Transport,
    UploadedFile,
)

__all__ = [
    "Circuit",
    "InProcessTransport",
    "InfinityClient",
    "InfinityError",
    "JsonObject",
    "NetworkTransport",
    "Pacer",
    "Transport",
    "UploadedFile",
]
