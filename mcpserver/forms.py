"""What people enter on the connect page."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts.models import LONGEST_KEY, ApiKey, McpUser

ALREADY_MADE = (
    "No key was made: another one was since this form was opened. If you have not copied it, make a"
    " new one: a key is shown only once."
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
    """Makes one key of `user`, however often it is sent."""

    # The newest key when the form was shown, or 0.
    newest = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, data: Mapping[str, Any] | None = None, *, user: McpUser) -> None:
        super().__init__(data, initial={"newest": _newest(user)})
        self._user = user

    @transaction.atomic
    def save(self) -> MadeKey | None:
        """The new key and its text, which is kept nowhere.

        None if another was made since the form was shown: a reload would otherwise make a second
        one, and rotate away the one that was just copied.
        """
        McpUser.objects.select_for_update().get(pk=self._user.pk)
        if _newest(self._user) != self.cleaned_data["newest"]:
            return None
        return self.make_key(self._user)

    def make_key(self, user: McpUser) -> MadeKey:
        raise NotImplementedError


def _newest(user: McpUser) -> int:
    newest: int | None = user.keys.aggregate(newest=Max("pk"))["newest"]
    return newest or 0


class NewKeyForm(KeyForm):
    """A key for an MCP user, beside its other keys or in their place."""

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
        label, others = self.cleaned_data["label"], self.cleaned_data["others"]
        if others == KEEP:
            return user.issue_key(label)
        return user.rotate_key(OVERLAPS[others][1], label)


class RevokeForm(forms.Form):
    """One live key of an MCP user, to revoke."""

    def __init__(self, *args: Any, user: McpUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._live = user.keys.live()
        self.fields["key"] = forms.ModelChoiceField(self._live)

    def save(self) -> ApiKey:
        key: ApiKey = self.cleaned_data["key"]
        self._live.filter(pk=key.pk).revoke()
        return key


class TestForm(forms.Form):
    """A key to test the connection with. `is_new` is that of a page that shows the key."""

    __test__ = False  # pytest is not meant

    key = forms.CharField(
        label="MCP key",
        max_length=LONGEST_KEY,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    is_new = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: McpUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._user = user

    def clean_key(self) -> str:
        key: str = self.cleaned_data["key"]
        record = ApiKey.objects.authenticate(key)
        if record is None or record.user != self._user:
            raise ValidationError(
                f"This is not a live key of {self._user}: mistyped, expired or revoked, or of"
                " another MCP user."
            )
        return key
