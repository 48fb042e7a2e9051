"""Views for signing in and out, for changing one's password, and for the admin's search."""

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

from accounts.signin.forms import LoginForm, PasswordForm
from accounts.signin.limits import WRONG_PASSWORDS_SECONDS
from accounts.signin.pages import page


class LoginView(DjangoLoginView):
    """The sign-in page. It shows the reason if the view of `next` has a `why_sign_in`, a class
    method that takes the query and returns a sentence."""

    authentication_form = LoginForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add the reason why the person has to sign in."""
        return {**super().get_context_data(**kwargs), "reason": _reason(self.get_redirect_url())}

    def render_to_response(self, context: dict[str, Any], **_: Any) -> Any:
        """Answer 400 to a refused form, 429 with Retry-After to one that is limited."""
        form: LoginForm = context["form"]
        if form.is_bound and form.is_limited:
            response = self._page(context, 429)
            response["Retry-After"] = str(WRONG_PASSWORDS_SECONDS)
            return response
        return self._page(context, 400 if form.is_bound else 200)

    def _page(self, context: dict[str, Any], status: int) -> HttpResponse:
        # The next page may answer with a redirect to a client, also for an error.
        leads_on = bool(self.get_redirect_url())
        template = "accounts/login.html"
        return page(self.request, template, context, status=status, form_leads_away=leads_on)


def admin_login(request: HttpRequest) -> HttpResponse:
    """The admin's own sign-in, with the status of LoginView after too many wrong passwords.

    A person who is signed in and sent here may not enter the admin, and gets a page that says so.
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
    """The admin's own search, which fails on a page of results that does not exist."""
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
    """Ends the session and leads to the page that says so."""

    next_page = "signed-out"


class PasswordView(PasswordChangeView):
    """Changes one's password, and ends the person's other sessions."""

    form_class = PasswordForm
    success_url = reverse_lazy("home")

    def form_valid(self, form: Any) -> HttpResponse:
        """Save the new password; the next page says that it is changed."""
        messages.success(self.request, "Your password is changed.")
        return super().form_valid(form)

    def render_to_response(self, context: dict[str, Any], **_: Any) -> Any:
        """Answer 400 to a refused form, 429 with Retry-After to one that is limited."""
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
    """Confirm that the session has ended; leads a person who is signed in to the start page."""
    if request.user.is_authenticated:
        return redirect("home")
    return page(request, "accounts/signed_out.html")
