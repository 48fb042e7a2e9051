"""Takes rows that a form or an address of the admin names, and says which can be none.

Django asks the database for them whatever they are: text for a number fails, and so does, in
SQLite, a number that is too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.forms import ModelMultipleChoiceField
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

if TYPE_CHECKING:
    FieldBase = ModelMultipleChoiceField[Model]
    WidgetBase = AutocompleteSelectMultiple
else:
    FieldBase, WidgetBase = ModelMultipleChoiceField, object

MOST_SHOWN = 40  # characters of what was chosen


def is_key(model: type[Model], text: str) -> bool:
    """Can `text` be the primary key of a row?"""
    key = model._meta.pk
    try:
        key.run_validators(key.to_python(text))
    except ValidationError:
        return False
    return True


class RowsField(FieldBase):
    def clean(self, value: Any) -> Any:
        assert self.queryset is not None
        for each in value or ():
            if not is_key(self.queryset.model, each):
                told = self.error_messages["invalid_pk_value"] % {"pk": str(each)[:MOST_SHOWN]}
                raise ValidationError(told, code="invalid_pk_value")
        return super().clean(value)


class KnownRows(WidgetBase):
    """Shows again what was chosen, as far as it can be a row."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        model: Any = self.field.remote_field.model
        return super().optgroups(name, [each for each in value if is_key(model, each)], attrs)


class RowSelect(KnownRows, AutocompleteSelect):
    pass


class RowsSelect(KnownRows, AutocompleteSelectMultiple):
    pass


class RowFilterForm(AutocompleteDropdownForm):  # type: ignore[misc]
    widget = RowSelect


class RowFilter(AutocompleteSelectFilter):  # type: ignore[misc]
    """A filter by a related row, which is found by typing: there may be thousands."""

    form_class = RowFilterForm
