"""Stores the client and the MCP user that OAUTH_CLIENT_ID and OAUTH_MCP_USER name."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from accounts.models import McpUser
from oauthbridge.models import Application

logger = logging.getLogger(__name__)


@transaction.atomic
def register_configured_client() -> None:
    """Make or update the client. Several starting processes may do this at the same time."""
    if not (settings.OAUTH_ENABLED and settings.OAUTH_CLIENT_ID):
        return
    client, is_new = Application.objects.get_or_create(
        client_id=settings.OAUTH_CLIENT_ID,
        defaults={
            "name": settings.OAUTH_CLIENT_ID,
            "client_type": Application.CLIENT_CONFIDENTIAL,
            "client_secret": make_password(settings.OAUTH_CLIENT_SECRET),
        },
    )
    if is_new or _is_current(client):
        return
    client.client_type = Application.CLIENT_CONFIDENTIAL
    client.client_secret = make_password(settings.OAUTH_CLIENT_SECRET)
    client.registration_source = Application.RegistrationSource.MANUAL
    client.save()


def _is_current(client: Application) -> bool:
    return (
        client.client_type == Application.CLIENT_CONFIDENTIAL
        and client.registration_source == Application.RegistrationSource.MANUAL
        and check_password(settings.OAUTH_CLIENT_SECRET, client.client_secret)
    )


def warn_of_unknown_user() -> None:
    """Log a warning if OAUTH_MCP_USER does not exist. (System checks at start use no database.)"""
    name = settings.OAUTH_MCP_USER
    if settings.OAUTH_ENABLED and not McpUser.objects.filter(name=name).exists():
        logger.warning(
            "There is no MCP user %r, which OAUTH_MCP_USER names: the consent page proposes none."
            " Make it with `manage.py credentials_add_user --name %s --profile PROFILE"
            " --access read-write`, or name another and restart.",
            name,
            name,
        )
