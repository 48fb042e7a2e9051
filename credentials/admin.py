"""Profiles in the admin. Tokens are stored by `credentials_add_profile` and shown nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from credentials.models import Profile

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Profile]
else:
    BaseAdmin = admin.ModelAdmin


@admin.register(Profile)
class ProfileAdmin(BaseAdmin):
    list_display = ("id", "name", "base_url", "active", "verified_at", "verified_as")
    list_filter = ("active",)
    search_fields = ("id", "name")
    fields = (
        ("id", "name"),
        "active",
        "scopes",
        ("base_url", "version"),
        ("verified_at", "verified_as", "token_expires_at"),
        ("created_at", "updated_at"),
    )
    # The id is inside the ciphertext: another id would make the token unreadable.
    # And the base URL is where the token is sent: another one needs the token again.
    readonly_fields = (
        "id",
        "base_url",
        "verified_at",
        "verified_as",
        "token_expires_at",
        "created_at",
        "updated_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a profile is nothing without its token
