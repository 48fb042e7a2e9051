"""Defines the models of the audit log: calls of tools, events, and summaries of calls.

Rows have the names of users, profiles and credentials instead of foreign keys: they outlive those,
and a million of them are listed without a join.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from django.db import models
from django.utils import timezone

from infinity_mcp.core.events import EventKind

MAX_DETAIL_LENGTH = 10_000


def one_line(text: str, length: int) -> str:
    """`text` for a row: cut, with line breaks and other unprintable characters escaped.

    It may come from strangers, who must not be able to forge rows of listings and logs.
    """
    shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:length])
    return "".join(shown)[:length]


M = TypeVar("M", bound=models.Model)


class AuditQuerySet(models.QuerySet[M]):
    """Deletes rows in batches."""

    def delete_in_batches(self, size: int = 5000) -> int:
        """Like `delete`, but others can write in between. Returns the number of rows."""
        deleted = 0
        while ids := list(self.order_by().values_list("pk", flat=True)[:size]):
            deleted += self.model._base_manager.filter(pk__in=ids).delete()[0]
        return deleted


class EventQuerySet(AuditQuerySet["Event"]):
    """Counts repeated events in one row."""

    def count_again(self, **fields: object) -> bool:
        """Increase the count of an equal event of the last minute; False if there is none."""
        lately = timezone.now() - timedelta(minutes=1)
        same = self.filter(happened_at__gt=lately, **fields).values_list("pk", flat=True).first()
        return bool(same and self.filter(pk=same).update(count=models.F("count") + 1))


class Outcome(models.TextChoices):
    """How a call ended."""

    UNFINISHED = "unfinished", "Unfinished"
    OK = "ok", "Worked"
    REFUSED = "refused", "Refused"
    FAILED = "failed", "Failed"


class Credential(models.TextChoices):
    """The kind of credential with which a call was made."""

    KEY = "key", "API key"
    OAUTH = "oauth", "OAuth connection"
    ENVIRONMENT = "environment", "Environment"


class ToolCall(models.Model):
    """One call of a tool. `targets` has ids only, never values."""

    started_at = models.DateTimeField(default=timezone.now, editable=False)
    user = models.CharField("MCP user", max_length=64)
    user_id = models.BigIntegerField("MCP user's id", null=True)
    credential = models.CharField(max_length=16, choices=Credential)
    credential_id = models.BigIntegerField(null=True, help_text="Of the API key or connection.")
    profile = models.CharField(max_length=64)
    tool = models.CharField(max_length=80)
    targets = models.JSONField(default=dict, help_text="The ids that the call named.")
    changes = models.BooleanField(help_text="Whether the tool changes something.")
    outcome = models.CharField(
        max_length=16,
        choices=Outcome,
        default=Outcome.UNFINISHED,
        help_text="Unfinished: under way, or the server ended in the middle of it.",
    )
    error = models.CharField(max_length=40, blank=True, help_text="Why it did not work.")
    upstream_status = models.PositiveSmallIntegerField(
        null=True, help_text="The HTTP status that Infinity refused it with."
    )
    requests = models.PositiveIntegerField(default=0, help_text="How many it sent to Infinity.")
    duration_ms = models.PositiveIntegerField("duration (ms)", null=True)
    request_id = models.CharField(max_length=32)

    objects = AuditQuerySet["ToolCall"].as_manager()

    class Meta:
        ordering = ("-started_at", "-id")
        verbose_name = "tool call"
        # Each filter of the list reads its newest rows from one of these.
        indexes = (
            models.Index(fields=("started_at",), name="toolcall_time"),
            models.Index(fields=("user", "started_at"), name="toolcall_user"),
            models.Index(fields=("user", "outcome", "started_at"), name="toolcall_user_outcome"),
            models.Index(fields=("user", "error", "started_at"), name="toolcall_user_error"),
            models.Index(fields=("tool", "started_at"), name="toolcall_tool"),
            models.Index(fields=("outcome", "started_at"), name="toolcall_outcome"),
            models.Index(fields=("error", "started_at"), name="toolcall_error"),
            models.Index(fields=("request_id",), name="toolcall_request"),
            models.Index(
                fields=("started_at",), name="toolcall_changes", condition=models.Q(changes=True)
            ),
        )

    def __str__(self) -> str:
        return f"{self.tool} by {self.user}"


class Event(models.Model):
    """A sign-in, a refusal, or a change of people, users, keys, profiles, clients or tokens."""

    happened_at = models.DateTimeField(default=timezone.now, editable=False)
    kind = models.CharField(max_length=32, choices=EventKind)
    actor = models.CharField(
        max_length=200, blank=True, help_text="The person, command or client; blank: the server."
    )
    subject = models.CharField(max_length=200, blank=True)
    detail = models.TextField(blank=True)
    count = models.PositiveIntegerField(default=1, help_text="How often it happened in a minute.")
    address = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=32, blank=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        ordering = ("-happened_at", "-id")
        indexes = (
            models.Index(fields=("happened_at",), name="event_time"),
            models.Index(fields=("kind", "happened_at"), name="event_kind"),
            models.Index(fields=("actor", "happened_at"), name="event_actor"),
            models.Index(fields=("subject", "happened_at"), name="event_subject"),
            models.Index(fields=("actor", "kind", "happened_at"), name="event_actor_kind"),
            models.Index(fields=("subject", "kind", "happened_at"), name="event_subject_kind"),
            models.Index(fields=("request_id",), name="event_request"),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.subject}"


class CallSummary(models.Model):
    """The statistics of the calls in a past time span; see `mcpserver.audit.rollups`."""

    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    statistics = models.JSONField()
    last_call_id = models.BigIntegerField(help_text="The newest call when they were counted.")

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("starts_at", "ends_at"), name="callsummary_span"),
        )

    def __str__(self) -> str:
        return f"{self.starts_at} to {self.ends_at}"
