"""Lists and revokes API keys in the admin. They are made on the pages of their users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from accounts.admin.lookups import FilteredLookups
from accounts.admin.rows import RowFilter
from accounts.models import ApiKey
from mcpserver.admin.batches import batches, log_changes
from mcpserver.admin.pages import confirmation, found

if TYPE_CHECKING:
    Base = admin.ModelAdmin[ApiKey]
else:
    Base = ModelAdmin

UNUSED = "unused for 90 days"
STATE_COLOURS = {"live": "success", UNUSED: "warning", "revoked": "danger", "expired": "danger"}


class StateFilter(admin.SimpleListFilter):
    """Filters keys by whether they work and are used."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "Live"), ("unused", UNUSED.capitalize()), ("ended", "Revoked or expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        """The keys that are live, unused for a long time, or ended."""
        match self.value():
            case "live":
                return queryset.filter(pk__in=ApiKey.objects.live())
            case "unused":
                return queryset.filter(pk__in=ApiKey.objects.unused())
            case "ended":
                return queryset.exclude(pk__in=ApiKey.objects.live())
        return None


class KeyColumns:
    """Columns for the list of keys, and for the keys on the page of an MCP user."""

    @display(description="begins with")
    def begins(self, key: ApiKey) -> str:
        return str(key)

    @display(description="state", label=STATE_COLOURS)
    def state_label(self, key: ApiKey) -> str:
        if key.pk is None:  # the blank row of a form whose hidden fields were changed
            return ""
        return UNUSED if key.is_unused else key.state


@admin.register(ApiKey)
class ApiKeyAdmin(FilteredLookups, KeyColumns, Base):
    """Lists and revokes API keys."""

    fields = ("user", "label", "begins", "state_label", "created_at", "last_used_at", "expires_at")
    list_display = (
        "begins",
        "user",
        "label",
        "state_label",
        "created_at",
        "last_used_at",
        "expires_at",
    )
    # Users not as a list of links: there may be thousands.
    list_filter = (StateFilter, ("user", RowFilter))
    list_filter_submit = True
    list_select_related = ("user",)
    list_per_page = 50
    search_fields = ("prefix", "label", "user__name")
    actions = ("revoke_selected",)
    actions_detail = ("revoke",)

    @admin.action(description="Revoke selected keys", permissions=["revoke"])
    def revoke_selected(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        """Revoke those of the selected keys that are live, and say how many."""
        revoked = 0
        for some in batches(keys.filter(pk__in=ApiKey.objects.live())):
            revoked += self._revoke(request, some)
        self.message_user(request, f"{revoked} revoked. They are refused from now on.")

    @action(description="Revoke", permissions=["revoke"], icon="block")
    def revoke(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Revoke one key, after a confirmation."""
        key: ApiKey = found(self, request, object_id)
        if request.method != "POST":
            question = f"Agents that use the key {key} of {key.user} are refused from then on."
            return confirmation(request, self, key, question, "Revoke key")
        self._revoke(request, [key])
        self.message_user(request, f"The key {key} of {key.user} is revoked.")
        return redirect("admin:accounts_apikey_changelist")

    @transaction.atomic
    def _revoke(self, request: HttpRequest, keys: list[ApiKey]) -> int:
        log_changes(request, keys, "Revoked.")
        return ApiKey.objects.filter(pk__in=[key.pk for key in keys]).live().revoke()

    def has_revoke_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("accounts.change_apikey")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
