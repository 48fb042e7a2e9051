"""Pages of an MCP user's keys. A new key's text is in one answer to a POST, and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts.lookups import FilteredLookups
from accounts.models import ApiKey, McpUser
from mcpserver.admin.forms import NewKeyForm, RotationForm
from mcpserver.admin.pages import confirmation, found, page
from mcpserver.setups import setups_context

if TYPE_CHECKING:
    Base = admin.ModelAdmin[McpUser]
else:
    Base = ModelAdmin

ALREADY_MADE = (
    "No key was made: another one was since this form was opened. If you have not copied it, make a"
    " new one: a key is shown only once."
)


class KeyPages(FilteredLookups, Base):
    """What may be done about the keys of an MCP user, by whoever may change it."""

    actions_detail = ("new_key", "rotate_keys", "revoke_keys")

    @action(description="New key", permissions=["change"], icon="add")
    def new_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._make(request, object_id, NewKeyForm, "New key")

    @action(description="Rotate keys", permissions=["change"], icon="autorenew")
    def rotate_keys(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._make(request, object_id, RotationForm, "Rotate keys")

    @action(description="Revoke all keys", permissions=["change"], icon="block")
    def revoke_keys(self, request: HttpRequest, object_id: str) -> HttpResponse:
        user: McpUser = found(self, request, object_id)
        if request.method != "POST":
            question = f"Agents that use a key of {user} are refused from then on."
            return confirmation(request, self, user, question, "Revoke all keys")
        count = user.revoke_keys()
        self.log_change(request, user, "Revoked all keys.")
        self.message_user(request, f"Keys revoked: {count}.")
        return redirect("admin:accounts_mcpuser_change", user.pk)

    def _make(
        self, request: HttpRequest, object_id: str, form_class: type[NewKeyForm], title: str
    ) -> HttpResponse:
        user: McpUser = found(self, request, object_id)
        form = form_class(request.POST or None, initial={"newest": _newest(user)})
        if form.is_valid():
            made = _issue(user, form)
            if made:
                return self._show_once(request, user, *made)
            self.message_user(request, ALREADY_MADE, messages.WARNING)
            return redirect("admin:accounts_mcpuser_change", user.pk)
        return page(request, self, "new_key", f"{title} of {user}", user, form=form, button=title)

    def _show_once(
        self, request: HttpRequest, user: McpUser, key: ApiKey, text: str
    ) -> HttpResponse:
        self.log_change(request, user, f"Made the key {key}")
        context = {"key": key, "text": text, **setups_context(text)}
        return page(request, self, "key_made", f"New key of {user}", user, **context)


@transaction.atomic
def _issue(user: McpUser, form: NewKeyForm) -> tuple[ApiKey, str] | None:
    """The key and its text; None if another was made since the form was shown: a reload would
    otherwise make a second one, and rotate away the one that was just copied."""
    McpUser.objects.select_for_update().get(pk=user.pk)
    if _newest(user) != form.cleaned_data["newest"]:
        return None
    label, expires_at = form.cleaned_data["label"], form.expires_at()
    if isinstance(form, RotationForm):
        return user.rotate_key(form.grace(), label, expires_at)
    return user.issue_key(label, expires_at)


def _newest(user: McpUser) -> int:
    newest: Any = user.keys.order_by("-pk").values_list("pk", flat=True).first()
    return newest or 0
