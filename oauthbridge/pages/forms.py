"""The form of the consent page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundWidget
from django.utils import timezone
from django.utils.text import get_text_list

from accounts.models import McpUser, User
from accounts.policy import Policy
from accounts.scopes import ADMIN, READ, SCOPES, WRITE
from accounts.tools import tool_titles
from oauthbridge.consent import granted

VERBS = {READ: "read", WRITE: "change", ADMIN: "administer"}


@dataclass(frozen=True)
class ConsentOption:
    """An MCP user that the person may choose, and which of the requested rights it has."""

    user: McpUser
    policy: Policy

    @property
    def verbs(self) -> str:
        """What the rights allow, in words for the page: "read and change"."""
        words = [VERBS[scope] for scope in self.policy.ordered_scopes]
        return get_text_list(words, "and") or "do nothing that is asked for"

    @property
    def tools(self) -> set[str]:
        """The titles of the tools that the rights allow."""
        return {title for titles in tool_titles(self.policy).values() for title in titles}


class ConsentForm(forms.Form):
    """The choice of the MCP user that the client acts as, and of the scopes that it gets.

    `proposed` are the requested scopes that are ticked at first.
    """

    mcp_user = forms.ChoiceField(
        label="Acts as",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose an MCP user, or deny."},
    )
    scopes = forms.MultipleChoiceField(
        label="It may",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one permission, or deny."},
    )

    def __init__(
        self, *args: Any, person: User, asked: list[str], proposed: list[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.within = granted(asked)
        self.offers = {user.name: self._offer(user) for user in _live_users(person)}
        words = settings.OAUTH2_PROVIDER["SCOPES"]
        self._choices("mcp_user").choices = [(name, name) for name in self.offers]
        self._choices("scopes").choices = [(each, words[each]) for each in SCOPES if each in asked]
        # Only OAUTH_MCP_USER is proposed, unless there is only one MCP user.
        user = next(iter(self.offers), "") if len(self.offers) == 1 else settings.OAUTH_MCP_USER
        self.initial = {"mcp_user": user, "scopes": proposed}

    def _offer(self, user: McpUser) -> ConsentOption:
        return ConsentOption(user, user.policy.narrowed_by(self.within))

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    @property
    def is_answerable(self) -> bool:
        """Is there an MCP user with any of the requested rights?"""
        return any(offer.policy.scopes for offer in self.offers.values())

    @property
    def users(self) -> Iterator[tuple[BoundWidget, ConsentOption]]:
        """The radio button of each MCP user, with its option."""
        return zip(self["mcp_user"], self.offers.values(), strict=True)

    @property
    def permissions(self) -> Iterator[tuple[BoundWidget, list[str]]]:
        """The checkbox of each scope that one of the MCP users has, and its tools' titles."""
        titles = tool_titles(self.within)
        usable = {title for offer in self.offers.values() for title in offer.tools}
        for box in self["scopes"]:
            scope = box.data["value"]
            if any(scope in offer.policy.scopes for offer in self.offers.values()):
                yield box, [title for title in titles[scope] if title in usable]

    def clean(self) -> dict[str, Any]:
        cleaned = {**self.cleaned_data}
        if "mcp_user" in cleaned and "scopes" in cleaned:
            offer = self.offers[cleaned["mcp_user"]]
            scopes = [each for each in cleaned["scopes"] if each in offer.policy.scopes]
            if not scopes:
                raise ValidationError(f"{offer.user.name} has none of the permissions you chose.")
            cleaned |= {"mcp_user": offer.user, "scopes": scopes}
        return cleaned


def _live_users(person: User) -> list[McpUser]:
    now = timezone.now()
    return [user for user in McpUser.objects.usable_by(person) if user.is_live(now)]
