"""Registers the operator's pages in the admin.

They are not in the apps of their models, because they list tools, ask Infinity and show how to set
up clients.
"""

from __future__ import annotations

from mcpserver.admin import audit, keys, profiles, users  # noqa: F401 - each registers its models
