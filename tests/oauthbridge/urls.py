"""The project's URLs with OAuth on."""

from __future__ import annotations

from django.urls import include, path

from infinity_mcp.urls import urlpatterns as project

urlpatterns = [*project, path("", include("oauthbridge.urls"))]
