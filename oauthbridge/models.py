"""Models of OAuth clients, connections, grants and tokens; each token has its connection."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from oauth2_provider import models as library

from accounts.caller import Caller
from accounts.fields import DigestField
from accounts.keys import MAX_KEY_LENGTH
from accounts.last_used import LastUsedMixin
from accounts.models import McpUser, User
from accounts.policy import Policy
from accounts.scopes import known_scopes, validate_scopes
from infinity_mcp.core.events import EventKind, announce
from oauthbridge import redirects
from oauthbridge.consent import granted
from oauthbridge.validators import validate_redirect_uris, validate_secret

MAX_EXCHANGES = 3  # of one refresh token, within OAUTH_REFRESH_GRACE


class Application(library.AbstractApplication):
    """An OAuth client: from the settings, made in the admin, or registered by itself."""

    authorization_grant_type = models.CharField(
        max_length=44,
        choices=[(library.AbstractApplication.GRANT_AUTHORIZATION_CODE, "Authorization code")],
        default=library.AbstractApplication.GRANT_AUTHORIZATION_CODE,
        editable=False,
    )

    class Meta(library.AbstractApplication.Meta):
        verbose_name = "client"

    def __str__(self) -> str:
        """Its name for people. The client of the settings shows its hosts until it has a name."""
        if self.is_configured and self.name in ("", self.client_id):
            return f"{self.client_id} ({', '.join(self.hosts)})"
        return self.name or f"Unnamed application {self.client_id[:8]}"

    @property
    def hosts(self) -> list[str]:
        """The hosts to which it may send people back."""
        uris = self.redirect_uris.split()
        uris += settings.OAUTH_ALLOWED_REDIRECT_ORIGINS if self.is_configured else []
        return list(dict.fromkeys(redirects.host_of(uri) for uri in uris))

    @property
    def is_configured(self) -> bool:
        """Is it the client of OAUTH_CLIENT_ID?"""
        return bool(settings.OAUTH_CLIENT_ID) and self.client_id == settings.OAUTH_CLIENT_ID

    @property
    def is_self_registered(self) -> bool:
        """Whether the client registered itself (RFC 7591)."""
        return bool(self.registration_source == self.RegistrationSource.DCR)

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Whether `uri` is registered or, for the configured client, on an allowed origin."""
        if redirects.problem_with(uri):
            return False
        if redirects.is_among(uri, self.redirect_uris.split()):
            return True
        origins = settings.OAUTH_ALLOWED_REDIRECT_ORIGINS
        return self.is_configured and redirects.is_on_origin(uri, origins)

    def get_allowed_schemes(self) -> list[str]:
        """The schemes of its own URIs, as `redirects.problem_with` checks whole URIs."""
        own = (uri.partition(":")[0] for uri in self.redirect_uris.split())
        return ["http", "https", *sorted(own)]

    def clean(self) -> None:
        validate_redirect_uris(self.redirect_uris, needs_one=not self.is_configured)
        if self.client_type == self.CLIENT_CONFIDENTIAL:
            validate_secret(self.client_secret)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    """Queries connections that clients can still use."""

    def open(self) -> ConnectionQuerySet:
        """Connections with a live code or refresh token, newest first."""
        now = timezone.now()
        oldest = now - settings.OAUTH_CONNECTION_LIFETIME
        ways_on = (Grant.objects.live(now), RefreshToken.objects.live(now))
        usable = [Exists(way.filter(connection=OuterRef("pk"))) for way in ways_on]
        joined = self.select_related("application", "person", "mcp_user__profile")
        unended = joined.filter(revoked_at=None, created_at__gt=oldest)
        return unended.filter(usable[0] | usable[1]).order_by("-created_at")


class Connection(LastUsedMixin):
    """A person's consent: this client may act as this MCP user, with these scopes."""

    application = models.ForeignKey(
        Application, on_delete=models.CASCADE, related_name="connections", verbose_name="client"
    )
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="connections")
    mcp_user = models.ForeignKey(
        McpUser, on_delete=models.CASCADE, related_name="connections", verbose_name="MCP user"
    )
    scopes = models.JSONField(default=list, validators=[validate_scopes])
    created_at = models.DateTimeField(auto_now_add=True)
    last_used_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty until the client exchanged its code."
    )
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return f"{self.application} as {self.mcp_user} for {self.person}"

    @property
    def ends_at(self) -> datetime:
        """When it ends, however much it is used."""
        return self.created_at + settings.OAUTH_CONNECTION_LIFETIME

    @property
    def scopes_in_words(self) -> list[str]:
        """What the client may do, as the consent page says it."""
        return self.policy.in_words

    @property
    def policy(self) -> Policy:
        """The MCP user's rights, within the consent and OAUTH_ALLOWED_TOOLS."""
        return self.mcp_user.policy.narrowed_by(granted(self.scopes))

    @cached_property
    def person_is_allowed(self) -> bool:
        """May the person still authorise clients as this MCP user?"""
        return self.person.may_use(self.mcp_user)

    def is_live(self, now: datetime) -> bool:
        """Whether its tokens work at `now`: also its person and MCP user must be active."""
        return (
            self.revoked_at is None
            and now < self.ends_at
            and self.person.is_active
            and self.mcp_user.is_live(now)
            and self.person_is_allowed
        )

    @transaction.atomic
    def revoke(self) -> None:
        """End it and its tokens at once. Its codes no longer work."""
        # Issuing tokens takes the same lock, so that none is issued after this.
        Connection.objects.select_for_update().get(pk=self.pk)
        now = timezone.now()
        if Connection.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now):
            announce(EventKind.CONNECTION_REVOKED, f"connection {self}")
        self.revoked_at = self.revoked_at or now
        self.refresh_tokens.filter(revoked=None).update(revoked=now, updated=now)
        self.access_tokens.expire()


