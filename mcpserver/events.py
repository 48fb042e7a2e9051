"""Storing what is announced, and announcing what Django itself tells: sign-ins and the admin."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver

from accounts.models import User
from credentials.events import EventKind, announce, happened
from infinity_mcp.request_id import current_request_id
from mcpserver.models import LONGEST_DETAIL, Event, one_line
from mcpserver.origin import current_origin


@receiver(happened)
def store(*, kind: EventKind, subject: str, detail: str, actor: str, often: bool, **_: Any) -> None:
    origin = current_origin()
    told = {
        "kind": kind,
        "actor": one_line(actor or origin.actor, 200),
        "subject": one_line(subject, 200),
        "detail": one_line(detail, LONGEST_DETAIL),
        "address": origin.address,
    }
    if not (often and Event.objects.count_again(**told)):
        Event.objects.create(**told, request_id=current_request_id().strip("-"))


@receiver(user_logged_in)
def note_sign_in(*, user: User, **_: Any) -> None:
    announce(EventKind.SIGNED_IN, f"person {user}", actor=user.get_username())


@receiver(user_logged_out)
def note_sign_out(*, user: User | None, **_: Any) -> None:
    if user:
        announce(EventKind.SIGNED_OUT, f"person {user}", actor=user.get_username())


@receiver(user_login_failed)
def note_refused_sign_in(*, credentials: dict[str, Any], **_: Any) -> None:
    """Names that nobody has are not kept: some type their password there."""
    name = str(credentials.get("username", ""))
    known = "\0" not in name and User.objects.filter(username=name).exists()
    announce(EventKind.SIGN_IN_REFUSED, f"person {name}" if known else "nobody's name")


@receiver(post_save, sender=LogEntry)
def note_admin_change(*, instance: LogEntry, created: bool, raw: bool, **_: Any) -> None:
    if raw or not created:
        return
    what = instance.content_type.name if instance.content_type else ""
    announce(
        EventKind.ADMIN_CHANGE,
        f"{what} {instance.object_repr}",
        f"{instance.get_action_flag_display()}. {instance.get_change_message()}",
        actor=instance.user.get_username(),
    )
