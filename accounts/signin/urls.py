"""URLs for signing in and out, and for changing one's password."""

from __future__ import annotations

from django.urls import path

from accounts.signin import views

urlpatterns = [
    path("admin/login/", views.admin_login),  # replaces the admin's
    path("admin/search/", views.admin_search),  # likewise
    path("login/", views.LoginView.as_view(), name="login"),
    path("logout/", views.LogoutView.as_view(), name="logout"),
    path("password/", views.PasswordView.as_view(), name="password"),
    path("signed-out/", views.signed_out, name="signed-out"),
]
