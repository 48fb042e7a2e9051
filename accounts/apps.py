"""Installs the groups of the roles after each migration."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AccountsConfig(AppConfig):
    """Gives the groups of the roles their permissions after each migration."""

    name = "accounts"

    def ready(self) -> None:
        from accounts.roles import install_roles

        post_migrate.connect(install_roles, dispatch_uid="accounts.roles")
