"""Views that clients call: tokens, revocation, metadata."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters
from oauth2_provider.views.base import RevokeTokenView as LibraryRevokeTokenView
from oauth2_provider.views.base import TokenView as LibraryTokenView
from oauth2_provider.views.metadata import (
    OAuthProtectedResourceMetadataView,
    OAuthServerMetadataView,
)

from oauthbridge.server.endpoints import OpenToBrowsers, TakesForms
from oauthbridge.server.errors import error_answer
from oauthbridge.server.parameters import GRANT_TYPES, as_meant


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class TokenView(OpenToBrowsers, TakesForms, LibraryTokenView):
    """Exchanges codes and refresh tokens for access tokens."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refuse grant types that are not offered here."""
        if as_meant(request.POST).get("grant_type") not in GRANT_TYPES:
            return error_answer("unsupported_grant_type")
        return super().post(request, *args, **kwargs)


@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class RevokeTokenView(OpenToBrowsers, TakesForms, LibraryRevokeTokenView):
    """Revokes access and refresh tokens (RFC 7009)."""


class ServerMetadataView(OpenToBrowsers, OAuthServerMetadataView):
    """Describes the authorization server to clients (RFC 8414)."""


class ResourceMetadataView(OpenToBrowsers, OAuthProtectedResourceMetadataView):
    """Names the authorization server of /mcp to clients (RFC 9728)."""
