"""Authenticates clients by their secret, and limits guesses."""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from urllib.parse import unquote_plus

from django.contrib.auth.hashers import check_password
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, InvalidRequestError

from accounts.signin.limits import Limit
from infinity_mcp.serving.addresses import network_of
from oauthbridge.models import Application

logger = logging.getLogger(__name__)

MAX_SECRET_LENGTH = 255  # what an Application can hold
WRONG_SECRETS_FROM_ADDRESS = Limit("wrong client secrets from one address", 30, 15 * 60)
REMEMBERED_SECONDS = 24 * 60 * 60


class TooManyWrongSecrets(CustomOAuth2Error):
    """Answers 429 after too many wrong client secrets."""

    def __init__(self, request: Request) -> None:
        text = "Too many wrong client secrets. Check the secret, and try again in 15 minutes."
        super().__init__("too_many_requests", text, status_code=429, request=request)

    @property
    def headers(self) -> dict[str, str]:
        """Retry-After, in seconds."""
        return {"Retry-After": str(WRONG_SECRETS_FROM_ADDRESS.seconds)}


@dataclass(frozen=True)
class Credentials:
    """A client's id and secret, from the Authorization header (Basic) or else from the body."""

    client_id: str
    secret: str

    @classmethod
    def of(cls, request: Request, basic: str | None) -> Credentials | None:
        """None if they cannot be read. Raises InvalidRequestError if two clients are named.

        `basic` is what follows `Basic` in the header.
        """
        if not basic:
            return cls(request.client_id or "", getattr(request, "client_secret", None) or "")
        try:
            text = base64.b64decode(basic).decode()
        except ValueError:  # not base64, or not UTF-8
            return None
        presented = cls(*map(unquote_plus, text.partition(":")[::2]))
        if "\0" in presented.client_id:  # PostgreSQL accepts no NUL
            return None
        if request.client_id not in (None, "", presented.client_id):
            message = "client_id differs from the client in the Authorization header: send one."
            raise InvalidRequestError(message, request=request)
        return presented


def is_secret_of(client: Application, secret: str, request: Request) -> bool:
    """Whether `secret` is the client's. Raises TooManyWrongSecrets.

    Each check costs a slow hash, so an attempt is counted before, and given back if it was right.
    A secret that was right before is not counted, so that guesses cannot lock out a client at the
    same address. Nor are guesses counted for each client, which would let any address lock it out.
    """
    if not 0 < len(secret) <= MAX_SECRET_LENGTH:
        return False
    remembered = _remembered(client, secret)
    address = network_of(request.headers.get("REMOTE_ADDR", ""))
    is_counted = not cache.get(remembered)
    if is_counted and not WRONG_SECRETS_FROM_ADDRESS.take(address):
        raise TooManyWrongSecrets(request)
    if not check_password(secret, client.client_secret):
        logger.warning("Client %s presented a wrong secret", client.pk)
        return False
    if is_counted:
        WRONG_SECRETS_FROM_ADDRESS.give_back(address)
    cache.set(remembered, True, REMEMBERED_SECONDS)
    return True


def _remembered(client: Application, secret: str) -> str:
    """The cache key for a secret that was right; it changes with the client's secret."""
    digest = salted_hmac(client.client_secret, secret, algorithm="sha256").hexdigest()
    return f"right-secret:{client.pk}:{digest}"
