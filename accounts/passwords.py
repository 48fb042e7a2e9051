"""Bounds the length of passwords, before anything is computed from them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

LONGEST_PASSWORD = 4096
TOO_LONG = f"A password has {LONGEST_PASSWORD:,} characters at most."


def check_length(password: str) -> None:
    """Raises ValidationError."""
    if len(password) > LONGEST_PASSWORD:
        raise ValidationError(TOO_LONG, code="password_too_long")


class MaximumLengthValidator:
    """For AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        check_length(password)

    def get_help_text(self) -> str:
        return TOO_LONG
