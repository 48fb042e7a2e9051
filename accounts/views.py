"""Signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin, messages
from django.contrib.auth.views import LoginView as DjangoLoginView
from django.contrib.auth.views import LogoutView as DjangoLogoutView
from django.contrib.auth.views import PasswordChangeView
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect
from django.urls import Resolver404, resolve, reverse_lazy
from django.views.decorators.http import require_safe

from accounts.forms import LoginForm, PasswordForm
from accounts.limits import WRONG_PASSWORDS_SECONDS
from accounts.pages import page


class LoginView(DjangoLoginView):
    """Says why to sign in when the view that `next` leads to has a `why_sign_in`, a class method
    that takes the query and returns a sentence."""

    authentication_form = LoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "reason": _reason(self.get_redirect_url())}

    def render_to_response(self, context: dict[str, Any], **_: Any) -> Any:
        form: LoginForm = context["form"]
        if form.is_bound and form.is_limited:
            response = self._page(context, 429)
            response["Retry-After"] = str(WRONG_PASSWORDS_SECONDS)
            return response
        return self._page(context, 400 if form.is_bound else 200)

    def _page(self, context: dict[str, Any], status: int) -> HttpResponse:
        # What is asked for next may be answered with a redirect to a client, an error's too.
        leads_on = bool(self.get_redirect_url())
        template = "accounts/login.html"
        return page(self.request, template, context, status=status, form_leads_away=leads_on)


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's own, with the status of LoginView where too many passwords were wrong.

    Somebody who is signed in and sent here may not enter: a form alone would not tell them.
    """
    if request.method != "POST" and request.user.is_authenticated:
        if admin.site.has_permission(request):
            return redirect("admin:index")
        context = {"next": request.GET.get("next", "")}
        return page(request, "accounts/no_admin.html", context, status=403)
    response = admin.site.login(request)
    form = (getattr(response, "context_data", None) or {}).get("form")
    if form and form.is_bound and form.is_limited:
        response.status_code = 429
        response["Retry-After"] = str(WRONG_PASSWORDS_SECONDS)
    return response


def admin_search(request: HttpRequest) -> HttpResponseBase:
    """The admin's own, which fails on a page of results that is not there."""
    site: Any = admin.site
    try:
        found: HttpResponseBase = site.admin_view(site.search)(request)
    except InvalidPage:
        raise Http404 from None
    return found


def _reason(url: str) -> str:
    parts = urlsplit(url)
    try:
        view = getattr(resolve(parts.path).func, "view_class", None)
    except Resolver404:
        return ""
    why = getattr(view, "why_sign_in", None)
    return str(why(QueryDict(parts.query))) if why else ""


class LogoutView(DjangoLogoutView):
    next_page = "signed-out"


class PasswordView(PasswordChangeView):
    """A password of one's own choice. It signs the person out everywhere else."""

    form_class = PasswordForm
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)

    def render_to_response(self, context: dict[str, Any], **_: Any) -> Any:
        form: PasswordForm = context["form"]
        status = 400 if form.is_bound else 200
        if form.is_limited:
            status = 429
        response = page(self.request, "accounts/password.html", context, status=status)
        if form.is_limited:
            response["Retry-After"] = str(WRONG_PASSWORDS_SECONDS)
        return response


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    return page(request, "accounts/signed_out.html")
