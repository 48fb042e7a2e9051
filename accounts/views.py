"""Signing in and out."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import LogoutView as DjangoLogoutView
from django.http import HttpResponse

from accounts.forms import LoginForm
from accounts.limits import WRONG_PASSWORDS_OF_NAME
from accounts.pages import page


class LoginView(DjangoLoginView):
    authentication_form = LoginForm

    def render_to_response(self, context: dict[str, Any], **_: Any) -> Any:
        form: LoginForm = context["form"]
        if form.is_bound and form.is_limited:
            response = self._page(context, 429)
            response["Retry-After"] = str(WRONG_PASSWORDS_OF_NAME.seconds)
            return response
        return self._page(context, 400 if form.is_bound else 200)

    def _page(self, context: dict[str, Any], status: int) -> HttpResponse:
        return page(self.request, "accounts/login.html", context, status=status)


class LogoutView(DjangoLogoutView):
    next_page = settings.LOGIN_URL