class GrantQuerySet(models.QuerySet["Grant"]):
    """Queries authorization codes."""

    def live(self, now: datetime) -> GrantQuerySet:
        """Codes that can still be exchanged."""
        return self.filter(redeemed_at=None, expires__gt=now)


class Grant(library.AbstractGrant):
    """An authorization code. It is kept after its use until it expires, to detect a replay."""

    code = DigestField(max_length=64, unique=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="grants"
    )
    redeemed_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    """Finds and ends access tokens."""

    def live(self) -> AccessTokenQuerySet:
        """Tokens that have not expired."""
        return self.filter(expires__gt=timezone.now())

    def expire(self) -> None:
        """End it now. `maintenance` deletes it later: see `was_issued`."""
        self.live().update(expires=timezone.now())

    def was_issued(self, text: str) -> bool:
        """Was this token issued here, even if it has ended? Then its holder is not guessing."""
        return self.filter(token_checksum=hashlib.sha256(text.encode()).hexdigest()).exists()

    def authenticate(self, text: str) -> AccessToken | None:
        """The record of the token that a client presented, if it may be used at /mcp now. Takes any
        text."""
        if not text.isascii() or len(text) > MAX_KEY_LENGTH:
            return None
        people = McpUser.people.through.objects.filter(
            user_id=OuterRef("connection__person_id"),
            mcpuser_id=OuterRef("connection__mcp_user_id"),
        )
        joined = self.select_related("connection__mcp_user__profile", "connection__person")
        digest = hashlib.sha256(text.encode()).hexdigest()
        token = joined.annotate(is_listed=Exists(people)).filter(token_checksum=digest).first()
        if token is None or token.connection is None:
            return None
        connection = token.connection
        connection.person_is_allowed = (
            getattr(token, "is_listed", False) or connection.person.is_superuser
        )
        ours = token.resource == [settings.MCP_URL]
        return token if ours and token.is_live(timezone.now()) else None


class AccessToken(library.AbstractAccessToken):
    """A token for /mcp, which works no longer than its connection."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="access_tokens"
    )

    objects = AccessTokenQuerySet.as_manager()

    def is_live(self, now: datetime) -> bool:
        """Whether neither the token nor its connection has ended at `now`."""
        return now < self.expires and self.connection is not None and self.connection.is_live(now)

    def revoke(self) -> None:
        """End the token, which the library's method would delete."""
        AccessToken.objects.filter(pk=self.pk).expire()

    def caller(self) -> Caller:
        """The caller with this token, which must come from `authenticate`."""
        connection = self.connection
        assert connection is not None
        return Caller(
            user=connection.mcp_user.name,
            user_id=connection.mcp_user.pk,
            profile=connection.mcp_user.profile,
            policy=connection.policy.narrowed_by(Policy(known_scopes(self.scope.split()))),
            credential="oauth",
            credential_id=connection.pk,
            ceiling=connection.mcp_user.policy,
        )


class RefreshTokenQuerySet(models.QuerySet["RefreshToken"]):
    """Queries refresh tokens."""

    def live(self, now: datetime) -> RefreshTokenQuerySet:
        """Refresh tokens that may be exchanged: see RefreshToken.was_idle_too_long."""
        oldest = now - library.refresh_token_expire_timedelta()
        return self.filter(revoked=None, access_token__expires__gt=oldest)


class RefreshToken(library.AbstractRefreshToken):
    """A token that is exchanged for new ones; `parent` is the one that it replaced."""

    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="refresh_tokens"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="children"
    )

    objects = RefreshTokenQuerySet.as_manager()

    @property
    def was_idle_too_long(self) -> bool:
        """Did its access token end more than REFRESH_TOKEN_EXPIRE_SECONDS ago?"""
        if self.revoked:
            return False
        lifetime = library.refresh_token_expire_timedelta()
        return self.access_token is None or self.access_token.expires + lifetime <= timezone.now()

    @property
    def may_be_exchanged_again(self) -> bool:
        """Was it exchanged just now, fewer than MAX_EXCHANGES times, and no successor of it yet?"""
        if not self._was_revoked_just_now or not self.children.exists():
            return False
        return not self._has_exchanged_child and self.children.count() < MAX_EXCHANGES

    @property
    def is_replay(self) -> bool:
        """Does its use show that two parties hold it? Not while it may come from another window of
        the same client: then it is only refused."""
        if self.revoked is None:
            return False
        return not self._was_revoked_just_now or self._has_exchanged_child

    @property
    def _was_revoked_just_now(self) -> bool:
        return (
            self.revoked is not None
            and abs(timezone.now() - self.revoked) <= settings.OAUTH_REFRESH_GRACE
        )

    @property
    def _has_exchanged_child(self) -> bool:
        return self.children.exclude(revoked=None).exists()

    def retire_siblings(self) -> None:
        """End all other live tokens of its family."""
        others = RefreshToken.objects.filter(connection=self.connection, revoked=None)
        for other in others.exclude(pk=self.pk):
            other.revoke()
