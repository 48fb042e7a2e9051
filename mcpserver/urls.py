"""The pages on which people connect agents."""

from __future__ import annotations

from django.urls import path

from mcpserver import views

urlpatterns = [
    path("", views.choose, name="connect"),
    path("<int:pk>/", views.ConnectView.as_view(), name="connect-as"),
]
