"""People in the admin. MCP users and their keys are in `mcpserver.admin`, which knows the tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminRadioSelectWidget

from accounts.forms import AdminLoginForm
from accounts.lookups import FilteredLookups
from accounts.models import User
from accounts.roles import Role

if TYPE_CHECKING:
    PersonFormBase = forms.ModelForm[User]
    Base = UserAdmin[User]
else:

    class Base(FilteredLookups, UserAdmin, ModelAdmin):
        pass

    PersonFormBase = forms.ModelForm

admin.site.login_form = AdminLoginForm
admin.site.unregister(Group)  # the roles are its only use


class PersonForm(PersonFormBase):
    role = forms.ChoiceField(choices=Role.choices, widget=UnfoldAdminRadioSelectWidget)

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "role" in self.fields:
            self.fields["role"].initial = self.instance.role


class NewPersonForm(UserCreationForm):
    role = forms.ChoiceField(
        choices=Role.choices, initial=Role.NONE, widget=UnfoldAdminRadioSelectWidget
    )


@admin.register(User)
class PersonAdmin(Base):
    """Superusers give roles. Operators look after the accounts of people who have none."""

    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "full_name", "role_in_words", "is_active", "last_login")
    list_filter = ("is_active", "is_superuser", "groups")
    readonly_fields = ("role_in_words", "password_in_words", "last_login", "date_joined")
    filter_horizontal = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        role = "role" if _gives_roles(request) else "role_in_words"
        if obj is None:
            fields = ("username", "password1", "password2")
            return ((None, {"fields": (*fields, "role") if role == "role" else fields}),)
        return (
            (None, {"fields": ("username", ("first_name", "last_name"), "email", "is_active")}),
            ("Access", {"fields": (role, "password_in_words", ("last_login", "date_joined"))}),
        )

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        if not _gives_roles(request):
            form.base_fields.pop("role", None)
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if "role" in form.changed_data:  # saved with the rest, it is one event with it
            obj.mark_role(Role(form.cleaned_data["role"]))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if "role" in form.changed_data:
            form.instance.take_role(Role(form.cleaned_data["role"]))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """What an operator could change of somebody with a role would be a way to that role."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (
            _gives_roles(request) or obj is None or not (obj.is_staff or obj.is_superuser)
        )

    @admin.display(description="name")
    def full_name(self, person: User) -> str:
        return person.get_full_name()

    @admin.display(description="role")
    def role_in_words(self, person: User) -> str:
        return person.role.label.partition(":")[0]

    @admin.display(description="password")
    def password_in_words(self, person: User) -> str:
        state = "Set" if person.has_usable_password() else "None: cannot sign in with a password"
        url = reverse("admin:auth_user_password_change", args=[person.pk])
        return format_html('{} (<a class="underline" href="{}">change</a>)', state, url)


def _gives_roles(request: HttpRequest) -> bool:
    return bool(request.user.is_superuser)
