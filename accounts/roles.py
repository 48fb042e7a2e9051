"""Defines the roles of people in the admin, and the groups that carry them.

A person without a role cannot enter the admin and only connects agents. Superusers need no group.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission
from django.db import models


class Role(models.TextChoices):
    """What a person may do in the admin, from the least to the most."""

    NONE = "none", "No admin: connects agents only"
    AUDITOR = "auditor", "Auditor: sees everything but secrets, changes nothing"
    OPERATOR = "operator", "Operator: manages MCP users, keys, profiles and connections"
    SUPERUSER = "superuser", "Superuser: may do everything, roles and OAuth clients included"


GROUP_ROLES = (Role.AUDITOR, Role.OPERATOR)
AUDITED_APPS = ("accounts", "credentials", "mcpserver", "oauthbridge")
# Digests of what OAuth clients hold: of no use to people.
NOT_AUDITED = ("accesstoken", "grant", "refreshtoken")
OPERATED = {
    # `PersonAdmin` limits which people an operator may change.
    "accounts": (
        "add_mcpuser",
        "change_mcpuser",
        "delete_mcpuser",
        "change_apikey",
        "add_user",
        "change_user",
    ),
    "credentials": ("add_profile", "change_profile", "delete_profile"),
    "oauthbridge": ("delete_connection",),
}


def install_roles(app_config: AppConfig, using: str, **_: Any) -> None:
    """Make both groups, with exactly their permissions; runs after `migrate`, when all exist."""
    if app_config is not list(apps.get_app_configs())[-1]:
        return
    seen = _permissions(using).exclude(content_type__model__in=NOT_AUDITED)
    seen = seen.filter(codename__startswith="view_")
    granted = {Role.AUDITOR: set(seen), Role.OPERATOR: {*seen, *_operated(using)}}
    for role, permissions in granted.items():
        group, _made = Group.objects.using(using).get_or_create(name=role.value)
        group.permissions.set(permissions)


def _permissions(using: str) -> models.QuerySet[Permission]:
    every = Permission.objects.using(using)
    return every.filter(content_type__app_label__in=AUDITED_APPS)


def _operated(using: str) -> list[Permission]:
    return [
        permission
        for permission in _permissions(using).select_related("content_type")
        if permission.codename in OPERATED.get(permission.content_type.app_label, ())
    ]
