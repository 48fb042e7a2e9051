"""Defines the forms of the connect page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts.keys import MAX_KEY_LENGTH
from accounts.models import ApiKey, McpUser

ALREADY_MADE = (
    "No key was made, because another one was made since this form was opened. If you have not"
    " copied that one, make a new one: a key is shown only once."
)
KEEP = "keep"
OVERLAPS: dict[str, tuple[str, timedelta | None]] = {
    "1h": ("End in an hour", timedelta(hours=1)),
    "24h": ("End in 24 hours", timedelta(hours=24)),
    "7d": ("End in 7 days", timedelta(days=7)),
    "now": ("End at once", None),
}
MadeKey = tuple[ApiKey, str]


class KeyForm(forms.Form):
    """Makes one key of `user`, even if the form is sent repeatedly."""

    # The newest key when the form was shown, or 0.
    newest = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: McpUser) -> None:
        super().__init__(data, initial={"newest": _newest(user)})
        self._user = user

    @transaction.atomic
    def save(self) -> MadeKey | None:
        """Make a key. Returns it with its text, which is not stored anywhere.

        None if another key was made since the form was shown: otherwise a reload would make a
        second one, and could end the one that was just copied.
        """
        McpUser.objects.select_for_update().get(pk=self._user.pk)
        if _newest(self._user) != self.cleaned_data["newest"]:
            return None
        return self.make_key(self._user)

    def make_key(self, user: McpUser) -> MadeKey:
        """Make the key as the form says."""
        raise NotImplementedError


def _newest(user: McpUser) -> int:
    newest: int | None = user.keys.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


class NewKeyForm(KeyForm):
    """Makes a key of an MCP user, beside its other keys or in their place."""

    label = forms.CharField(
        label="Where will it be used?",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"placeholder": "Codex on my laptop", "autocomplete": "off"}),
    )
    others = forms.ChoiceField(
        label="Its other keys",
        choices=[(KEEP, "Keep working"), *((word, text) for word, (text, _) in OVERLAPS.items())],
        initial=KEEP,
    )

    def make_key(self, user: McpUser) -> MadeKey:
        """Make a key; the others stay, or end after the chosen time."""
        label, others = self.cleaned_data["label"], self.cleaned_data["others"]
        if others == KEEP:
            return user.issue_key(label)
        return user.rotate_key(OVERLAPS[others][1], label)


class RevokeForm(forms.Form):
    """Revokes one live key of an MCP user."""

    def __init__(self, *args: Any, user: McpUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._live = user.keys.live()
        self.fields["key"] = forms.ModelChoiceField(self._live)

    def save(self) -> ApiKey:
        """Revoke the chosen key and return it."""
        key: ApiKey = self.cleaned_data["key"]
        self._live.filter(pk=key.pk).revoke()
        return key


class TestForm(forms.Form):
    """Takes a key to test the connection with. `is_new`: the page shows the key, just made."""

    __test__ = False  # not a test class for pytest

    key = forms.CharField(
        label="MCP key",
        max_length=MAX_KEY_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    is_new = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: McpUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_key(self) -> str:
        """The key as it was entered. Raises ValidationError unless it is a live key of the user."""
        key: str = self.cleaned_data["key"]
        record = ApiKey.objects.authenticate(key)
        if record is None or record.user != self._user:
            raise ValidationError(
                f"This is not a live key of {self._user}: mistyped, expired or revoked, or of"
                " another MCP user."
            )
        return key
