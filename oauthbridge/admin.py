"""Shows OAuth clients and connections in the admin, without codes and tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import oauth2_provider.admin  # noqa: F401 - registers the models that are taken over below
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from oauth2_provider.models import IDToken
from unfold.admin import ModelAdmin

from accounts.admin.lookups import FilteredLookups
from accounts.admin.rows import RowFilter
from oauthbridge.models import AccessToken, Application, Connection, Grant, RefreshToken
from oauthbridge.validators import MIN_SECRET_LENGTH

if TYPE_CHECKING:
    ApplicationBase = admin.ModelAdmin[Application]
    ConnectionBase = admin.ModelAdmin[Connection]
else:
    ApplicationBase = ConnectionBase = ModelAdmin

HELP_TEXTS = {
    "name": "People see it on the consent page.",
    "client_id": "Enter the same in the client.",
    "client_type": "Confidential: a service that keeps a secret, such as ChatGPT. Public: an app on"
    " a person's own device, which has none.",
    "client_secret": f"Enter the same in the client now: only its hash is stored. At"
    f" least {MIN_SECRET_LENGTH} characters; a public client does not use it.",
    "redirect_uris": "Where the client sends people back to, one address a line, exactly as the"
    " client sends it: https://…; http://127.0.0.1/… and http://localhost/… count for any port.",
}

MADE_BY: dict[str, str] = {
    Application.RegistrationSource.MANUAL: "made by the operator",
    Application.RegistrationSource.DCR: "registered itself",
    Application.RegistrationSource.CIMD: "names its own document",
}

admin.site.unregister([Application, Grant, AccessToken, RefreshToken, IDToken])


@admin.register(Application)
class ApplicationAdmin(FilteredLookups, ApplicationBase):
    """Lists OAuth clients, and adds those that cannot register themselves."""

    list_display = ("name", "client_id", "client_type", "made_by", "created")
    list_filter = ("registration_source", "client_type")
    search_fields = ("name", "client_id")

    def get_fields(self, request: HttpRequest, obj: Application | None = None) -> tuple[str, ...]:
        """Ask for the secret in the form that adds a client only: its hash is stored."""
        fields = ("name", "client_id", "client_type", "redirect_uris")
        # Shown only in the form that makes the client, as only its hash is stored.
        return (*fields, "registration_source") if obj else (*fields, "client_secret")

    def get_form(
        self, request: HttpRequest, obj: Application | None = None, *args: Any, **options: Any
    ) -> type[ModelForm[Application]]:
        return super().get_form(request, obj, *args, **{"help_texts": HELP_TEXTS, **options})

    def get_readonly_fields(
        self, request: HttpRequest, obj: Application | None = None
    ) -> tuple[str, ...]:
        return ("client_id", "client_type", "registration_source") if obj else ()

    @admin.display(description="registration", ordering="registration_source")
    def made_by(self, client: Application) -> str:
        return MADE_BY.get(client.registration_source, client.registration_source)


@admin.register(Connection)
class ConnectionAdmin(FilteredLookups, ConnectionBase):
    """Lists connections, which can be revoked but not changed."""

    list_display = (
        "application",
        "person",
        "mcp_user",
        "allowed",
        "created_at",
        "last_used_at",
        "ends_at",
        "revoked_at",
    )
    # Found by typing, not as lists of links: there may be thousands.
    list_filter = (
        ("mcp_user", RowFilter),
        ("application", RowFilter),
    )
    list_filter_submit = True
    list_per_page = 50
    list_select_related = ("application", "person", "mcp_user__profile")
    search_fields = ("application__name", "person__username", "mcp_user__name")
    actions = ("revoke",)
    fields = (
        "application",
        "person",
        "mcp_user",
        "may",
        ("created_at", "last_used_at"),
        ("ends_at", "revoked_at"),
    )
    readonly_fields = ("may", "created_at", "ends_at")

    @admin.display(description="it may")
    def may(self, connection: Connection) -> str:
        return "; ".join(connection.scopes_in_words)

    @admin.display(description="access")
    def allowed(self, connection: Connection) -> str:
        return connection.policy.access

    @admin.action(description="Revoke selected connections", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        """Revoke each selected connection with its tokens."""
        for connection in queryset:
            connection.revoke()
        self.message_user(request, f"{len(queryset)} revoked. Their tokens no longer work.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        """The permission to delete connections allows revoking them."""
        return request.user.has_perm("oauthbridge.delete_connection")
