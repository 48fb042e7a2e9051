"""The Django project: settings, URLs, the ASGI application."""

from __future__ import annotations

import os

__version__ = "0.1.0"


def choose_settings() -> None:
    """This project's, unless others of its own are asked for: a shell, or a service, may still name
    those of another project."""
    if not os.environ.get("DJANGO_SETTINGS_MODULE", "").startswith(("infinity_mcp.", "tests.")):
        os.environ["DJANGO_SETTINGS_MODULE"] = "infinity_mcp.settings"
