"""Defines the kinds of audit events, and the signal that announces one.

Announcements carry names and ids, never a secret or content from Infinity.
"""

from __future__ import annotations

from django.db.models import TextChoices
from django.dispatch import Signal


class EventKind(TextChoices):
    """What an event of the audit log reports."""

    SIGNED_IN = "signed_in", "Signed in"
    SIGNED_OUT = "signed_out", "Signed out"
    SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
    ADDED = "added", "Added"
    CHANGED = "changed", "Changed"
    REMOVED = "removed", "Removed"
    ADMIN_CHANGE = "admin_change", "Changed in the admin"
    KEY_ISSUED = "key_issued", "Key issued"
    KEY_EXPIRES = "key_expires", "Key's end set"
    KEY_REVOKED = "key_revoked", "Key revoked"
    TOKEN_REPLACED = "token_replaced", "Infinity token replaced"
    PROFILE_VERIFIED = "profile_verified", "Profile verified"
    VERIFICATION_FAILED = "verification_failed", "Profile not verified"
    RESTORED = "restored", "Database restored"
    STORE_KEY_ROTATED = "store_key_rotated", "Store key rotated"
    CONNECTION_GRANTED = "connection_granted", "Connection granted"
    CONNECTION_DENIED = "connection_denied", "Connection denied"
    CONNECTION_REVOKED = "connection_revoked", "Connection revoked"
    TOKEN_ISSUED = "token_issued", "OAuth token issued"
    TOKEN_REFRESHED = "token_refreshed", "OAuth token refreshed"
    TOKEN_REUSED = "token_reused", "OAuth code or token used again"
    ACCESS_REFUSED = "access_refused", "Access refused"
    CREDENTIAL_REFUSED = "credential_refused", "Credential refused at /mcp"
    THROTTLED = "throttled", "Throttled"


# Sent with `kind`, `subject`, `detail`, `actor` and `often`.
happened = Signal()


def announce(
    kind: EventKind, subject: str, detail: str = "", *, actor: str = "", often: bool = False
) -> None:
    """Announce that `kind` happened to `subject`, such as `MCP user alice`.

    `actor` is who did it, if that is not the person of the request or the command. `often` is for
    events that a client can repeat at will: they are counted, in one record a minute. Raises the
    errors of the listeners, so that a change that cannot be recorded is not made.
    """
    happened.send(sender=None, kind=kind, subject=subject, detail=detail, actor=actor, often=often)
