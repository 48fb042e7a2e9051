"""Shows the audit log in the admin: filters and exports, no changes.

Each list stays fast on a million rows: it is filtered and ordered by indexed columns, and counted
only up to MAX_ROWS.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ERROR_FLAG
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.text import Truncator
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from accounts.admin.lookups import FilteredLookups
from mcpserver.admin.csv_export import csv_parts
from mcpserver.audit.models import Event, Outcome, ToolCall

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Model]
    BasePaginator = Paginator[Model]
else:
    BaseAdmin, BasePaginator = ModelAdmin, Paginator

MAX_DETAIL = 90  # characters; the page of an event shows all
MAX_ROWS = 10_000  # that can be paged through
SPANS = {
    "1h": ("hour", timedelta(hours=1)),
    "1d": ("24 hours", timedelta(days=1)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}
OUTCOME_COLOURS = {
    Outcome.OK: "success",
    Outcome.REFUSED: "warning",
    Outcome.FAILED: "danger",
    Outcome.UNFINISHED: "info",
}
_REQUEST_ID = re.compile(r"[0-9a-f]{16}")
Choices = list[tuple[str, str]]


class BoundedPaginator(BasePaginator):
    """Counts at most MAX_ROWS rows."""

    @cached_property
    def count(self) -> int:
        """The number of rows, MAX_ROWS at most."""
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        return rows.order_by()[:MAX_ROWS].count()


class WithinFilter(DropdownFilter):
    """Filters by a time span that ends now."""

    title, parameter_name = "time", "within"
    time_field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, f"The last {words}") for key, (words, _) in SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """The rows of the chosen time span."""
        _, span = SPANS.get(str(self.value()), (None, None))
        if span is None:
            return queryset
        return queryset.filter(**{f"{self.time_field}__gte": timezone.now() - span})


class CallWithinFilter(WithinFilter):
    """Filters calls by a time span that ends now."""

    time_field = "started_at"


class EventWithinFilter(WithinFilter):
    """Filters events by a time span that ends now."""

    time_field = "happened_at"


class WordFilter(DropdownFilter):
    """Filters by a field that has no choices, but known values."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        """The rows whose column has the chosen word."""
        named = {str(self.parameter_name): self.value()}
        return queryset.filter(**named) if self.value() else queryset


class ToolFilter(WordFilter):
    """Filters calls by tool."""

    title = parameter_name = "tool"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """The names of all tools, also those that were never called."""
        from mcpserver.tools import tool_names  # here, because commands load the admin

        return [(name, name.removeprefix("infinity_")) for name in sorted(tool_names())]


class ErrorFilter(WordFilter):
    """Filters calls by the reason why they did not work."""

    title = parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """The kinds of errors that calls end with."""
        from mcpserver.audit.log import ERROR_KINDS  # here, because commands load the admin

        return [(kind, kind.replace("_", " ").capitalize()) for kind in ERROR_KINDS]


def _to_the_second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _search_for(term: str, text: str) -> str:
    """`text` as a link to the rows that a search for `term` finds."""
    return format_html('<a href="?{}">{}</a>', urlencode({"q": term}), text) if text else ""


class AuditAdmin(FilteredLookups, BaseAdmin):
    """Shows a list of the audit log, which cannot be changed."""

    actions = None
    list_filter_submit = True
    list_per_page = 50
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER  # each would count all rows
    show_full_result_count = False
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add the address of the CSV export."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        export = path("export/", self.admin_site.admin_view(self.export_view), name=name)
        return [export, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """All fields, with the time first: Django leaves it out because no form may change it."""
        fields = super().get_fields(request, obj)
        return sorted(fields, key=lambda field: field not in self.readonly_fields)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        """Filter by `matches` instead of searching columns for words."""
        term = search_term.strip().replace("\0", "")
        return (queryset.filter(self.matches(term)) if term else queryset), False

    def matches(self, term: str) -> Q:
        """The condition of a search, on one column, so that one index has the rows in order."""
        return Q(request_id=term) if _REQUEST_ID.fullmatch(term) else self.named(term)

    def named(self, name: str) -> Q:
        """The condition of a search for a name."""
        raise NotImplementedError

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list, with a link that exports the rows which it shows."""
        address = f"export/?{request.GET.urlencode()}"
        return super().changelist_view(request, {**(extra_context or {}), "export_url": address})

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse | HttpResponseRedirect:
        """Send all rows of the filtered list as CSV, newest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:  # an invalid value of a filter: the list says so
            return redirect(f"../?{urlencode({ERROR_FLAG: 1})}")
        fields = [field.name for field in self.opts.concrete_fields]
        name = f"{self.opts.model_name}s-{timezone.now():%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(
            csv_parts(rows, fields), content_type="text/csv; charset=utf-8", headers=headers
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ToolCall)
class ToolCallAdmin(AuditAdmin):
    """Lists calls of tools."""

    readonly_fields = ("began",)
    list_display = (
        "began",
        "whose",
        "tool",
        "how_it_ended",
        "error",
        "duration_ms",
        "profile",
    )
    list_filter = (
        CallWithinFilter,
        ("outcome", ChoicesDropdownFilter),
        ErrorFilter,
        ToolFilter,
        "changes",
    )
    search_fields = ("user", "request_id")
    search_help_text = (
        "The name of an MCP user, or a request id. The newest 10,000 that match can be paged"
        " through; the export has all."
    )

    def named(self, name: str) -> Q:
        """Calls by an MCP user."""
        return Q(user=name)

    @display(description="outcome", label=OUTCOME_COLOURS)
    def how_it_ended(self, call: ToolCall) -> tuple[str, str]:
        return call.outcome, call.get_outcome_display()

    @admin.display(description="started at (UTC)", ordering="started_at")
    def began(self, call: ToolCall) -> str:
        return _to_the_second(call.started_at)

    @admin.display(description="MCP user")
    def whose(self, call: ToolCall) -> str:
        return _search_for(call.user, call.user)


@admin.register(Event)
class EventAdmin(AuditAdmin):
    """Lists events."""

    readonly_fields = ("moment",)
    list_display = ("moment", "kind", "about", "in_short", "by", "count")
    list_filter = (EventWithinFilter, ("kind", ChoicesDropdownFilter))
    search_fields = ("subject", "actor", "request_id")
    search_help_text = (
        "What it is about, as it is shown (MCP user alice); “by ada” for what ada did; or a"
        " request id. The newest 10,000 that match can be paged through; the export has all."
    )

    def named(self, name: str) -> Q:
        """Events about a name or, after "by ", those of an actor."""
        if name.startswith("by "):
            return Q(actor=name.removeprefix("by "))
        return Q(subject=name)

    @admin.display(description="happened at (UTC)", ordering="happened_at")
    def moment(self, event: Event) -> str:
        return _to_the_second(event.happened_at)

    @admin.display(description="subject")
    def about(self, event: Event) -> str:
        return _search_for(event.subject, event.subject)

    @admin.display(description="detail")
    def in_short(self, event: Event) -> str:
        return Truncator(event.detail).chars(MAX_DETAIL)

    @admin.display(description="actor")
    def by(self, event: Event) -> str:
        return _search_for(f"by {event.actor}", event.actor)
