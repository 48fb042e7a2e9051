"""The operator's pages. They are above the apps whose models they show, because they name tools,
ask Infinity and show how clients are set up."""

from __future__ import annotations

from mcpserver.admin import audit, keys, profiles, users  # noqa: F401 - each registers its models
