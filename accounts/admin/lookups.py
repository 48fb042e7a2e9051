"""Restricts changelist query parameters to the declared filters, and row keys to possible ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import ManyToManyField, QuerySet
from django.http import HttpRequest, HttpResponse

from accounts.admin.rows import RowsField, RowsSelect, can_compare, is_comparison, is_key

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object

# A search has a condition for each word and column, and SQLite allows a thousand.
MAX_WORDS, MAX_SEARCH_LENGTH = 10, 200
NO_ROWS = "The chosen rows are not in this list: choose again."
SEARCH_CUT = (
    f"Only the beginning was used for the search: {MAX_WORDS} words and {MAX_SEARCH_LENGTH}"
    " characters at most."
)


class FilteredLookups(Base):
    """Base of every admin of this project: limits lookups to the list's own filters, and checks
    the keys of chosen rows.

    Django lets a URL filter by any column, so that a person who may see the list could find out a
    secret column, which no page shows, character by character.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow declared filters only. Raises IncorrectLookupParameters for an unusable value."""
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
        """Search for the first MAX_WORDS words, and warn when the text was cut."""
        search_term = search_term.replace("\0", "")
        searched = " ".join(search_term[:MAX_SEARCH_LENGTH].split()[:MAX_WORDS])
        if searched != " ".join(search_term.split()):
            self.message_user(request, SEARCH_CUT, messages.WARNING)
        return super().get_search_results(request, queryset, searched)

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Use a RowsField where rows are found by typing."""
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs |= {"widget": RowsSelect(db_field, self.admin_site), "form_class": RowsField}
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Run the action, or show an error if a selected value cannot be a key."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if all(is_key(self.model, each) for each in chosen):
            return super().response_action(request, queryset, *args, **kwargs)
        self.message_user(request, NO_ROWS, messages.ERROR)
        return None


def _column(list_filter: Any) -> str:
    """The column of an entry of `list_filter`: a filter class, a field, or a field with a class."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    path = list_filter if isinstance(list_filter, str) else list_filter[0]
    return str(path).partition("__")[0]
