"""Defines the forms of the operator's pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.models import McpUser
from accounts.policy import Policy
from accounts.scopes import ACCESS, SCOPES, known_scopes
from accounts.toolsets import Toolset
from credentials.errors import CredentialError, TokenInvalid
from credentials.models import Profile
from credentials.validators import SANDBOX_TOKEN, SANDBOX_URL, clean_token, complete_base_url
from mcpserver.connect.forms import OVERLAPS, KeyForm, MadeKey

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

EXACT = "exact"
LIFETIMES = {"30d": 30, "90d": 90, "365d": 365}  # days


class AccessForm(ModelForm):
    """Sets scopes by an access level in words."""

    access = forms.ChoiceField(
        choices=[
            ("read-only", "Read only"),
            ("read-write", "Read and write"),
            ("admin", "Admin: also archive, delete and manage members"),
            (EXACT, "Exactly the scopes below"),
        ],
        widget=UnfoldAdminRadioSelectWidget,
    )
    scopes = forms.MultipleChoiceField(
        choices=[(scope, settings.OAUTH2_PROVIDER["SCOPES"][scope]) for scope in SCOPES],
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Used only with “Exactly the scopes below”.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "access" in self.fields:
            access = Policy(known_scopes(self.instance.scopes)).access
            proposed = access if access in ACCESS else EXACT
            self.fields["access"].initial = proposed if self.instance.scopes else "read-only"

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        chosen = ACCESS.get(cleaned.get("access", ""), cleaned.get("scopes", ()))
        cleaned["scopes"] = list(chosen)
        if not chosen and "access" in cleaned:
            self.add_error("scopes", "Tick at least one scope, or choose another access.")
        return cleaned


class McpUserForm(AccessForm):
    """Edits an MCP user."""

    class Meta:
        model = McpUser
        fields = "__all__"
        help_texts: ClassVar = {"name": "Letters, digits and the signs . _ - @"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "allowed_tools" in self.fields:
            if self.instance.allowed_tools:  # narrows every toolset, until a form is saved
                self.initial["toolset"] = Toolset.CHOSEN
            self.fields["toolset"] = forms.ChoiceField(
                label="Tools",
                initial=Toolset.ALL,
                choices=[
                    (Toolset.ALL, "All that the access allows"),
                    (Toolset.CORE, "Core: of these, the tools of everyday work"),
                    (Toolset.CHOSEN, "Chosen: of these, the tools ticked below"),
                ],
                widget=UnfoldAdminRadioSelectWidget,
                help_text="Every conversation pays for the tools that it is offered.",
            )
            self.fields["allowed_tools"] = forms.MultipleChoiceField(
                label="Chosen tools",
                choices=_tool_choices(self.instance.allowed_tools),
                required=False,
                widget=UnfoldAdminCheckboxSelectMultipleWidget,
                help_text="Used only with “Chosen”.",
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("toolset") in (Toolset.ALL, Toolset.CORE):
            cleaned["allowed_tools"] = []
        return cleaned


class ProfileForm(AccessForm):
    """Edits a profile. Its Infinity token can be entered, and is never shown."""

    token = forms.CharField(
        label="Infinity token",
        required=False,
        widget=UnfoldAdminPasswordWidget(
            attrs={"autocomplete": "new-password", "spellcheck": "false"}
        ),
    )

    class Meta:
        model = Profile
        fields = ("id", "name", "active", "scopes", "base_url", "version")
        labels: ClassVar = {"id": "ID", "base_url": "Base URL"}
        help_texts: ClassVar = {
            "base_url": "Empty: INFINITY_API_BASE_URL. With sandbox: it is the built-in sandbox."
        }

    def clean_token(self) -> str:
        """The token without the space around it; "" keeps the stored one."""
        text: str = self.cleaned_data["token"]
        try:
            return clean_token(text) if text.strip() else ""
        except TokenInvalid as error:
            raise ValidationError(str(error)) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if {"token", "base_url"} <= cleaned.keys():
            cleaned["token"] = cleaned["token"] or self._token_for(cleaned["base_url"])
            self._try_to_encrypt(cleaned["token"])
        return cleaned

    def save(self, commit: bool = True) -> Profile:
        profile: Profile = self.instance
        if self.cleaned_data["token"]:
            profile.set_token(self.cleaned_data["token"])
        super().save(commit)
        return profile

    def _token_for(self, base_url: str) -> str:
        """The token for an empty field; "" keeps the stored one, which needs the same base URL."""
        adding = self.instance._state.adding
        if not adding and complete_base_url(base_url) == self.initial["base_url"]:
            return ""
        if base_url == SANDBOX_URL:
            return SANDBOX_TOKEN
        missing = "A profile needs its token; only the sandbox brings its own."
        moved = "The stored token is for the old base URL only: enter it again."
        self.add_error("token", missing if adding else moved)
        return ""

    def _try_to_encrypt(self, token: str) -> None:
        """Adds an error to the form when the store key cannot encrypt the token."""
        try:
            if token:
                Profile().set_token(token)
        except CredentialError as error:
            self.add_error("token", str(error))


class AdminKeyForm(KeyForm):
    """Makes a key beside the other keys of an MCP user."""

    label = forms.CharField(
        required=False,
        max_length=100,
        help_text="Where the key is used, like “laptop”; shown in lists.",
        widget=UnfoldAdminTextInputWidget,
    )
    lifetime = forms.ChoiceField(
        label="Expires",
        required=False,
        choices=[("", "Never"), *((each, f"In {days} days") for each, days in LIFETIMES.items())],
        widget=UnfoldAdminSelectWidget,
    )

    def make_key(self, user: McpUser) -> MadeKey:
        """Make a key beside the others."""
        return user.issue_key(self.cleaned_data["label"], self.expires_at())

    def expires_at(self) -> datetime | None:
        """When the new key expires, or None."""
        days = LIFETIMES.get(self.cleaned_data["lifetime"])
        return timezone.now() + timedelta(days=days) if days else None


class RotationForm(AdminKeyForm):
    """Makes a key in place of the other keys of an MCP user."""

    overlap = forms.ChoiceField(
        label="Its other keys",
        choices=[(word, text) for word, (text, _) in OVERLAPS.items()],
        initial="now",
        widget=UnfoldAdminSelectWidget,
    )

    def make_key(self, user: McpUser) -> MadeKey:
        """Make a key; the others end after the chosen overlap."""
        grace = OVERLAPS[self.cleaned_data["overlap"]][1]
        return user.rotate_key(grace, self.cleaned_data["label"], self.expires_at())


class AssignProfileForm(forms.Form):
    """Chooses a profile for several MCP users."""

    profile = forms.ModelChoiceField(Profile.objects.all(), widget=UnfoldAdminSelectWidget)


def _tool_choices(stored: object) -> list[Any]:
    """Tools by scope; also stored names that are no longer tools, so that they can be removed."""
    from mcpserver.tools import all_tools

    groups: dict[str, list[tuple[str, str]]] = {scope: [] for scope in SCOPES}
    for tool in all_tools():
        groups[tool.scope].append((tool.name, tool.title or tool.name))
    words = settings.OAUTH2_PROVIDER["SCOPES"]
    choices = [(words[scope], tools) for scope, tools in groups.items()]
    gone = _without(stored, {tool.name for tool in all_tools()})
    return [*choices, ("No longer there", [(name, name) for name in gone])] if gone else choices


def _without(stored: object, known: Iterable[str]) -> list[str]:
    names = stored if isinstance(stored, list) else []
    return [name for name in names if isinstance(name, str) and name not in known]
