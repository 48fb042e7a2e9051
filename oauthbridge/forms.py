"""Sign-in, and consent."""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import McpUser, User
from accounts.scopes import READ, SCOPES, WRITE
from oauthbridge.limits import (
    WRONG_PASSWORDS_FROM_ADDRESS,
    WRONG_PASSWORDS_OF_NAME,
    Limit,
    address_of,
)

logger = logging.getLogger(__name__)


class LoginForm(AuthenticationForm):
    """Name and password; `is_limited` when too many were wrong lately to look at these."""

    is_limited = False

    def clean(self) -> dict[str, Any]:
        counted = self._counted()
        # Counted before the password is looked at, and given back if it was right: many at the
        # same moment get no more guesses than one after the other.
        taken = [each for each in counted if each[0].take(each[1])]
        if len(taken) < len(counted):
            _give_back(taken)
            self.is_limited = True
            raise ValidationError("Too many wrong passwords. Try again in 15 minutes.")
        try:
            cleaned: dict[str, Any] = super().clean()
        except ValidationError:
            logger.warning("Sign-in refused for %r", self.cleaned_data.get("username", "")[:150])
            raise
        _give_back(taken)
        return cleaned

    def _counted(self) -> list[tuple[Limit, str]]:
        name = str(self.cleaned_data.get("username", "")).casefold()
        address = address_of(self.request) if self.request else ""
        return [(WRONG_PASSWORDS_OF_NAME, name), (WRONG_PASSWORDS_FROM_ADDRESS, address)]


def _give_back(taken: list[tuple[Limit, str]]) -> None:
    for limit, who in taken:
        limit.give_back(who)


class AdminLoginForm(LoginForm, AdminAuthenticationForm):
    """The admin's own sign-in takes the same passwords, so it counts them too."""


def users_for(person: User) -> QuerySet[McpUser]:
    """The MCP users that the person may let clients act as."""
    every = McpUser.objects.select_related("profile")
    return every if person.is_superuser else every.filter(people=person)


def access_in_words(user: McpUser) -> str:
    scopes = user.policy.scopes
    if len(scopes) == len(SCOPES):
        return "may do everything"
    words = [word for scope, word in ((READ, "read"), (WRITE, "change")) if scope in scopes]
    return f"may {' and '.join(words)}" if words else "may do nothing"


class ConsentForm(forms.Form):
    """As whom the client may act, and with which of the scopes it asked for."""

    mcp_user = forms.ChoiceField(label="Acts as")
    scopes = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one permission, or deny."},
    )

    def __init__(self, *args: Any, person: User, asked: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        now = timezone.now()
        self.users = {user.name: user for user in users_for(person) if user.is_live(now)}
        words = settings.OAUTH2_PROVIDER["SCOPES"]
        choices = [(name, f"{name} ({access_in_words(u)})") for name, u in self.users.items()]
        if settings.OAUTH_MCP_USER not in self.users and len(choices) > 1:
            choices.insert(0, ("", "Choose"))  # nobody is proposed in the place of that one
        self._choices("mcp_user").choices = choices
        self._choices("scopes").choices = [(each, words[each]) for each in SCOPES if each in asked]
        self.initial = {"mcp_user": settings.OAUTH_MCP_USER, "scopes": asked}

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    def clean(self) -> dict[str, Any]:
        cleaned = {**self.cleaned_data}
        if "mcp_user" in cleaned and "scopes" in cleaned:
            user = self.users[cleaned["mcp_user"]]
            granted = [each for each in cleaned["scopes"] if each in user.policy.scopes]
            if not granted:
                raise ValidationError(f"{user.name} may do nothing of what you chose.")
            cleaned |= {"mcp_user": user, "scopes": granted}
        return cleaned
