"""Stores announced events, and announces sign-ins and changes in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from infinity_mcp.core.events import EventKind, announce, happened
from infinity_mcp.core.request_id import current_request_id
from mcpserver.audit.actor import current_actor
from mcpserver.audit.models import MAX_DETAIL_LENGTH, Event, one_line


@receiver(happened)
def store(*, kind: EventKind, subject: str, detail: str, actor: str, often: bool, **_: Any) -> None:
    """Store an event; a frequent one may only increase a count."""
    current = current_actor()
    fields = {
        "kind": kind,
        "actor": one_line(actor or current.actor, 200),
        "subject": one_line(subject, 200),
        "detail": one_line(detail, MAX_DETAIL_LENGTH),
        "address": current.address,
    }
    if not (often and Event.objects.count_again(**fields)):
        Event.objects.create(**fields, request_id=current_request_id().strip("-"))


@receiver(user_logged_in)
def note_sign_in(*, user: User, **_: Any) -> None:
    """Announce that a person signed in."""
    announce(EventKind.SIGNED_IN, f"person {user}", actor=user.get_username())


@receiver(user_logged_out)
def note_sign_out(*, user: User | None, **_: Any) -> None:
    """Announce that a person signed out."""
    if user:
        announce(EventKind.SIGNED_OUT, f"person {user}", actor=user.get_username())


@receiver(user_login_failed)
def note_refused_sign_in(*, credentials: dict[str, Any], **_: Any) -> None:
    """Announce a refused sign-in. Unknown names are not stored: some type their password there."""
    name = str(credentials.get("username", ""))
    known = "\0" not in name and User.objects.filter(username=name).exists()
    announce(EventKind.SIGN_IN_REFUSED, f"person {name}" if known else "unknown name")


@receiver(post_save, sender=LogEntry)
def note_admin_change(*, instance: LogEntry, created: bool, raw: bool, **_: Any) -> None:
    """Announce an entry in the admin's history."""
    if raw or not created:
        return
    what = instance.content_type.name if instance.content_type else ""
    announce(
        EventKind.ADMIN_CHANGE,
        f"{what} {instance.object_repr}",
        f"{instance.get_action_flag_display()}. {instance.get_change_message()}",
        actor=instance.user.get_username(),
    )
