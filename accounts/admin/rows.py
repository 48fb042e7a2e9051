"""Validates primary keys that admin forms and URLs name, before they are looked up.

Django passes any text on to the database, which fails on text for a number and, in SQLite, on a
number that is too large.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib.admin.widgets import AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, IntegerField, Model
from django.forms import ModelMultipleChoiceField
from unfold.contrib.filters.admin import AutocompleteSelectFilter
from unfold.contrib.filters.forms import AutocompleteDropdownForm

if TYPE_CHECKING:
    FieldBase = ModelMultipleChoiceField[Model]
    WidgetBase = AutocompleteSelectMultiple
else:
    FieldBase, WidgetBase = ModelMultipleChoiceField, object

MAX_SHOWN = 40  # characters of a refused choice


def is_key(model: type[Model], text: str) -> bool:
    """Can `text` be the primary key of a row?"""
    return _can_be(model._meta.pk, text)


def is_comparison(model: type[Model], lookup: str) -> bool:
    """Does `lookup` compare a column of `model` in a way that list filters use?"""
    field, way = _field_of(model, lookup)
    return field is not None and way in ("", "exact", "in", "isnull")


def can_compare(model: type[Model], lookup: str, text: str) -> bool:
    """Can `text` be compared with the column of `lookup` (user, user__id__in)? Checks numbers."""
    field, way = _field_of(model, lookup)
    if not isinstance(field, IntegerField) or way == "isnull":
        return True
    return all(_can_be(field, each) for each in (text.split(",") if way == "in" else [text]))


def _can_be(field: Field[Any, Any], text: str) -> bool:
    try:
        field.run_validators(field.to_python(text))
    except ValidationError:
        return False
    return True


def _field_of(model: type[Model], lookup: str) -> tuple[Any, str]:
    """The column that `lookup` leads to (of a relation, its key), and the rest of the lookup."""
    field: Any = None
    names = lookup.split("__")
    while names:
        try:
            field = model._meta.pk if names[0] == "pk" else model._meta.get_field(names[0])
        except FieldDoesNotExist:
            break
        model = field.related_model or model
        names = names[1:]
    is_relation = field is not None and field.is_relation
    return model._meta.pk if is_relation else field, "__".join(names)


class RowsField(FieldBase):
    """Accepts several rows, and refuses values that cannot be keys before it queries them."""

    def clean(self, value: Any) -> Any:
        assert self.queryset is not None
        for each in value or ():
            if not is_key(self.queryset.model, each):
                told = self.error_messages["invalid_pk_value"] % {"pk": str(each)[:MAX_SHOWN]}
                raise ValidationError(told, code="invalid_pk_value")
        return super().clean(value)


class KnownRows(WidgetBase):
    """Shows the choices again, without those that cannot be rows."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        """The choices for those of `value` that can be keys."""
        model: Any = self.field.remote_field.model
        return super().optgroups(name, [each for each in value if is_key(model, each)], attrs)


class RowSelect(KnownRows, AutocompleteSelect):
    """Selects one row by typing."""


class RowsSelect(KnownRows, AutocompleteSelectMultiple):
    """Selects several rows by typing."""


class RowFilterForm(AutocompleteDropdownForm):
    """Selects the row of a RowFilter by typing."""

    widget = RowSelect


class RowFilter(AutocompleteSelectFilter):
    """A filter by a related row, found by typing, because there may be thousands."""

    form_class = RowFilterForm
