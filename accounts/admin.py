"""People, MCP users and keys in the admin. Keys are made by commands, which show them once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest

from accounts.forms import AdminLoginForm
from accounts.models import ApiKey, McpUser, User

if TYPE_CHECKING:
    McpUserBase = admin.ModelAdmin[McpUser]
    ApiKeyBase = admin.ModelAdmin[ApiKey]
else:
    McpUserBase = ApiKeyBase = admin.ModelAdmin

admin.site.login_form = AdminLoginForm
admin.site.register(User, UserAdmin)


@admin.register(McpUser)
class McpUserAdmin(McpUserBase):
    list_display = ("name", "profile", "scopes", "state", "expires_at")
    list_filter = ("active", "profile")
    list_select_related = ("profile",)
    search_fields = ("name", "notes")
    filter_horizontal = ("people",)
    readonly_fields = ("created_at",)


@admin.register(ApiKey)
class ApiKeyAdmin(ApiKeyBase):
    fields = ("user", "label", "prefix", "created_at", "last_used_at", "expires_at", "revoked_at")
    list_display = ("prefix", "user", "label", "state", "created_at", "last_used_at", "expires_at")
    list_filter = ("user",)
    list_select_related = ("user",)
    search_fields = ("prefix", "label", "user__name")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False
