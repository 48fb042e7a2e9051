"""The Django project: its version, and the choice of its settings module."""

from __future__ import annotations

import os

__version__ = "0.1.0"


def choose_settings() -> None:
    """Use this project's settings, unless DJANGO_SETTINGS_MODULE names others of this project: a
    shell or a service may still have that of another project."""
    if not os.environ.get("DJANGO_SETTINGS_MODULE", "").startswith(("infinity_mcp.", "tests.")):
        os.environ["DJANGO_SETTINGS_MODULE"] = "infinity_mcp.settings"
