"""Forms for signing in with name and password, on our pages and in the admin."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import ValidationError
from unfold.forms import AuthenticationForm as ThemedAdminForm

from accounts.signin.limits import (
    WRONG_PASSWORDS_FROM_ADDRESS,
    WRONG_PASSWORDS_OF_NAME,
    WRONG_PASSWORDS_OF_NAME_FROM_ADDRESS,
    WRONG_PASSWORDS_OF_PERSON,
    Limit,
    address_of,
    give_back,
    take_all,
)
from accounts.signin.passwords import check_length
from infinity_mcp.core.events import EventKind, announce

TOO_MANY = "Too many wrong passwords. Try again in 15 minutes."

logger = logging.getLogger(__name__)


class LoginForm(AuthenticationForm):
    """Name and password; `is_limited` if they were not checked after too many wrong ones."""

    is_limited = False

    def clean(self) -> dict[str, Any]:
        check_length(self.cleaned_data.get("password", ""))
        counted = self._counted()
        # Counted before the password is checked, and given back if it was right, so that
        # simultaneous attempts get no more guesses.
        if not take_all(counted):
            self.is_limited = True
            raise ValidationError(TOO_MANY)
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            logger.warning("Sign-in refused for %r", self.cleaned_data.get("username", "")[:150])
            if self.user_cache:  # the password was right
                give_back(counted)
                person, why = f"person {self.user_cache}", "No role to enter the admin with"
                announce(EventKind.SIGN_IN_REFUSED, person, why, often=True)
            raise
        give_back(counted)
        return cleaned

    def _counted(self) -> list[tuple[Limit, str]]:
        name = str(self.cleaned_data.get("username", "")).casefold()
        address = address_of(self.request) if self.request else ""
        return [
            (WRONG_PASSWORDS_OF_NAME_FROM_ADDRESS, f"{name} {address}"),
            (WRONG_PASSWORDS_FROM_ADDRESS, address),
            (WRONG_PASSWORDS_OF_NAME, name),
        ]


class PasswordForm(PasswordChangeForm):
    """Changes the password of a person who knows the old one; `is_limited` as in LoginForm."""

    is_limited = False

    def clean_old_password(self) -> str:
        """Check the old password. After too many wrong ones, refuse it unchecked."""
        check_length(self.cleaned_data["old_password"])
        person = str(self.user.pk)
        if not WRONG_PASSWORDS_OF_PERSON.take(person):
            self.is_limited = True
            raise ValidationError(TOO_MANY)
        password = super().clean_old_password()
        WRONG_PASSWORDS_OF_PERSON.give_back(person)
        return password


class AdminLoginForm(LoginForm, ThemedAdminForm):
    """The admin's own sign-in, which checks the same passwords and so counts them too."""
