"""Clients, connections, and the library's grants and tokens, each bound to a connection."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from oauth2_provider.models import (
    AbstractAccessToken,
    AbstractApplication,
    AbstractGrant,
    AbstractRefreshToken,
    refresh_token_expire_timedelta,
)

from accounts.caller import Caller
from accounts.fields import DigestField
from accounts.models import LONGEST_KEY, McpUser, User
from accounts.policy import Policy
from accounts.scopes import known_scopes, validate_scopes
from accounts.use import Used
from credentials.events import EventKind, announce
from oauthbridge import redirects

SHORTEST_SECRET = 16
MOST_REDIRECT_URIS = 100
MOST_EXCHANGES = 3  # of one refresh token, all within OAUTH_REFRESH_GRACE


class Application(AbstractApplication):
    """An OAuth client: of the environment, made in the admin, or registered by itself."""

    authorization_grant_type = models.CharField(
        max_length=44,
        choices=[(AbstractApplication.GRANT_AUTHORIZATION_CODE, "Authorization code")],
        default=AbstractApplication.GRANT_AUTHORIZATION_CODE,
        editable=False,
    )

    class Meta(AbstractApplication.Meta):
        verbose_name = "client"

    def __str__(self) -> str:
        """What people know it by. That of the environment has hosts until somebody names it."""
        if self.is_configured and self.name in ("", self.client_id):
            return f"{self.client_id} ({', '.join(self.hosts)})"
        return self.name or f"Unnamed application {self.client_id[:8]}"

    @property
    def hosts(self) -> list[str]:
        """Where it may send people back to."""
        uris = self.redirect_uris.split()
        uris += settings.OAUTH_ALLOWED_REDIRECT_ORIGINS if self.is_configured else []
        return list(dict.fromkeys(redirects.host_of(uri) for uri in uris))

    @property
    def is_configured(self) -> bool:
        """Is it the client of OAUTH_CLIENT_ID?"""
        return bool(settings.OAUTH_CLIENT_ID) and self.client_id == settings.OAUTH_CLIENT_ID

    @property
    def is_self_registered(self) -> bool:
        return bool(self.registration_source == self.RegistrationSource.DCR)

    def redirect_uri_allowed(self, uri: str) -> bool:
        if redirects.problem_with(uri):
            return False
        if redirects.is_among(uri, self.redirect_uris.split()):
            return True
        origins = settings.OAUTH_ALLOWED_REDIRECT_ORIGINS
        return self.is_configured and redirects.is_on_origin(uri, origins)

    def get_allowed_schemes(self) -> list[str]:
        """Each URI is judged whole, by `redirects.problem_with`."""
        own = (uri.partition(":")[0] for uri in self.redirect_uris.split())
        return ["http", "https", *sorted(own)]

    def clean(self) -> None:
        self._clean_redirect_uris()
        is_confidential = self.client_type == self.CLIENT_CONFIDENTIAL
        if is_confidential and len(self.client_secret) < SHORTEST_SECRET:  # a stored hash is longer
            message = (
                f"Give at least {SHORTEST_SECRET} characters: `openssl rand -hex 32` makes some."
            )
            raise ValidationError({"client_secret": message})

    def _clean_redirect_uris(self) -> None:
        uris = self.redirect_uris.split(maxsplit=MOST_REDIRECT_URIS)
        if len(uris) > MOST_REDIRECT_URIS:
            message = f"A client has {MOST_REDIRECT_URIS} redirect URIs at most."
            raise ValidationError({"redirect_uris": message})
        for uri in uris:
            problem = redirects.problem_with(uri)
            if problem:
                message = f"{uri[:200]} cannot be a redirect URI: {problem}."
                raise ValidationError({"redirect_uris": message})
        if not uris and not self.is_configured:
            raise ValidationError({"redirect_uris": "At least one redirect URI is needed."})


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def open(self) -> ConnectionQuerySet:
        """Those that the client can use, or go on with by what it was given: newest first."""
        now = timezone.now()
        oldest = now - settings.OAUTH_CONNECTION_LIFETIME
        ways_on = (Grant.objects.live(now), RefreshToken.objects.live(now))
        usable = [Exists(way.filter(connection=OuterRef("pk"))) for way in ways_on]
        joined = self.select_related("application", "person", "mcp_user__profile")
        unended = joined.filter(revoked_at=None, created_at__gt=oldest)
        return unended.filter(usable[0] | usable[1]).order_by("-created_at")


class Connection(Used):
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
        """Its absolute end."""
        return self.created_at + settings.OAUTH_CONNECTION_LIFETIME

    @property
    def scopes_in_words(self) -> list[str]:
        return self.policy.in_words

    @property
    def policy(self) -> Policy:
        """The MCP user's rights, within what was consented to and what OAuth callers may use."""
        return self.mcp_user.policy.narrowed_by(granted(self.scopes))

    @cached_property
    def person_is_allowed(self) -> bool:
        """May the person authorise clients as this MCP user (still)?"""
        return self.person.may_use(self.mcp_user)

    def is_live(self, now: datetime) -> bool:
        return (
            self.revoked_at is None
            and now < self.ends_at
            and self.person.is_active
            and self.mcp_user.is_live(now)
            and self.person_is_allowed
        )

    @transaction.atomic
    def revoke(self) -> None:
        """End it and its tokens at once. Its codes are worth nothing from now on."""
        # Whoever issues tokens holds the same lock, so that none is issued past this.
        Connection.objects.select_for_update().get(pk=self.pk)
        now = timezone.now()
        if Connection.objects.filter(pk=self.pk, revoked_at=None).update(revoked_at=now):
            announce(EventKind.CONNECTION_REVOKED, f"connection {self}")
        self.revoked_at = self.revoked_at or now
        self.refresh_tokens.filter(revoked=None).update(revoked=now, updated=now)
        self.access_tokens.expire()


