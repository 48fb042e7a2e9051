"""URLs that Django serves; asgi.py routes `/mcp`, `/health` and `/static`."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from infinity_mcp import views
from infinity_mcp.errors import handlers

handler400 = handlers.bad_request
handler403 = handlers.permission_denied
handler404 = handlers.page_not_found
handler500 = handlers.server_error

admin.site.index_title = "Overview"

urlpatterns = [
    path("favicon.ico", views.favicon),
    path("", views.home, name="home"),
    path("", include("accounts.signin.urls")),
    path("connect/", include("mcpserver.connect.urls")),
    path("ready", views.ready),
    path("metrics", views.metrics),
    path("admin/", admin.site.urls),
]

if settings.OAUTH_ENABLED:
    urlpatterns.append(path("", include("oauthbridge.urls")))
