"""Shows MCP users in the admin, with their rights in words and their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from unfold.admin import TabularInline
from unfold.decorators import display

from accounts.admin.rows import RowFilter
from accounts.models import ApiKey, McpUser
from mcpserver.admin.batches import batches, log_changes
from mcpserver.admin.forms import AssignProfileForm, McpUserForm
from mcpserver.admin.key_pages import KeyPages
from mcpserver.admin.keys import KeyColumns
from mcpserver.admin.pages import page

if TYPE_CHECKING:
    InlineBase = admin.TabularInline[ApiKey, McpUser]
else:
    InlineBase = TabularInline

KEYS_SHOWN = 20
STATE_COLOURS = {
    "live": "success",
    "inactive": "danger",
    "expired": "danger",
    "profile inactive": "danger",
}
FIELDSETS = (
    (None, {"fields": ("name", "profile", "active", "expires_at")}),
    ("Access", {"fields": ("access", "scopes")}),
    ("Tools", {"fields": ("toolset", "allowed_tools")}),
    ("People", {"fields": ("people", "people_may_make_keys", "notes")}),
)
# For people who may not change the MCP user.
SEEN_FIELDSETS = (
    (None, {"fields": ("name", "profile", "active", "expires_at")}),
    ("People", {"fields": ("people", "people_may_make_keys", "notes")}),
)
RESULT_FIELDSET = (
    "What its agents get",
    {"fields": ("state_label", "effective_scopes", "effective_tools", "all_keys", "created_at")},
)


class KeyInline(KeyColumns, InlineBase):
    """Lists the keys on the page of an MCP user."""

    model = ApiKey
    fields = ("begins", "label", "state_label", "created_at", "last_used_at", "expires_at")
    readonly_fields = fields
    ordering = ("-created_at",)
    show_change_link = True
    template_before = "mcpserver/admin/keys_of_user.html"
    hide_title = True
    extra = 0
    can_delete = False
    verbose_name_plural = "Keys"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        """The newest keys, and the newest live ones: there may be thousands of others."""
        match = request.resolver_match
        keys = super().get_queryset(request).filter(user=match.kwargs["object_id"] if match else 0)
        newest, live = keys.order_by("-pk"), keys.filter(pk__in=ApiKey.objects.live())
        shown = [*newest[:KEYS_SHOWN], *live.order_by("-pk")[:KEYS_SHOWN]]
        return keys.filter(pk__in=[key.pk for key in shown])

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(McpUser)
class McpUserAdmin(KeyPages):
    """Lists and edits MCP users."""

    form = McpUserForm
    object_history_template = "mcpserver/admin/user_history.html"
    list_display = (
        "name",
        "profile",
        "access_label",
        "state_label",
        "live_keys",
        "last_used",
        "expires_at",
    )
    list_per_page = 50
    list_filter = ("active", ("profile", RowFilter))
    list_filter_submit = True
    list_select_related = ("profile",)
    search_fields = ("name", "notes")
    autocomplete_fields = ("people",)
    readonly_fields = (
        "state_label",
        "effective_scopes",
        "effective_tools",
        "all_keys",
        "created_at",
    )
    inlines = (KeyInline,)

    actions = ("activate", "deactivate", "assign_profile")

    def get_queryset(self, request: HttpRequest) -> QuerySet[McpUser]:
        every = ApiKey.objects.filter(user=OuterRef("pk")).order_by().values("user")
        live = ApiKey.objects.live().filter(user=OuterRef("pk")).order_by().values("user")
        users: QuerySet[McpUser] = super().get_queryset(request)
        return users.annotate(
            live_keys=Subquery(live.annotate(n=Count("pk")).values("n")),
            last_used=Subquery(every.annotate(last=Max("last_used_at")).values("last")),
        )

    def get_fieldsets(self, request: HttpRequest, obj: McpUser | None = None) -> Any:
        """The fields to fill in, to change or to see, by what the person may do."""
        if obj is None:
            return FIELDSETS
        changing = self.has_change_permission(request, obj)
        first, *others = FIELDSETS if changing else SEEN_FIELDSETS
        return (first, RESULT_FIELDSET, *others)

    def get_inlines(self, request: HttpRequest, obj: McpUser | None = None) -> Any:
        """The user's keys, once the user is stored."""
        return super().get_inlines(request, obj) if obj else ()

    def response_post_save_add(self, request: HttpRequest, obj: McpUser) -> HttpResponseRedirect:
        """Redirect to the page of the new MCP user, with a link to the next step."""
        url = reverse("admin:accounts_mcpuser_new_key", args=[obj.pk])
        text = 'Next: agents need a key to work as {}. <a class="underline" href="{}">New key</a>'
        self.message_user(request, format_html(text, obj, url))
        return redirect("admin:accounts_mcpuser_change", obj.pk)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Keys and connections are deleted with their user, without further permissions."""
        shown, counts, _lacking, protected = super().get_deleted_objects(objs, request)
        return shown, counts, set(), protected

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, users: QuerySet[McpUser]) -> None:
        """Let the selected users be used again."""
        self._set(request, users, "active", True)

    @admin.action(description="Deactivate", permissions=["change"])
    def deactivate(self, request: HttpRequest, users: QuerySet[McpUser]) -> None:
        """Refuse the keys and connections of the selected users, until they are activated."""
        self._set(request, users, "active", False)

    @admin.action(description="Assign a profile", permissions=["change"])
    def assign_profile(self, request: HttpRequest, users: QuerySet[McpUser]) -> HttpResponse | None:
        """Ask for a profile, then give it to all selected users."""
        form = AssignProfileForm(request.POST if "profile" in request.POST else None)
        if form.is_valid():
            self._set(request, users, "profile", form.cleaned_data["profile"])
            return None
        return page(request, self, "assign_profile", "Assign a profile", form=form, users=users)

    def _set(self, request: HttpRequest, users: QuerySet[McpUser], field: str, value: Any) -> None:
        changed = 0
        for some in batches(users.exclude(**{field: value})):
            with transaction.atomic():
                for user in some:  # one by one, so that each is audited
                    setattr(user, field, value)
                    user.save(update_fields=[field])
                log_changes(request, some, [{"changed": {"fields": [field]}}])
            changed += len(some)
        text = f"MCP users changed: {changed}." if changed else "There was nothing to change."
        self.message_user(request, text)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[McpUser]) -> None:
        """Delete in batches, so that any number can be selected."""
        for some in batches(queryset):
            McpUser.objects.filter(pk__in=[user.pk for user in some]).delete()

    @display(description="access", ordering="scopes")
    def access_label(self, user: McpUser) -> str:
        return user.policy.access

    @display(description="state", label=STATE_COLOURS)
    def state_label(self, user: McpUser) -> str:
        return user.state

    @display(description="live keys", ordering="live_keys")
    def live_keys(self, user: McpUser) -> int:
        return getattr(user, "live_keys", None) or 0

    @display(description="last used", ordering="last_used")
    def last_used(self, user: McpUser) -> Any:
        return getattr(user, "last_used", None)

    @display(description="keys")
    def all_keys(self, user: McpUser) -> str:
        """A link to all keys: the page itself lists the newest only."""
        url = reverse("admin:accounts_apikey_changelist", query={"user__id__exact": user.pk})
        return format_html('<a class="underline" href="{}">{} in all</a>', url, user.keys.count())

    @display(description="scopes")
    def effective_scopes(self, user: McpUser) -> str:
        words = [(each,) for each in user.policy.in_words]
        lines = format_html_join("", "<li>{}</li>", words)
        withheld = [scope for scope in user.scopes if scope not in user.policy.scopes]
        if withheld:
            lines += format_html("<li>Not allowed by its profile: {}</li>", ", ".join(withheld))
        return format_html("<ul>{}</ul>", lines or "None")

    @display(description="tools")
    def effective_tools(self, user: McpUser) -> str:
        from mcpserver.tools import all_tools  # here, because commands load the admin

        tools = [tool for tool in all_tools() if user.policy.allows(tool.name, tool.scope)]
        names = format_html_join("", "<li>{}</li>", ((tool.name,) for tool in tools))
        return format_html(
            "<details><summary>{} tools</summary><ul>{}</ul></details>", len(tools), names
        )
