from typing import ClassVar

from django.contrib.admin.widgets import AutocompleteSelect
from django.forms import Form

class AutocompleteDropdownForm(Form):
    widget: ClassVar[type[AutocompleteSelect]]
