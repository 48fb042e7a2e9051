"""Models of people, MCP users and their API keys."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Literal

from django.contrib.auth.models import AbstractUser, Group
from django.core.validators import RegexValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.caller import Caller
from accounts.keys import MAX_KEY_LENGTH, PREFIX_LENGTH, digest_of, new_key
from accounts.last_used import LastUsedMixin
from accounts.policy import Policy
from accounts.roles import GROUP_ROLES, Role
from accounts.scopes import known_scopes, validate_scopes
from accounts.sessions import Session  # noqa: F401 - Django looks for models here
from accounts.toolsets import Toolset, tools_within, validate_chosen
from accounts.validators import validate_tools
from credentials.models import Profile
from infinity_mcp.core.events import EventKind, announce

UserState = Literal["live", "inactive", "expired", "profile inactive"]
KeyState = Literal["live", "revoked", "expired"]

UNUSED_AFTER = timedelta(days=90)


class User(AbstractUser):
    """A person who signs in: to the admin, to authorise an OAuth client, or to connect an agent."""

    def may_use(self, mcp_user: McpUser) -> bool:
        """May the person let agents act as `mcp_user`? Superusers may use every MCP user."""
        return self.is_superuser or mcp_user.people.filter(pk=self.pk).exists()

    def may_make_keys_of(self, mcp_user: McpUser) -> bool:
        """Whether the MCP user lets its people make keys, and this is one of them."""
        allowed = mcp_user.people_may_make_keys and self.may_use(mcp_user)
        return self.is_superuser or allowed

    @property
    def role(self) -> Role:
        """The highest role among the person's groups."""
        if self.is_superuser:
            return Role.SUPERUSER
        names = {group.name for group in self.groups.all()}
        return next((role for role in reversed(GROUP_ROLES) if role.value in names), Role.NONE)

    @transaction.atomic
    def take_role(self, role: Role) -> None:
        """Replace the person's role by this one. Everyone with a role may enter the admin."""
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
    """Queries MCP users by the people who may use them."""

    def usable_by(self, person: User) -> McpUserQuerySet:
        """The MCP users that `person` may use, with their profiles."""
        every = self.select_related("profile")
        return every if person.is_superuser else every.filter(people=person)


