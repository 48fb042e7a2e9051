"""Announces changes of people, MCP users, profiles, clients and connections.

Changes are noticed wherever they are made: in the admin, in a command or on a page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.contrib.auth.models import Group
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_delete, pre_save

from accounts.models import McpUser, User
from credentials.models import Profile
from infinity_mcp.core.events import EventKind, announce
from oauthbridge.models import Application, Connection

_BEFORE = "_watched_before"
_LOADED = "_watched_loaded"
MAX_NAMES = 20


@dataclass(frozen=True)
class AuditedModel:
    """What events say about a model's fields.

    Of `shown` fields they give the values, long ones last, of `named` ones only that they changed.
    When a field of `apart` is set, that is an event of its own.
    """

    called: str
    shown: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    apart: dict[str, EventKind] = field(default_factory=dict)
    added: EventKind = EventKind.ADDED

    @property
    def fields(self) -> set[str]:
        """The names of all fields that events report."""
        return {*self.shown, *self.named, *self.apart}

    def subject(self, instance: Model) -> str:
        """What an event is about, such as "profile team"."""
        return f"{self.called} {instance}"

    def detail(self, instance: Model, before: dict[str, Any] | None = None) -> str:
        """The fields that are set or, given `before`, those that changed."""
        after = {name: getattr(instance, name) for name in before or self.shown}
        if before is None:
            return "; ".join(f"{name}: {_text(after[name])}" for name in self.shown if after[name])
        changed = [name for name in before if before[name] != after[name]]
        shown = [
            f"{name}: {_difference(before[name], after[name])}"
            for name in self.shown
            if name in changed
        ]
        return "; ".join([*shown, *(name for name in self.named if name in changed)])


WATCHED: dict[type[Model], AuditedModel] = {
    User: AuditedModel(
        "person",
        ("username", "is_active", "is_staff", "is_superuser"),
        ("password", "email", "first_name", "last_name"),
    ),
    Group: AuditedModel("role", ("name",)),
    McpUser: AuditedModel(
        "MCP user",
        (
            "name",
            "profile_id",
            "active",
            "expires_at",
            "people_may_make_keys",
            "scopes",
            "toolset",
            "allowed_tools",
        ),
        ("notes",),
    ),
    Profile: AuditedModel(
        "profile",
        ("name", "active", "base_url", "version", "scopes"),
        apart={
            "encrypted_token": EventKind.TOKEN_REPLACED,
            "verified_at": EventKind.PROFILE_VERIFIED,
        },
    ),
    Application: AuditedModel(
        "client",
        ("name", "client_id", "client_type", "registration_source", "redirect_uris"),
        ("client_secret",),
    ),
    Connection: AuditedModel("connection", ("scopes",), added=EventKind.CONNECTION_GRANTED),
}
LISTS = (McpUser.people.through, User.groups.through, User.user_permissions.through)


def watch() -> None:
    """Connect the receivers."""
    for model in WATCHED:
        pre_save.connect(_remember, sender=model)
        post_save.connect(_announce_saved, sender=model)
        post_delete.connect(_announce_removed, sender=model)
    pre_delete.connect(_announce_deleted_keys, sender=McpUser)
    for through in (*LISTS, Group.permissions.through):
        m2m_changed.connect(_announce_m2m_change, sender=through)


def _of_this_database(receiver: Callable[..., None]) -> Callable[..., None]:
    """Ignores other databases, such as a backup that is migrated: it has its own audit log."""

    @wraps(receiver)
    def received(using: str, **signal: Any) -> None:
        if using == DEFAULT_DB_ALIAS:
            receiver(**signal)

    return received


@_of_this_database
def _remember(
    sender: type[Model],
    instance: Model,
    raw: bool,
    update_fields: Iterable[str] | None = None,
    **_: Any,
) -> None:
    if raw:  # by loaddata, which loads the audit log too; m2m signals do not say that they are raw
        vars(instance)[_LOADED] = True
        return
    fields = WATCHED[sender].fields.intersection(update_fields or WATCHED[sender].fields)
    if fields and not instance._state.adding:
        stored = sender._default_manager.filter(pk=instance.pk).values(*fields).first()
        vars(instance)[_BEFORE] = stored


@_of_this_database
def _announce_saved(
    sender: type[Model], instance: Model, created: bool, raw: bool, **_: Any
) -> None:
    if raw:
        return
    watched = WATCHED[sender]
    before = vars(instance).pop(_BEFORE, None)
    if created:
        announce(watched.added, watched.subject(instance), watched.detail(instance))
    if not before:
        return
    for name, kind in watched.apart.items():
        value = getattr(instance, name)
        if value and value != before.get(name, value):
            announce(kind, watched.subject(instance))
    detail = watched.detail(instance, before)
    if detail:
        announce(EventKind.CHANGED, watched.subject(instance), detail)


@_of_this_database
def _announce_removed(sender: type[Model], instance: Model, **_: Any) -> None:
    announce(EventKind.REMOVED, WATCHED[sender].subject(instance))


@_of_this_database
def _announce_deleted_keys(instance: McpUser, **_: Any) -> None:
    """Announce the keys that are deleted together with their MCP user."""
    if count := instance.keys.live().count():
        keys = "1 key" if count == 1 else f"{count} keys"
        announce(EventKind.KEY_REVOKED, f"MCP user {instance}", f"{keys}, with their MCP user")


@_of_this_database
def _announce_m2m_change(
    instance: Model, action: str, model: type[Model], pk_set: set[Any] | None, **_: Any
) -> None:
    verb = {"post_add": "added", "post_remove": "removed", "post_clear": "removed all"}.get(action)
    if verb is None or pk_set == set() or _LOADED in vars(instance):
        return
    named = model._default_manager.filter(pk__in=pk_set or ())[:MAX_NAMES]
    what = model._meta.verbose_name_plural
    detail = f"{verb} {what}: {', '.join(map(str, named))}" if pk_set else f"{verb} {what}"
    announce(EventKind.CHANGED, WATCHED[type(instance)].subject(instance), detail)


def _difference(before: Any, after: Any) -> str:
    """A change of a value. Lists may be long, so only what was added and removed is shown, unless
    one is empty: that may mean everything."""
    if not (isinstance(before, list) and isinstance(after, list) and before and after):
        return f"{_text(before)} → {_text(after)}"
    came = [f"+{each}" for each in after if each not in before]
    went = [f"-{each}" for each in before if each not in after]
    return ", ".join(came + went) or "in another order"


def _text(value: Any) -> str:
    return (", ".join(map(str, value)) or "empty") if isinstance(value, list) else str(value)
