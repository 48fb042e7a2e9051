"""Who may call: Django's people, MCP users, and their API keys."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from functools import cache
from typing import Literal

from django.contrib.auth.models import AbstractUser, Group
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.caller import Caller
from accounts.policy import Policy
from accounts.prepared import PreparedQuery
from accounts.roles import GROUP_ROLES, Role
from accounts.scopes import known_scopes, validate_scopes
from accounts.sessions import Session  # noqa: F401 - Django looks for models here
from accounts.use import Used
from credentials.events import EventKind, announce
from credentials.models import Profile

UserState = Literal["live", "inactive", "expired", "profile inactive"]
KeyState = Literal["live", "revoked", "expired"]

KEY_MARK = "mcp_"
KEY_BYTES = 32
PREFIX_LENGTH = 8
LONGEST_KEY = 256  # keys made by hand for the Node server work too, within reason
UNUSED_AFTER = timedelta(days=90)


def new_key() -> str:
    return KEY_MARK + secrets.token_urlsafe(KEY_BYTES)


def digest_of(key: str) -> str:
    """SHA-256 in hex: enough for 256 random bits, and what the Node server stored."""
    return hashlib.sha256(key.encode()).hexdigest()


def validate_tools(value: object) -> None:
    """Raise ValidationError unless `value` is a list of tool names."""
    if not isinstance(value, list) or not all(isinstance(tool, str) and tool for tool in value):
        raise ValidationError("Allowed tools are a list of tool names.", code="invalid")


class User(AbstractUser):
    """A person who signs in: to the admin, to authorise an OAuth client, or to connect an agent."""

    def may_use(self, mcp_user: McpUser) -> bool:
        """May the person let agents act as the MCP user? Superusers may for all."""
        return self.is_superuser or mcp_user.people.filter(pk=self.pk).exists()

    def may_make_keys_of(self, mcp_user: McpUser) -> bool:
        allowed = mcp_user.people_may_make_keys and self.may_use(mcp_user)
        return self.is_superuser or allowed

    @property
    def role(self) -> Role:
        if self.is_superuser:
            return Role.SUPERUSER
        names = {group.name for group in self.groups.all()}
        return next((role for role in reversed(GROUP_ROLES) if role.value in names), Role.NONE)

    @transaction.atomic
    def take_role(self, role: Role) -> None:
        """Give this role, and no other any more; whoever has one may enter the admin."""
        self.mark_role(role)
        self.save(update_fields=["is_staff", "is_superuser"])
        self.groups.remove(*self.groups.filter(name__in=GROUP_ROLES).exclude(name=role))
        if role in GROUP_ROLES:
            self.groups.add(Group.objects.get(name=role))

    def mark_role(self, role: Role) -> None:
        """The part of `take_role` that is saved with the person."""
        self.is_staff = role != Role.NONE
        self.is_superuser = role == Role.SUPERUSER


class McpUserQuerySet(models.QuerySet["McpUser"]):
    def usable_by(self, person: User) -> McpUserQuerySet:
        """Those for which `person.may_use` holds, with their profiles."""
        every = self.select_related("profile")
        return every if person.is_superuser else every.filter(people=person)


class McpUser(models.Model):
    """As whom agents act: a profile and rights, used through keys or OAuth."""

    name = models.CharField(
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[A-Za-z0-9._@-]+\Z", "A name is made of letters, digits and the signs . _ - @"
            )
        ],
    )
    profile = models.ForeignKey(Profile, on_delete=models.PROTECT, related_name="mcp_users")
    scopes = models.JSONField(default=list, validators=[validate_scopes])
    allowed_tools = models.JSONField(
        default=list,
        blank=True,
        validators=[validate_tools],
        help_text="Empty: every tool that the scopes allow.",
    )
    active = models.BooleanField(default=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    notes = models.TextField(blank=True)
    people = models.ManyToManyField(
        User,
        blank=True,
        related_name="mcp_users",
        help_text="Who may connect agents as this user: OAuth clients by consent, and others by a"
        " key if that is allowed below.",
    )
    people_may_make_keys = models.BooleanField(
        default=False,
        help_text="May these people make and replace its keys? A key has all rights of this user,"
        " also where OAUTH_ALLOWED_TOOLS gives OAuth clients less.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = McpUserQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        verbose_name = "MCP user"

    def __str__(self) -> str:
        return self.name

    @property
    def policy(self) -> Policy:
        """Its own rights, never beyond what its profile allows."""
        tools = None if self.allowed_tools == [] else _names(self.allowed_tools)
        own = Policy(known_scopes(self.scopes), tools)
        return own.narrowed_by(Policy(known_scopes(self.profile.scopes)))

    @property
    def state(self) -> UserState:
        return self.state_at(timezone.now())

    def state_at(self, now: datetime) -> UserState:
        if not self.active:
            return "inactive"
        if self.expires_at and self.expires_at <= now:
            return "expired"
        return "live" if self.profile.active else "profile inactive"

    def is_live(self, now: datetime) -> bool:
        """May anyone act as this user, as far as it and its profile are concerned?"""
        return self.state_at(now) == "live"

    @transaction.atomic
    def issue_key(self, label: str = "", expires_at: datetime | None = None) -> tuple[ApiKey, str]:
        """A new key and its text, kept nowhere. Raises ValidationError for a long label."""
        text = new_key()
        key = ApiKey(
            user=self,
            label=label,
            prefix=text[:PREFIX_LENGTH],
            digest=digest_of(text),
            expires_at=expires_at,
        )
        key.clean_fields(exclude=["user"])
        key.save()
        end = f", until {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else ""
        announce(EventKind.KEY_ISSUED, f"MCP user {self}", f"{key} {label}{end}")
        return key, text

    def adopt_key(self, digest: str, label: str = "") -> ApiKey:
        """A key that was issued elsewhere and of which only the digest is known."""
        key = self.keys.create(label=label, digest=digest)
        announce(EventKind.KEY_ISSUED, f"MCP user {self}", f"{key} {label}".rstrip())
        return key

    @transaction.atomic
    def rotate_key(
        self,
        grace: timedelta | None = None,
        label: str = "",
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """Like `issue_key`; every other key dies, at once or by `grace` from now."""
        # Of two rotations at the same time, the second must see the first one's key.
        McpUser.objects.select_for_update().get(pk=self.pk)
        if grace is None:
            self.revoke_keys()
        else:
            self.keys.expire_by(timezone.now() + grace)
        return self.issue_key(label, expires_at)

    def revoke_keys(self) -> int:
        """Revoke every live key, at once; returns how many there were."""
        return self.keys.live().revoke()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def live(self) -> ApiKeyQuerySet:
        now = timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)

    def unused(self) -> ApiKeyQuerySet:
        """Live keys that nobody has used for `UNUSED_AFTER`."""
        since = timezone.now() - UNUSED_AFTER
        return self.live().filter(
            Q(last_used_at__lt=since) | Q(last_used_at=None, created_at__lt=since)
        )

    @transaction.atomic
    def revoke(self) -> int:
        self._announce(EventKind.KEY_REVOKED)
        return self.update(revoked_at=timezone.now())

    @transaction.atomic
    def expire_by(self, moment: datetime) -> int:
        """Let live keys live until `moment` and no longer."""
        longer = self.live().filter(Q(expires_at=None) | Q(expires_at__gt=moment))
        longer._announce(EventKind.KEY_EXPIRES, f"works until {moment:%Y-%m-%d %H:%M} UTC")
        return longer.update(expires_at=moment)

    def _announce(self, kind: EventKind, detail: str = "") -> None:
        for key in self.select_related("user"):
            announce(kind, f"MCP user {key.user}", f"{key} {key.label} {detail}".rstrip())


@cache
def _key_by_digest() -> PreparedQuery[ApiKey]:
    return PreparedQuery(ApiKey.objects.select_related("user__profile").filter(digest=""))


_Manager = models.Manager.from_queryset(ApiKeyQuerySet)


class ApiKeyManager(_Manager["ApiKey"]):
    def authenticate(self, key: str) -> ApiKey | None:
        """The key record for what a client presented, whatever it is, if it may be used now."""
        if not key.isascii() or len(key) > LONGEST_KEY:
            return None
        digest = digest_of(key)
        record = _key_by_digest().first(digest)
        # Some collations compare loosely, and `==` tells by its time how much is right.
        if record is None or not hmac.compare_digest(record.digest.encode(), digest.encode()):
            return None
        return record if record.is_live(timezone.now()) else None


class ApiKey(Used):
    """A key of an MCP user, as a digest: the text is shown once and kept nowhere."""

    user = models.ForeignKey(McpUser, on_delete=models.CASCADE, related_name="keys")
    label = models.CharField(max_length=100, blank=True)
    prefix = models.CharField(
        max_length=PREFIX_LENGTH,
        blank=True,
        help_text="How the key begins; blank when only its digest was imported.",
    )
    digest = models.CharField(
        max_length=64,
        unique=True,
        editable=False,
        validators=[RegexValidator(r"\A[0-9a-f]{64}\Z", "A digest is SHA-256 in hex.")],
    )
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ApiKeyManager()

    class Meta:
        ordering = ("created_at", "id")
        verbose_name = "API key"

    def __str__(self) -> str:
        return f"{self.prefix or 'imported'}…"

    @property
    def state(self) -> KeyState:
        return self.state_at(timezone.now())

    def state_at(self, now: datetime) -> KeyState:
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "live"

    def is_live(self, now: datetime) -> bool:
        """May it be used, as far as it, its user and their profile are concerned?"""
        return self.state_at(now) == "live" and self.user.is_live(now)

    @property
    def is_unused(self) -> bool:
        """As `ApiKeyQuerySet.unused` says."""
        since = timezone.now() - UNUSED_AFTER
        return self.state == "live" and (self.last_used_at or self.created_at) < since

    def caller(self) -> Caller:
        """Who calls with this key."""
        return Caller(
            user=self.user.name,
            user_id=self.user.pk,
            profile=self.user.profile,
            policy=self.user.policy,
            credential="key",
            credential_id=self.pk,
        )


def _names(stored: object) -> frozenset[str]:
    """The names in a stored list. Anything else, a damaged value included, names nothing."""
    if not isinstance(stored, list):
        return frozenset()
    return frozenset(name for name in stored if isinstance(name, str))