def granted(scopes: list[str]) -> Policy:
    """What `scopes` give to whoever comes by OAuth, before the MCP user's own rights count."""
    return Policy(known_scopes(scopes), frozenset(settings.OAUTH_ALLOWED_TOOLS) or None)


class GrantQuerySet(models.QuerySet["Grant"]):
    def live(self, now: datetime) -> GrantQuerySet:
        """Those that wait to be exchanged."""
        return self.filter(redeemed_at=None, expires__gt=now)


class Grant(AbstractGrant):
    """An authorization code. It outlives its use until it expires, so that a replay is noticed."""

    code = DigestField(max_length=64, unique=True)
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="grants"
    )
    redeemed_at = models.DateTimeField(null=True)

    objects = GrantQuerySet.as_manager()


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    def live(self) -> AccessTokenQuerySet:
        return self.filter(expires__gt=timezone.now())

    def expire(self) -> None:
        """Not deleted before `maintenance`: see `was_issued`."""
        self.live().update(expires=timezone.now())

    def was_issued(self, text: str) -> bool:
        """Is this a token of this server, whatever became of it? Its holder guesses nothing."""
        return self.filter(token_checksum=hashlib.sha256(text.encode()).hexdigest()).exists()

    def authenticate(self, text: str) -> AccessToken | None:
        """The token that a client presented, whatever it is, if it may be used at /mcp now."""
        if not text.isascii() or len(text) > LONGEST_KEY:
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


class AccessToken(AbstractAccessToken):
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="access_tokens"
    )

    objects = AccessTokenQuerySet.as_manager()

    def is_live(self, now: datetime) -> bool:
        return now < self.expires and self.connection is not None and self.connection.is_live(now)

    def revoke(self) -> None:
        """In place of the library's, which deletes it."""
        AccessToken.objects.filter(pk=self.pk).expire()

    def caller(self) -> Caller:
        """Who calls with this token. It must have come from `authenticate`."""
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
    def live(self, now: datetime) -> RefreshTokenQuerySet:
        """Those that may be exchanged: see RefreshToken.was_idle_too_long."""
        oldest = now - refresh_token_expire_timedelta()
        return self.filter(revoked=None, access_token__expires__gt=oldest)


class RefreshToken(AbstractRefreshToken):
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, null=True, related_name="refresh_tokens"
    )
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, editable=False, related_name="children"
    )

    objects = RefreshTokenQuerySet.as_manager()

    @property
    def was_idle_too_long(self) -> bool:
        """Is it unused since REFRESH_TOKEN_EXPIRE_SECONDS after its access token ended?"""
        if self.revoked:
            return False
        lifetime = refresh_token_expire_timedelta()
        return self.access_token is None or self.access_token.expires + lifetime <= timezone.now()

    @property
    def may_be_exchanged_again(self) -> bool:
        """Was it exchanged a moment ago, not too often, and nothing yet that was given for it?"""
        if not self._was_revoked_just_now or not self.children.exists():
            return False
        return not self._has_exchanged_child and self.children.count() < MOST_EXCHANGES

    @property
    def is_replay(self) -> bool:
        """Does its use show that two hold it? Not while it may be that of a client's other window:
        then it is only refused."""
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
        """End what else is live of its family: from now on this one alone goes on."""
        others = RefreshToken.objects.filter(connection=self.connection, revoked=None)
        for other in others.exclude(pk=self.pk):
            other.revoke()
