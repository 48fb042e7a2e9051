from typing import TypeVar

from django.contrib import admin
from django.db.models import Model

_M = TypeVar("_M", bound=Model)
_Parent = TypeVar("_Parent", bound=Model)

class ModelAdmin(admin.ModelAdmin[_M]): ...
class TabularInline(admin.TabularInline[_M, _Parent]): ...
