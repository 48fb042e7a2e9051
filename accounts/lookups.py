"""What the address of a list in the admin may ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Any]
else:
    Base = object


class FilteredLookups(Base):
    """Only what the list's own filters ask for, for every admin of this project.

    Django lets an address ask for any column, so that whoever may see the list could find out a
    secret one, which no page shows, character by character.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        column = lookup.partition("__")[0]
        offered = {_column(each) for each in self.get_list_filter(request)}
        return column in offered and super().lookup_allowed(lookup, value, request)


def _column(list_filter: Any) -> str:
    """What a filter is about: a class of its own, or a field with or without the class for it."""
    if isinstance(list_filter, type):
        return str(getattr(list_filter, "parameter_name", ""))
    path = list_filter if isinstance(list_filter, str) else list_filter[0]
    return str(path).partition("__")[0]
