"""Finds what an operator should look at: recent and coming problems."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Count, Max, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince, timeuntil

from accounts.models import ApiKey, McpUser, User
from credentials.errors import CredentialError
from credentials.models import ENDS_SOON, Profile
from infinity_mcp.core.events import EventKind
from infinity_mcp.core.sqlite import database_file
from mcpserver.audit.models import Event, Outcome, ToolCall

LATELY = timedelta(hours=24)
# A call ends within a minute; an older one that is unfinished was cut off.
LONG_UNFINISHED = timedelta(minutes=5)
UNFINISHED_SHOWN = timedelta(days=7)
MAX_NAMED = 5
# After one of these events, an earlier refusal of a profile's token no longer counts.
RESOLVING = (EventKind.ADDED, EventKind.TOKEN_REPLACED, EventKind.PROFILE_VERIFIED)

Urgency = Literal["error", "warning"]


@dataclass(frozen=True)
class Alert:
    """A problem. `url` is where to look at it, `model` what the viewer must be allowed to see."""

    urgency: Urgency
    text: str
    advice: str
    url: str
    model: type[models.Model]


def alerts(viewer: User | AnonymousUser) -> list[Alert]:
    """The problems that the viewer may see, errors first."""
    now = timezone.now()
    found = [alert for check in CHECKS for alert in check(now)]
    shown = [alert for alert in found if viewer.has_perm(_permission(alert.model))]
    return sorted(shown, key=lambda alert: alert.urgency)


def _unwritable_database(now: datetime) -> Iterator[Alert]:
    if not database_file.is_writable():
        text = "The database cannot be written: changes are refused, and calls are not recorded."
        advice = "Check that its disk has space; the server's log says what is wrong."
        yield Alert("error", text, advice, list_of(ToolCall), ToolCall)


def _unreadable_tokens(now: datetime) -> Iterator[Alert]:
    url = list_of(Profile)
    try:
        active = Profile.objects.filter(active=True)
        unreadable = [profile.id for profile in active if not profile.is_readable()]
    except CredentialError as error:  # of the store key, so it is the same for all
        text = "No Infinity token can be opened."
        yield Alert("error", text, str(error), url, Profile)
        return
    if unreadable:
        text = f"The stored Infinity token of {_some(unreadable)} cannot be read."
        advice = "Put the store key back that encrypted it, or enter the token again."
        yield Alert("error", text, advice, url, Profile)


def _refused_tokens(now: datetime) -> Iterator[Alert]:
    since = now - LATELY
    refused = _calls_since(since, error="token_refused").values_list("profile")
    calls = {f"profile {id}": last for id, last in refused.annotate(Max("started_at"))}
    verifications = _last_events(since, EventKind.VERIFICATION_FAILED)
    resolved = _last_events(since, *RESOLVING)
    for profile in Profile.objects.filter(active=True):
        subject = f"profile {profile}"
        for trouble, last in (
            ("Infinity refused the token of", calls.get(subject)),
            ("Verification failed for", verifications.get(subject)),
        ):
            if last and resolved.get(subject, since) < last:
                text = f"{trouble} {profile}, last {timesince(last, now)} ago."
                advice = "Verify the profile; if that is refused, enter a new token."
                yield Alert("error", text, advice, _page_of(profile), Profile)


def _last_events(since: datetime, *kinds: EventKind) -> dict[str, datetime]:
    """When each subject had its last event of these kinds, if that was after `since`."""
    events = Event.objects.filter(kind__in=kinds, happened_at__gte=since).order_by()
    return dict(events.values_list("subject").annotate(Max("happened_at")))


def _ending_tokens(now: datetime) -> Iterator[Alert]:
    ending = Profile.objects.filter(active=True, token_expires_at__lte=now + ENDS_SOON)
    for profile in ending.order_by("token_expires_at"):
        ends = profile.token_expires_at
        assert ends is not None
        over = ends <= now
        text = f"The Infinity token of {profile} " + (
            "has expired." if over else f"expires in {timeuntil(ends, now)}."
        )
        advice = "Make a new one in Infinity and enter it here."
        yield Alert("error" if over else "warning", text, advice, _page_of(profile), Profile)


def _cut_off_changes(now: datetime) -> Iterator[Alert]:
    began = (now - UNFINISHED_SHOWN, now - LONG_UNFINISHED)
    unfinished = ToolCall.objects.filter(outcome=Outcome.UNFINISHED, started_at__range=began)
    if count := unfinished.count():
        text = f"{_calls(count)} changing something did not finish in the last 7 days."
        advice = "The server stopped during the call: check in Infinity whether it took effect."
        url = list_of(ToolCall, outcome__exact=Outcome.UNFINISHED, within="7d")
        yield Alert("warning", text, advice, url, ToolCall)


def _spent_budgets(now: datetime) -> Iterator[Alert]:
    for error in ("budget_spent", "rate_limited"):
        spent = _calls_since(now - LATELY, error=error).values_list("profile")
        for profile, count in spent.annotate(Count("pk")).order_by("profile"):
            text = f"{_calls(count)} through {profile} went over Infinity's rate limit lately."
            advice = "Spread its users over more profiles, or have its agents ask for less."
            url = list_of(ToolCall, error=error, within="1d")
            yield Alert("warning", text, advice, url, ToolCall)


def _throttled(now: datetime) -> Iterator[Alert]:
    throttled = Event.objects.filter(kind=EventKind.THROTTLED, happened_at__gte=now - LATELY)
    groups = throttled.values_list("subject", "address", "detail").annotate(total=Sum("count"))
    url = list_of(Event, kind__exact=EventKind.THROTTLED, within="1d")
    for subject, address, why, count in groups.order_by("-total")[:MAX_NAMED]:
        text = f"{subject or address or 'A client'} was slowed down {_times(count)} lately: {why}"
        yield Alert("warning", text, _advice(subject, why), url, Event)


def _advice(subject: str, why: str) -> str:
    if subject:
        return "See what its agent is doing, or raise the limit."
    if "wrong" in why:
        return "Does a client use an old key or password? If not, someone is guessing."
    return "Find out which client it is; the limit lifts by itself."


def _unused_keys(now: datetime) -> Iterator[Alert]:
    if count := ApiKey.objects.unused().count():
        text = f"{count} {'keys were' if count > 1 else 'key was'} not used for 90 days."
        advice = "Revoke the keys that are no longer needed."
        yield Alert("warning", text, advice, list_of(ApiKey, state="unused"), ApiKey)


def _oauth_without_consent(now: datetime) -> Iterator[Alert]:
    if not settings.OAUTH_ENABLED:
        return
    proposed = McpUser.objects.select_related("profile").filter(name=settings.OAUTH_MCP_USER)
    if not any(user.is_live(now) for user in proposed):
        text = f"OAuth proposes the MCP user {settings.OAUTH_MCP_USER}, which cannot be used."
        advice = "Create or activate it, or name another one in OAUTH_MCP_USER."
        yield Alert("warning", text, advice, list_of(McpUser), McpUser)
    may_consent = Q(is_superuser=True) | Q(mcp_users__active=True)
    if not User.objects.filter(may_consent, is_active=True).exists():
        text = "OAuth is on, but no person may allow a client to act as an MCP user."
        advice = "Add people to an MCP user."
        yield Alert("warning", text, advice, list_of(McpUser), McpUser)


CHECKS = (
    _unwritable_database,
    _unreadable_tokens,
    _refused_tokens,
    _ending_tokens,
    _cut_off_changes,
    _spent_budgets,
    _throttled,
    _unused_keys,
    _oauth_without_consent,
)


def _calls_since(start: datetime, **conditions: object) -> models.QuerySet[ToolCall]:
    return ToolCall.objects.filter(started_at__gte=start, **conditions).order_by()


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")


def list_of(model: type[models.Model], **filters: str) -> str:
    """The URL of a model's list in the admin."""
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{url}?{urlencode(filters)}" if filters else url


def _page_of(record: models.Model) -> str:
    meta = record._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[record.pk])


def _permission(model: type[models.Model]) -> str:
    return f"{model._meta.app_label}.view_{model._meta.model_name}"
