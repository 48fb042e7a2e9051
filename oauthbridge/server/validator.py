"""Binds the library's codes and tokens to connections (docs/oauth.md, How tokens live)."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.utils import timezone
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings
from oauthlib.common import Request
from oauthlib.oauth2.rfc6749.errors import InvalidGrantError

from infinity_mcp.core.events import EventKind, announce
from oauthbridge.models import AccessToken, Application, Connection, Grant, RefreshToken
from oauthbridge.server.authentication import Credentials, is_secret_of
from oauthbridge.server.backend import foreign_resource
from oauthbridge.server.parameters import is_for_this_server

logger = logging.getLogger(__name__)

Row = TypeVar("Row", Grant, AccessToken, RefreshToken)


class Validator(OAuth2Validator):
    """Codes work once, refresh tokens rotate, and both end with their connection."""

    # --- Clients

    def authenticate_client(self, request: Request, *args: Any, **kwargs: Any) -> bool:
        """Whether the client is known and presented its secret."""
        presented = Credentials.of(request, self._extract_basic_auth(request))
        if presented is None or self._load_application(presented.client_id, request) is None:
            return False
        return is_secret_of(request.client, presented.secret, request)

    def _extract_basic_auth(self, request: Request) -> str | None:
        """Replaces the library's, which accepts `Basic` in this spelling only."""
        scheme, _, credentials = (request.headers.get("HTTP_AUTHORIZATION") or "").partition(" ")
        return credentials if scheme.lower() == "basic" else None

    # --- Codes

    def _create_authorization_code(
        self, request: Request, code: dict[str, str], expires: Any = None
    ) -> Grant:
        request.nonce = request.claims = None  # only for OpenID Connect, which is not offered
        grant: Grant = super()._create_authorization_code(request, code, expires)
        return _bound(grant, request.connection)

    def validate_code(
        self, client_id: str, code: str, client: Application, request: Request, *args: Any
    ) -> bool:
        """Whether the code is live. One that was used before ends its connection."""
        grant = (
            Grant.objects.select_related("connection").filter(code=code, application=client).first()
        )
        if grant is None or grant.connection is None:
            return False
        if grant.redeemed_at:
            _revoke_for_replay(grant.connection, "An authorization code")
            return False
        request.connection = grant.connection
        return _is_live(grant.connection) and bool(
            super().validate_code(client_id, code, client, request, *args)
        )

    def invalidate_authorization_code(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: done already, in the transaction that saved the tokens."""

    # --- Refresh tokens

    def validate_refresh_token(
        self, refresh_token: str, client: Application, request: Request, *args: Any
    ) -> bool:
        """Replaces the library's, which would read the token a second time and mistake one that was
        exchanged in between for a replay."""
        presented = _find_refresh_token(refresh_token)
        if presented is None or presented.connection is None or not _is_live(presented.connection):
            return False
        if presented.revoked and not presented.may_be_exchanged_again:
            if presented.is_replay:
                _revoke_for_replay(presented.connection, "A refresh token")
            return False
        request.user, request.refresh_token = presented.user, refresh_token
        request.refresh_token_instance = presented
        request.connection = presented.connection
        return bool(presented.application_id == client.pk) and not presented.was_idle_too_long

    def get_original_scopes(self, refresh_token: str, request: Request, *args: Any) -> list[str]:
        """The scopes of the consent, so that a refresh for fewer does not lose the others."""
        return list(request.connection.scopes)

    # --- Tokens

    def save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any) -> None:
        """Raises InvalidGrantError if another request has used the code or ended the connection
        since the validation."""
        try:
            super().save_bearer_token(token, request, *args)
        except CodeAlreadyRedeemed:
            _revoke_for_replay(request.connection, "An authorization code")
            raise

    def _save_bearer_token(self, token: dict[str, Any], request: Request, *args: Any) -> None:
        # One request at a time for each connection; see Connection.revoke.
        connection = Connection.objects.select_for_update().get(pk=request.connection.pk)
        if connection.revoked_at:
            raise InvalidGrantError(request=request)
        if request.grant_type == "authorization_code":
            _redeem(request)
        used = getattr(request, "refresh_token_instance", None)
        latest = RefreshToken.objects.get(pk=used.pk) if used else None
        if latest is None or not latest.revoked:
            if latest:
                latest.retire_siblings()
            super()._save_bearer_token(token, request, *args)
        elif latest.may_be_exchanged_again:
            self._save_once_more(token, request, latest)
        else:
            raise InvalidGrantError(request=request)
        connection.update_last_used()
        kind = EventKind.TOKEN_REFRESHED if used else EventKind.TOKEN_ISSUED
        _announce(kind, connection, " ".join(connection.policy.ordered_scopes))

    def _save_once_more(self, token: dict[str, Any], request: Request, used: RefreshToken) -> None:
        """Another pair of the same family for a refresh token that was just exchanged.

        The library would return the first pair again, but only digests are stored.
        """
        self._check_and_set_request_resource(request)
        expires = timezone.now() + timedelta(seconds=oauth2_settings.ACCESS_TOKEN_EXPIRE_SECONDS)
        access_token = self._create_access_token(expires, request, token)
        self._create_refresh_token(request, token["refresh_token"], access_token, used)

    def _create_access_token(self, *args: Any, **kwargs: Any) -> AccessToken:
        request = args[1]
        token: AccessToken = super()._create_access_token(*args, **kwargs)
        return _bound(token, request.connection)

    def _create_refresh_token(self, request: Request, *args: Any) -> RefreshToken:
        token: RefreshToken = super()._create_refresh_token(request, *args)
        *_, token.parent = args
        token.save(update_fields=["parent"])
        return _bound(token, request.connection)

    def _check_and_set_request_resource(self, request: Request) -> None:
        """Bind every token to /mcp of this server, whether or not the client named it."""
        named = [value for name, value in request.decoded_body or () if name == "resource"]
        if not is_for_this_server(named):
            raise foreign_resource(request=request)
        request.resource = [settings.MCP_URL]

    def revoke_token(
        self, token: str, token_type_hint: str | None, request: Request, *args: Any
    ) -> None:
        """End the connection when its client revokes a token (RFC 7009 §2.1)."""
        digest = hashlib.sha256(token.encode()).hexdigest()
        for model in (AccessToken, RefreshToken):
            found = model.objects.filter(token_checksum=digest, application=request.client).first()
            if found and found.connection:
                found.connection.revoke()


class CodeAlreadyRedeemed(InvalidGrantError):
    """Another request used the code at the same moment."""


def _redeem(request: Request) -> None:
    unused = Grant.objects.filter(code=request.code, redeemed_at=None)
    if not unused.update(redeemed_at=timezone.now()):
        raise CodeAlreadyRedeemed(request=request)


def _find_refresh_token(text: str) -> RefreshToken | None:
    digest = hashlib.sha256(text.encode()).hexdigest()
    joined = RefreshToken.objects.select_related("connection", "access_token", "user")
    return joined.filter(token_checksum=digest).first()


def _revoke_for_replay(connection: Connection, what: str) -> None:
    logger.warning("%s of connection %s was used again; it ends", what, connection.pk)
    _announce(EventKind.TOKEN_REUSED, connection, f"{what} was used again: the connection ends")
    connection.revoke()


def _announce(kind: EventKind, connection: Connection, detail: str) -> None:
    client = f"client {connection.application}"
    announce(kind, f"connection {connection}", detail, actor=client)


def _is_live(connection: Connection) -> bool:
    return connection.is_live(timezone.now())


def _bound(row: Row, connection: Connection) -> Row:
    row.connection = connection
    row.save(update_fields=["connection"])
    return row
