"""Rejects passwords that are too long before they are hashed."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

MAX_PASSWORD_LENGTH = 4096
TOO_LONG = f"A password has {MAX_PASSWORD_LENGTH:,} characters at most."


def check_length(password: str) -> None:
    """Raise ValidationError for a password that is too long."""
    if len(password) > MAX_PASSWORD_LENGTH:
        raise ValidationError(TOO_LONG, code="password_too_long")


class MaximumLengthValidator:
    """`check_length` as a validator for AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError for a password that is too long."""
        check_length(password)

    def get_help_text(self) -> str:
        return TOO_LONG
