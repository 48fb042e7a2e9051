"""Registers people in the admin. MCP users and keys are in `mcpserver.admin`."""

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

from accounts.admin.lookups import FilteredLookups
from accounts.models import User
from accounts.roles import Role
from accounts.signin.forms import AdminLoginForm

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
    """Edits a person and the person's role."""

    role = forms.ChoiceField(choices=Role.choices, widget=UnfoldAdminRadioSelectWidget)

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and "role" in self.fields:
            self.fields["role"].initial = self.instance.role


class NewPersonForm(UserCreationForm):
    """Adds a person with a password and, where the admin may give it, a role."""

    role = forms.ChoiceField(
        choices=Role.choices, initial=Role.NONE, widget=UnfoldAdminRadioSelectWidget
    )


@admin.register(User)
class PersonAdmin(Base):
    """Superusers give roles. Operators manage the accounts of people without a role."""

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
        """Show the role as a field to those who may give roles, to others as text."""
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
        """Remove the role from the form of those who may not give roles."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if not _gives_roles(request):
            form.base_fields.pop("role", None)
        return form

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Save the person; a changed role is recorded in the same event."""
        if "role" in form.changed_data:  # saved with the rest, it is one event with it
            obj.mark_role(Role(form.cleaned_data["role"]))
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Give the person the groups of a changed role, once the person is saved."""
        super().save_related(request, form, formsets, change)
        if "role" in form.changed_data:
            form.instance.take_role(Role(form.cleaned_data["role"]))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Operators may not change people with a role: changing their password would give it."""
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
