"""Shows profiles in the admin: their tokens can be replaced and are never shown."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db import transaction
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from accounts.admin.lookups import FilteredLookups
from accounts.policy import Policy
from accounts.scopes import known_scopes
from credentials.models import Profile
from mcpserver.admin.forms import ProfileForm

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Profile]
else:
    Base = ModelAdmin

RENEW = "Make a new one in Infinity and store it here."
KEEP_TOKEN = "Stored, encrypted and not shown. Leave this empty to keep it."
NEW_TOKEN = (
    "From https://app.startinfinity.com/profile/developer/tokens. It is stored encrypted and not"
    " shown again. A profile with the base URL sandbox: needs none."
)

STATE_COLOURS = {"active": "success", "inactive": "danger"}
ENDS = {True: "soon", False: "later"}
ENDING_COLOURS = {"soon": "warning", "later": "success"}
ALLOWED = "The most that any MCP user of this profile may do"
FIELDSETS = (
    (None, {"fields": ("id", "name", "active")}),
    ("Infinity", {"fields": ("token", ("base_url", "version"))}),
    (ALLOWED, {"fields": ("access", "scopes")}),
)
# For people who may not change the profile: without the token's field, and access in words.
SEEN_FIELDSETS = (
    (None, {"fields": ("id", "name", "active")}),
    ("Infinity", {"fields": (("base_url", "version"),)}),
    (ALLOWED, {"fields": ("allows",)}),
)
KNOWN_FIELDSETS = (
    ("About the token", {"fields": (("verified_as", "verified_at"), "token_ends")}),
    ("History", {"fields": (("created_at", "updated_at"),)}),
)


@admin.register(Profile)
class ProfileAdmin(FilteredLookups, Base):
    """Lists, edits and verifies profiles."""

    form = ProfileForm
    delete_confirmation_template = "mcpserver/admin/delete_profile.html"
    list_display = (
        "id",
        "name",
        "state",
        "allows",
        "verified_as",
        "verified_at",
        "token_ends_label",
        "users_count",
    )
    list_filter = ("active",)
    search_fields = ("id", "name")
    actions = ("verify_selected",)
    actions_submit_line = ("save_and_verify",)  # besides, every new token is verified
    readonly_fields = ("verified_at", "verified_as", "token_ends", "created_at", "updated_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Profile]:
        profiles: QuerySet[Profile] = super().get_queryset(request)
        return profiles.annotate(users_count=Count("mcp_users"))

    def get_readonly_fields(self, request: HttpRequest, obj: Profile | None = None) -> Any:
        """Make the id of a stored profile read-only."""
        # The id is inside the ciphertext: another id would make the token unreadable.
        return ("id", *self.readonly_fields) if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Profile | None = None) -> Any:
        """The fields to fill in, to change or to see, by what the person may do."""
        if obj is None:
            return FIELDSETS
        shown = FIELDSETS if self.has_change_permission(request, obj) else SEEN_FIELDSETS
        return shown + KNOWN_FIELDSETS

    def get_form(
        self, request: HttpRequest, obj: Profile | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Say at the token whether one must be given or the stored one stays."""
        form = super().get_form(request, obj, change, **kwargs)
        if "token" in form.base_fields:
            form.base_fields["token"].help_text = KEEP_TOKEN if obj else NEW_TOKEN
        return form

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Show the profile, with a warning if its token ends soon."""
        profile = self.get_object(request, object_id)
        if request.method == "GET" and profile and profile.token_expires_at and profile.ends_soon:
            text = f"The Infinity token ends: {ending(profile.token_expires_at)}. {RENEW}"
            messages.warning(request, text)
        return super().change_view(request, object_id, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Profile, form: Any, change: bool) -> None:
        """Save the profile, and verify a new token with Infinity."""
        super().save_model(request, obj, form, change)
        if form.cleaned_data["token"]:
            self.save_and_verify(request, obj)

    @action(description="Save and verify now", permissions=["change"], icon="verified_user")
    def save_and_verify(self, request: HttpRequest, profile: Profile) -> None:
        """Verify the token with Infinity once the changes are committed."""
        # Not within the transaction: the request to Infinity may take long.
        transaction.on_commit(lambda: self._verify(request, [profile]))

    @admin.action(description="Verify with Infinity now", permissions=["change"])
    def verify_selected(self, request: HttpRequest, profiles: QuerySet[Profile]) -> None:
        """Verify the tokens of the selected profiles with Infinity now."""
        self._verify(request, list(profiles))

    def _verify(self, request: HttpRequest, profiles: list[Profile]) -> None:
        from mcpserver.gateway.verification import verify  # here, because commands load the admin

        for found in verify(profiles):
            level = messages.ERROR if found.problem else messages.SUCCESS
            self.message_user(request, f"{found.profile.id}: {found}", level)

    @display(description="allows")
    def allows(self, profile: Profile) -> str:
        return Policy(known_scopes(profile.scopes)).access

    @display(description="state", ordering="active", label=STATE_COLOURS)
    def state(self, profile: Profile) -> str:
        return "active" if profile.active else "inactive"

    @display(description="token ends")
    def token_ends(self, profile: Profile) -> str:
        return ending(profile.token_expires_at) if profile.token_expires_at else "not known"

    @display(description="token ends", ordering="token_expires_at", label=ENDING_COLOURS)
    def token_ends_label(self, profile: Profile) -> str | tuple[str, str]:
        ends = self.token_ends(profile)
        return ends if profile.token_expires_at is None else (ENDS[profile.ends_soon], ends)

    @display(description="MCP users", ordering="users_count")
    def users_count(self, profile: Profile) -> int:
        return int(getattr(profile, "users_count", 0))


def ending(moment: datetime) -> str:
    """When something ends or has ended, in words."""
    now = timezone.now()
    if moment <= now:
        return f"ended {moment:%d %b %Y}"
    days = (moment - now).days
    return f"{moment:%d %b %Y}, in {days} day{'' if days == 1 else 's'}"
