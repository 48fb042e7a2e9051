"""Checks what the addresses and forms of the admin ask for, before the database is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import ManyToManyField, QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.rows import RowsField, RowsSelect, can_compare, is_comparison, is_key

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

# Each word is a condition for each of the columns that are searched, and SQLite takes a thousand.
MOST_WORDS, LONGEST_SEARCH = 10, 200
NO_ROWS = "What was chosen is no row of this list: choose again."
SEARCH_CUT = (
    f"Only the beginning was searched for: {MOST_WORDS} words and {LONGEST_SEARCH} characters at"
    " most."
)


class FilteredLookups(Base):
    """For every admin of this project: only what the list's own filters ask for, and rows by keys
    that can be keys.

    Django lets an address ask for any column, so that whoever may see the list could find out a
    secret one, which no page shows, character by character.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        column = lookup.partition("__")[0]
        offered = {_column(each) for each in self.get_list_filter(request)}
        is_asked = lookup in offered or is_comparison(self.model, lookup)
        if column not in offered or not is_asked:
            return False
        if not super().lookup_allowed(lookup, value, request):
            return False
        if not can_compare(self.model, lookup, value):
            raise IncorrectLookupParameters
        return True

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        search_term = search_term.replace("\0", "")
        searched = " ".join(search_term[:LONGEST_SEARCH].split()[:MOST_WORDS])
        if searched != " ".join(search_term.split()):
            self.message_user(request, SEARCH_CUT, messages.WARNING)
        return super().get_search_results(request, queryset, searched)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs |= {"widget": RowsSelect(db_field, self.admin_site), "form_class": RowsField}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if all(is_key(self.model, each) for each in chosen):
            return super().response_action(request, queryset, *args, **kwargs)
        self.message_user(request, NO_ROWS, messages.ERROR)
        return None


def _column(list_filter: Any) -> str:
    """What a filter is about: a class of its own, or a field with or without the class for it."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    path = list_filter if isinstance(list_filter, str) else list_filter[0]
    return str(path).partition("__")[0]