class McpUser(models.Model):
    """The account that agents act as: a profile and rights, used through keys or OAuth."""

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
    toolset = models.CharField(
        max_length=8, choices=Toolset, default=Toolset.ALL, db_default=Toolset.ALL
    )
    allowed_tools = models.JSONField(default=list, blank=True, validators=[validate_tools])
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

    def clean(self) -> None:
        validate_chosen(self.toolset, self.allowed_tools)

    @property
    def policy(self) -> Policy:
        """Its own rights, never beyond what its profile allows."""
        own = Policy(known_scopes(self.scopes), tools_within(self.toolset, self.allowed_tools))
        return own.narrowed_by(Policy(known_scopes(self.profile.scopes)))

    @property
    def state(self) -> UserState:
        """The state at this moment."""
        return self.state_at(timezone.now())

    def state_at(self, now: datetime) -> UserState:
        """The first reason why it cannot be used at `now`, or "live"."""
        if not self.active:
            return "inactive"
        if self.expires_at and self.expires_at <= now:
            return "expired"
        return "live" if self.profile.active else "profile inactive"

    def is_live(self, now: datetime) -> bool:
        """May agents act as this user: are it and its profile live?"""
        return self.state_at(now) == "live"

    @transaction.atomic
    def issue_key(self, label: str = "", expires_at: datetime | None = None) -> tuple[ApiKey, str]:
        """A new key and its text, kept nowhere. Raises ValidationError for a long label."""
        # One at a time for each user, so that `end_keys_before` knows the order of keys.
        McpUser.objects.select_for_update().get(pk=self.pk)
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
        """Like `issue_key`; every other key ends, at once or by `grace` from now."""
        key, text = self.issue_key(label, expires_at)
        self.end_keys_before(key, grace)
        return key, text

    def end_keys_before(self, key: ApiKey, grace: timedelta | None = None) -> None:
        """End every key issued before this one, at once or by `grace` from now. Later ones stay:
        of two rotations at the same time, the later one's key must survive."""
        older = self.keys.filter(pk__lt=key.pk)
        if grace is None:
            older.live().revoke()
        else:
            older.expire_by(timezone.now() + grace)

    @transaction.atomic
    def take_back_key(self, key: ApiKey) -> None:
        """Delete a key that was never shown."""
        if self.keys.filter(pk=key.pk).delete()[0]:
            announce(EventKind.KEY_REVOKED, f"MCP user {self}", f"{key} could not be shown")

    def revoke_keys(self) -> int:
        """Revoke every live key, at once; returns how many there were."""
        return self.keys.live().revoke()


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Queries keys by state; revokes and expires them."""

    def live(self) -> ApiKeyQuerySet:
        """Keys that are neither revoked nor expired."""
        now = timezone.now()
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)

    def unused(self) -> ApiKeyQuerySet:
        """Live keys that were not used for `UNUSED_AFTER`."""
        since = timezone.now() - UNUSED_AFTER
        return self.live().filter(
            Q(last_used_at__lt=since) | Q(last_used_at=None, created_at__lt=since)
        )

    @transaction.atomic
    def revoke(self) -> int:
        """Revoke these keys; returns how many there were."""
        self._announce(EventKind.KEY_REVOKED)
        return self.update(revoked_at=timezone.now())

    @transaction.atomic
    def expire_by(self, moment: datetime) -> int:
        """Make live keys expire at `moment` at the latest."""
        longer = self.live().filter(Q(expires_at=None) | Q(expires_at__gt=moment))
        longer._announce(EventKind.KEY_EXPIRES, f"works until {moment:%Y-%m-%d %H:%M} UTC")
        return longer.update(expires_at=moment)

    def _announce(self, kind: EventKind, detail: str = "") -> None:
        for key in self.select_related("user"):
            announce(kind, f"MCP user {key.user}", f"{key} {key.label} {detail}".rstrip())


_Manager = models.Manager.from_queryset(ApiKeyQuerySet)


class ApiKeyManager(_Manager["ApiKey"]):
    """Finds the record of a key that a client presents."""

    def authenticate(self, key: str) -> ApiKey | None:
        """The record of the key that a client presented, if it may be used now. Takes any text."""
        if not key.isascii() or len(key) > MAX_KEY_LENGTH:
            return None
        digest = digest_of(key)
        record = self.select_related("user__profile").filter(digest=digest).first()
        # Some collations compare loosely, and the time of `==` reveals how much is right.
        if record is None or not hmac.compare_digest(record.digest.encode(), digest.encode()):
            return None
        return record if record.is_live(timezone.now()) else None


class ApiKey(LastUsedMixin):
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
        """The state at this moment."""
        return self.state_at(timezone.now())

    def state_at(self, now: datetime) -> KeyState:
        """The state at `now`; a key that is both revoked and expired is "revoked"."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires_at and self.expires_at <= now else "live"

    def is_live(self, now: datetime) -> bool:
        """May it be used: are it, its user and their profile live?"""
        return self.state_at(now) == "live" and self.user.is_live(now)

    @property
    def is_unused(self) -> bool:
        """Is it among `ApiKeyQuerySet.unused`?"""
        since = timezone.now() - UNUSED_AFTER
        return self.state == "live" and (self.last_used_at or self.created_at) < since

    def caller(self) -> Caller:
        """The caller with this key."""
        return Caller(
            user=self.user.name,
            user_id=self.user.pk,
            profile=self.user.profile,
            policy=self.user.policy,
            credential="key",
            credential_id=self.pk,
        )
