"""URLs that Django serves. `/mcp`, `/health` and `/static` are routed in asgi.py."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from infinity_mcp import failures, views

handler400 = failures.bad_request
handler403 = failures.permission_denied
handler404 = failures.page_not_found
handler500 = failures.server_error

admin.site.index_title = "Overview"

urlpatterns = [
    path("favicon.ico", views.favicon),
    path("", views.home, name="home"),
    path("", include("accounts.urls")),
    path("connect/", include("mcpserver.urls")),
    path("ready", views.ready),
    path("metrics", views.metrics),
    path("admin/", admin.site.urls),
]

if settings.OAUTH_ENABLED:
    urlpatterns.append(path("", include("oauthbridge.urls")))
