"""The audit log in the admin: read, filtered, exported, and changed by nobody.

Each list stays fast on a million rows: it is filtered and ordered by what has an index, and never
counted to the end.
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

from accounts.lookups import FilteredLookups
from mcpserver.export import csv_parts
from mcpserver.models import Event, Outcome, ToolCall

if TYPE_CHECKING:
    BaseAdmin = admin.ModelAdmin[Model]
    BasePaginator = Paginator[Model]
else:
    BaseAdmin, BasePaginator = ModelAdmin, Paginator

MOST_DETAIL = 90  # characters; the page of an event has all
MOST_ROWS = 10_000  # that can be paged through
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
    @cached_property
    def count(self) -> int:
        rows = self.object_list
        assert isinstance(rows, QuerySet)
        return rows.order_by()[:MOST_ROWS].count()


class WithinFilter(DropdownFilter):
    title, parameter_name = "time", "within"
    time_field = ""

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        return [(key, f"The last {words}") for key, (words, _) in SPANS.items()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        _, span = SPANS.get(str(self.value()), (None, None))
        if span is None:
            return queryset
        return queryset.filter(**{f"{self.time_field}__gte": timezone.now() - span})


class CallWithinFilter(WithinFilter):
    time_field = "started_at"


class EventWithinFilter(WithinFilter):
    time_field = "happened_at"


class WordFilter(DropdownFilter):
    """By a field without choices, whose values are known all the same."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        named = {str(self.parameter_name): self.value()}
        return queryset.filter(**named) if self.value() else queryset


class ToolFilter(WordFilter):
    title = parameter_name = "tool"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        from mcpserver.server import tool_names  # commands load the admin too

        return [(name, name.removeprefix("infinity_")) for name in sorted(tool_names())]


class ErrorFilter(WordFilter):
    title = parameter_name = "error"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        from mcpserver.audit import ERROR_KINDS  # commands load the admin too

        return [(kind, kind.replace("_", " ").capitalize()) for kind in ERROR_KINDS]


def _to_the_second(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def _search_for(term: str, text: str) -> str:
    """`text` as a link to the rows that a search for `term` finds."""
    return format_html('<a href="?{}">{}</a>', urlencode({"q": term}), text) if text else ""


class AuditAdmin(FilteredLookups, BaseAdmin):
    """A list that nobody changes."""

    actions = None
    list_filter_submit = True
    list_per_page = 50
    paginator = BoundedPaginator
    show_facets = admin.ShowFacets.NEVER  # each would count all rows
    show_full_result_count = False
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        export = path("export/", self.admin_site.admin_view(self.export_view), name=name)
        return [export, *super().get_urls()]

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """When it was comes first; Django leaves out what no form may change."""
        fields = super().get_fields(request, obj)
        return sorted(fields, key=lambda field: field not in self.readonly_fields)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Model], search_term: str
    ) -> tuple[QuerySet[Model], bool]:
        term = search_term.strip().replace("\0", "")
        return (queryset.filter(self.matches(term)) if term else queryset), False

    def matches(self, term: str) -> Q:
        """What a search is for: one thing only, so that one index has the rows in their order."""
        return Q(request_id=term) if _REQUEST_ID.fullmatch(term) else self.named(term)

    def named(self, name: str) -> Q:
        raise NotImplementedError

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        address = f"export/?{request.GET.urlencode()}"
        return super().changelist_view(request, {**(extra_context or {}), "export_url": address})

    def export_view(self, request: HttpRequest) -> StreamingHttpResponse | HttpResponseRedirect:
        """All rows of the list as it is filtered, newest first."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        try:
            rows = self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:  # of a value: the list says so
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
    readonly_fields = ("moment",)
    list_display = ("moment", "kind", "about", "in_short", "by", "count")
    list_filter = (EventWithinFilter, ("kind", ChoicesDropdownFilter))
    search_fields = ("subject", "actor", "request_id")
    search_help_text = (
        "What it is about, as it is shown (MCP user alice); “by ada” for what ada did; or a"
        " request id. The newest 10,000 that match can be paged through; the export has all."
    )

    def named(self, name: str) -> Q:
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
        return Truncator(event.detail).chars(MOST_DETAIL)

    @admin.display(description="actor")
    def by(self, event: Event) -> str:
        return _search_for(f"by {event.actor}", event.actor)
