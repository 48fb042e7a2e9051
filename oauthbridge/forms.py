"""Consent."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import McpUser, User
from accounts.scopes import READ, SCOPES, WRITE


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
