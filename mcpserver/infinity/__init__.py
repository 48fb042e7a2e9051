"""Provides an async client of the Infinity REST API, independent of MCP and Django."""

from __future__ import annotations

from mcpserver.infinity.answers import JsonObject
from mcpserver.infinity.circuit import Circuit
from mcpserver.infinity.client import File, InfinityClient, Pacer
from mcpserver.infinity.errors import InfinityError
from mcpserver.infinity.transport import NetworkTransport

__all__ = [
    "Circuit",
    "File",
    "InfinityClient",
    "InfinityError",
    "JsonObject",
    "NetworkTransport",
    "Pacer",
]
