"""The events in the audit log."""

from __future__ import annotations

from infinity_mcp.core.events import EventKind
from mcpserver.audit.models import Event

Seen = list[tuple[str, str, str]]
# What a server of other tests may write down only now.
COUNTED = (EventKind.ACCESS_REFUSED, EventKind.CREDENTIAL_REFUSED, EventKind.THROTTLED)


def seen(*kinds: EventKind) -> Seen:
    """What is in the log, oldest first: kind, subject, detail."""
    events = Event.objects.order_by("id")
    events = events.filter(kind__in=kinds) if kinds else events.exclude(kind__in=COUNTED)
    return list(events.values_list("kind", "subject", "detail"))
