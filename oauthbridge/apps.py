"""Registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class OAuthBridgeConfig(AppConfig):
    """Registers the system checks of OAuth's settings."""

    name = "oauthbridge"
    verbose_name = "OAuth"

    def ready(self) -> None:
        from oauthbridge import checks  # noqa: F401 - registers them
