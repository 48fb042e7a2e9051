"""Consent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.boundfield import BoundWidget
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.text import get_text_list

from accounts.models import McpUser, User
from accounts.policy import Policy
from accounts.scopes import ADMIN, READ, SCOPES, WRITE
from oauthbridge.models import granted

VERBS = {READ: "read", WRITE: "change", ADMIN: "administer"}


def tool_titles(policy: Policy) -> dict[str, list[str]]:
    """By scope, the tools that `policy` allows, as people read them."""
    titles: dict[str, list[str]] = import_string(settings.OAUTH_TOOL_TITLES)(policy)
    return titles


@dataclass(frozen=True)
class Offer:
    """An MCP user that may be chosen, and its rights of those that the client asked for."""

    user: McpUser
    policy: Policy

    @property
    def verbs(self) -> str:
        words = [VERBS[scope] for scope in self.policy.ordered_scopes]
        return get_text_list(words, "and") or "nothing of what is asked for"

    @property
    def tools(self) -> set[str]:
        return {title for titles in tool_titles(self.policy).values() for title in titles}


class ConsentForm(forms.Form):
    """As whom the client may act, and with which of the scopes it asked for.

    `proposed` are those of the scopes asked for that are ticked.
    """

    mcp_user = forms.ChoiceField(
        label="Acts as",
        widget=forms.RadioSelect,
        error_messages={"required": "Choose as whom it acts, or deny."},
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
        # Nobody is proposed in the place of OAUTH_MCP_USER, unless there is no choice.
        user = next(iter(self.offers), "") if len(self.offers) == 1 else settings.OAUTH_MCP_USER
        self.initial = {"mcp_user": user, "scopes": proposed}

    def _offer(self, user: McpUser) -> Offer:
        return Offer(user, user.policy.narrowed_by(self.within))

    def _choices(self, name: str) -> forms.ChoiceField:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        return field

    @property
    def is_answerable(self) -> bool:
        """Is there an MCP user that may do anything of what is asked for?"""
        return any(offer.policy.scopes for offer in self.offers.values())

    @property
    def users(self) -> Iterator[tuple[BoundWidget, Offer]]:
        """Each MCP user's button, and what it offers."""
        return zip(self["mcp_user"], self.offers.values(), strict=True)

    @property
    def permissions(self) -> Iterator[tuple[BoundWidget, list[str]]]:
        """The box of each scope that one of the MCP users has, and its tools' titles."""
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
                raise ValidationError(f"{offer.user.name} may do nothing of what you chose.")
            cleaned |= {"mcp_user": offer.user, "scopes": scopes}
        return cleaned


def _live_users(person: User) -> list[McpUser]:
    now = timezone.now()
    return [user for user in McpUser.objects.usable_by(person) if user.is_live(now)]
