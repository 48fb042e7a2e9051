"""Defines the URLs of the connect pages."""

from __future__ import annotations

from django.urls import path

from mcpserver.connect import views

urlpatterns = [
    path("", views.choose, name="connect"),
    path("<int:pk>/", views.ConnectView.as_view(), name="connect-as"),
]
