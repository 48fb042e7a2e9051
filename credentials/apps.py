"""Registers the system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import Tags, register


class CredentialsConfig(AppConfig):
    """Registers the system checks of the store keys and of the default URL."""

    name = "credentials"

    def ready(self) -> None:
        from credentials import checks

        register(checks.check_store_keys, Tags.security)
        register(checks.check_default_base_url, Tags.security)
