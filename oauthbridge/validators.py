"""Validates the fields of OAuth clients."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from oauthbridge import redirects

MIN_SECRET_LENGTH = 16
MAX_REDIRECT_URIS = 100


def validate_redirect_uris(text: str, *, needs_one: bool) -> None:
    """Raise ValidationError for too many URIs, or one that codes may not be sent to."""
    uris = text.split(maxsplit=MAX_REDIRECT_URIS)
    if len(uris) > MAX_REDIRECT_URIS:
        message = f"A client has {MAX_REDIRECT_URIS} redirect URIs at most."
        raise ValidationError({"redirect_uris": message})
    for uri in uris:
        problem = redirects.problem_with(uri)
        if problem:
            message = f"{uri[:200]} cannot be a redirect URI: {problem}."
            raise ValidationError({"redirect_uris": message})
    if not uris and needs_one:
        raise ValidationError({"redirect_uris": "At least one redirect URI is needed."})


def validate_secret(secret: str) -> None:
    """Raise ValidationError for the secret of a confidential client that is too short."""
    if len(secret) < MIN_SECRET_LENGTH:
        message = (
            f"Give at least {MIN_SECRET_LENGTH} characters: `openssl rand -hex 32` makes some."
        )
        raise ValidationError({"client_secret": message})
