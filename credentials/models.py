"""Model of profiles: an Infinity token, encrypted, and where it is sent."""

from __future__ import annotations

from datetime import timedelta

from django.core.validators import RegexValidator
from django.db import models, transaction
from django.utils import timezone

from credentials import store
from credentials.access import default_base_url, default_version
from credentials.errors import TokenUnreadable
from credentials.scopes import every_scope, validate_scopes
from credentials.validators import clean_token, complete_base_url, expiry_of, validate_base_url
from infinity_mcp.core.events import EventKind, announce

ENDS_SOON = timedelta(days=30)


class ProfileManager(models.Manager["Profile"]):
    """Checks that the store keys decrypt the stored tokens."""

    def check_store_key(self) -> None:
        """Raise CredentialError if the store keys are unusable, or decrypt no stored token.

        One damaged row is no reason to stop: the other profiles still work.
        """
        store.store_keys()
        unreadable = []
        for profile in self.iterator():
            if profile.is_readable():
                return
            unreadable.append(profile.id)
        if unreadable:
            raise TokenUnreadable(*unreadable)

    def unreadable(self) -> list[str]:
        """The ids of profiles whose token no store key decrypts."""
        return [profile.id for profile in self.iterator() if not profile.is_readable()]

    @transaction.atomic
    def reencrypt_all(self) -> int:
        """Encrypt every token with the first store key; returns how many there are.

        Raises TokenUnreadable with all profiles that no key decrypts, and then changes none.
        """
        store.store_keys()
        profiles = list(self.select_for_update())
        unreadable = [profile.id for profile in profiles if not profile.is_readable()]
        if unreadable:
            raise TokenUnreadable(*unreadable)
        for profile in profiles:
            profile.encrypted_token = store.encrypt_token(profile.id, profile.open_token())
        self.bulk_update(profiles, ["encrypted_token"], batch_size=100)
        announce(EventKind.STORE_KEY_ROTATED, "store key", f"{len(profiles)} profiles")
        return len(profiles)


class Profile(models.Model):
    """An Infinity token, encrypted, with its address. Satisfies `InfinityAccess`."""

    id = models.SlugField(primary_key=True, max_length=64)
    name = models.CharField(max_length=200)
    encrypted_token = models.TextField(editable=False)
    scopes = models.JSONField(
        default=every_scope,
        validators=[validate_scopes],
        help_text="The most that any user of this profile may do.",
    )
    base_url = models.CharField(
        max_length=500,
        blank=True,
        validators=[validate_base_url],
        help_text="Blank: INFINITY_API_BASE_URL. `sandbox:` is the built-in sandbox.",
    )
    version = models.CharField(
        "API version",
        max_length=64,
        blank=True,
        validators=[RegexValidator(r"\A[A-Za-z0-9._-]+\Z", "An API version has no spaces.")],
        help_text="Blank: INFINITY_API_VERSION.",
    )
    active = models.BooleanField(default=True)
    verified_at = models.DateTimeField(null=True, blank=True, editable=False)
    verified_as = models.TextField(blank=True, editable=False)
    token_expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProfileManager()

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.id

    @property
    def api_base_url(self) -> str:
        """The profile's own URL of the API, or the default."""
        return self.base_url or default_base_url()

    @property
    def api_version(self) -> str:
        """The profile's own version of the API, or the default."""
        return self.version or default_version()

    def clean(self) -> None:
        self.base_url = complete_base_url(self.base_url)

    def set_token(self, token: str) -> None:
        """Encrypt `token` for this profile; save() stores it. Raises CredentialError.

        Clears the verification and expiry of the old token.
        """
        token = clean_token(token)
        self.encrypted_token = store.encrypt_token(self.id, token)
        self.token_expires_at = expiry_of(token)
        self.verified_at = None
        self.verified_as = ""

    def note_verified(self, owner: str) -> None:
        """Store that Infinity just accepted the token as `owner`'s. Raises CredentialError."""
        self.verified_at, self.verified_as = timezone.now(), owner
        self.token_expires_at = expiry_of(self.open_token())
        self.save(update_fields=["verified_at", "verified_as", "token_expires_at"])

    @property
    def ends_soon(self) -> bool:
        """Has the token expired, or will it within `ENDS_SOON`? False if its expiry is unknown."""
        ends = self.token_expires_at
        return ends is not None and ends <= timezone.now() + ENDS_SOON

    # The ciphertext that this instance has decrypted, and its token: calls within a second share
    # the instance (mcpserver.http.authentication), and decrypting took 5 % of a small call.
    _opened: tuple[str, str] | None = None

    def open_token(self) -> str:
        """The Infinity token. Raises CredentialError, which names this profile."""
        if self._opened is None or self._opened[0] != self.encrypted_token:
            token = store.decrypt_token(self.id, self.encrypted_token)
            self._opened = self.encrypted_token, token
        return self._opened[1]

    def is_readable(self) -> bool:
        """Whether a store key decrypts the token."""
        try:
            self.open_token()
        except TokenUnreadable:
            return False
        return True
