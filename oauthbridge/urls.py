"""URLs of the authorization server, with and without a trailing slash, without redirects.

The names are those that the library looks up for its discovery documents.
"""

from __future__ import annotations

from django.urls import include, path, re_path

from oauthbridge.pages.views import AuthorizeView, connections
from oauthbridge.server.registration import RegistrationView
from oauthbridge.server.views import (
    ResourceMetadataView,
    RevokeTokenView,
    ServerMetadataView,
    TokenView,
)

library = [
    re_path(r"^oauth/authorize/?$", AuthorizeView.as_view(), name="authorize"),
    re_path(r"^oauth/token/?$", TokenView.as_view(), name="token"),
    re_path(r"^oauth/revoke/?$", RevokeTokenView.as_view(), name="revoke-token"),
    re_path(r"^oauth/register/?$", RegistrationView.as_view(), name="dcr-register"),
    # Clients use this address with and without the path of /mcp.
    re_path(r"^\.well-known/oauth-authorization-server(?:/mcp)?/?$", ServerMetadataView.as_view()),
    re_path(r"^\.well-known/oauth-protected-resource(?:/mcp)?/?$", ResourceMetadataView.as_view()),
]

urlpatterns = [
    path("", include((library, "oauth2_provider"))),
    path("oauth/connections/", connections, name="connections"),
]
