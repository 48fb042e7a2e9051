"""URLs of the authorization server, each with and without a trailing slash and never a redirect.

The names are those that the library looks up for its discovery documents.
"""

from __future__ import annotations

from django.urls import include, path, re_path
from oauth2_provider.views.metadata import (
    OAuthProtectedResourceMetadataView,
    OAuthServerMetadataView,
)

from oauthbridge import views
from oauthbridge.endpoints import OpenToBrowsers
from oauthbridge.registration import RegistrationView


class ServerMetadataView(OpenToBrowsers, OAuthServerMetadataView):
    pass


class ResourceMetadataView(OpenToBrowsers, OAuthProtectedResourceMetadataView):
    pass


library = [
    re_path(r"^oauth/authorize/?$", views.AuthorizeView.as_view(), name="authorize"),
    re_path(r"^oauth/token/?$", views.TokenView.as_view(), name="token"),
    re_path(r"^oauth/revoke/?$", views.RevokeTokenView.as_view(), name="revoke-token"),
    re_path(r"^oauth/register/?$", RegistrationView.as_view(), name="dcr-register"),
    # Clients ask with and without the path of /mcp.
    re_path(r"^\.well-known/oauth-authorization-server(?:/mcp)?/?$", ServerMetadataView.as_view()),
    re_path(r"^\.well-known/oauth-protected-resource(?:/mcp)?/?$", ResourceMetadataView.as_view()),
]

urlpatterns = [
    path("", include((library, "oauth2_provider"))),
    path("oauth/connections/", views.connections, name="connections"),
]
