"""Makes, rotates and revokes the keys of an MCP user. A new key is shown in one answer only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin
from unfold.decorators import action

from accounts.admin.lookups import FilteredLookups
from accounts.models import McpUser
from mcpserver.admin.forms import AdminKeyForm, RotationForm
from mcpserver.admin.pages import confirmation, found, page
from mcpserver.connect.forms import ALREADY_MADE, MadeKey
from mcpserver.connect.setup_page import setups_context

if TYPE_CHECKING:
    Base = admin.ModelAdmin[McpUser]
else:
    Base = ModelAdmin


class KeyPages(FilteredLookups, Base):
    """Pages for the keys of an MCP user, for people who may change the user."""

    actions_detail = ("new_key", "rotate_keys", "revoke_keys")

    @action(description="New key", permissions=["change"], icon="add")
    def new_key(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for a label and expiry, make a key, and show it once."""
        return self._make(request, object_id, AdminKeyForm, "New key")

    @action(description="Rotate keys", permissions=["change"], icon="autorenew")
    def rotate_keys(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a key, show it once, and let the user's other keys end."""
        return self._make(request, object_id, RotationForm, "Rotate keys")

    @action(description="Revoke all keys", permissions=["change"], icon="block")
    def revoke_keys(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Revoke all the user's keys, after a confirmation."""
        user: McpUser = found(self, request, object_id)
        if request.method != "POST":
            question = f"Agents that use a key of {user} are refused from then on."
            return confirmation(request, self, user, question, "Revoke all keys")
        count = user.revoke_keys()
        self.log_change(request, user, "Revoked all keys.")
        self.message_user(request, f"Keys revoked: {count}.")
        return redirect("admin:accounts_mcpuser_change", user.pk)

    def _make(
        self, request: HttpRequest, object_id: str, form_class: type[AdminKeyForm], title: str
    ) -> HttpResponse:
        user: McpUser = found(self, request, object_id)
        form = form_class(request.POST or None, user=user)
        if not form.is_valid():
            title, button = f"{title} of {user}", title
            return page(request, self, "new_key", title, user, form=form, button=button)
        made = self._save(request, user, form)
        if made is None:
            self.message_user(request, ALREADY_MADE, messages.WARNING)
            return redirect("admin:accounts_mcpuser_change", user.pk)
        key, text = made
        context = {"key": key, "text": text, **setups_context(text)}
        return page(request, self, "key_made", f"New key of {user}", user, **context)

    @transaction.atomic
    def _save(self, request: HttpRequest, user: McpUser, form: AdminKeyForm) -> MadeKey | None:
        made = form.save()
        if made:
            self.log_change(request, user, f"Made the key {made[0]}")
        return made
