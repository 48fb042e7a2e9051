from typing import ClassVar

from django.contrib import admin
from django.forms import Form

class DropdownFilter(admin.SimpleListFilter):
    form_class: ClassVar[type[Form]]

class ChoicesDropdownFilter(admin.ChoicesFieldListFilter):
    form_class: ClassVar[type[Form]]

class AutocompleteSelectFilter(admin.RelatedFieldListFilter):
    form_class: ClassVar[type[Form]]
