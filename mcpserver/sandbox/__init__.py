"""Provides an embedded Infinity: REST API v2 with a small invented workspace, as an ASGI app.

It is as strict as the real one, needs no account and makes no network calls. It imports nothing
from the rest of the project.
"""

from __future__ import annotations

from mcpserver.sandbox.app import create_app
from mcpserver.sandbox.data.people import ADA_TOKEN, BOB_TOKEN, CAROL_TOKEN, RITA_TOKEN, TOKENS
from mcpserver.sandbox.rules.options import Options
from mcpserver.sandbox.state import Delivery, Sandbox

__all__ = [
    "ADA_TOKEN",
    "BOB_TOKEN",
    "CAROL_TOKEN",
    "RITA_TOKEN",
    "TOKENS",
    "Delivery",
    "Options",
    "Sandbox",
    "create_app",
]
