"""The consent page, and a person's connections; 404 unless OAUTH_ENABLED."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import AccessMixin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.http import OAuth2ResponseRedirect
from oauth2_provider.models import refresh_token_expire_timedelta
from oauth2_provider.views.mixins import OAuthLibMixin

from accounts.models import User
from accounts.scopes import READ
from accounts.signin.pages import page
from infinity_mcp.core.events import EventKind, announce
from oauthbridge import redirects
from oauthbridge.models import Application, Connection
from oauthbridge.pages.forms import ConsentForm
from oauthbridge.pages.responses import error_page, refusal_page
from oauthbridge.server.backend import AuthorizationBackend
from oauthbridge.server.endpoints import has_broken_escape
from oauthbridge.server.parameters import MAX_QUERY_LENGTH, as_meant, has_null

MAX_ID_LENGTH = 18  # digits that fit into a database id


# Exempt, so that other methods get 405 instead of an error about a CSRF token.
@method_decorator(csrf_exempt, name="dispatch")
@method_decorator(require_http_methods(["GET", "POST"]), name="dispatch")
@method_decorator(csrf_protect, name="dispatch")
class AuthorizeView(AccessMixin, OAuthLibMixin, View):
    """The authorization endpoint: asks for consent every time, even if the request wants otherwise.

    The form is sent to the same URL, so that the client's request is read from there again and no
    part of it is in the form.
    """

    oauthlib_backend_class: Any = AuthorizationBackend

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Check the client's request before the person signs in or is asked anything."""
        if len(request.META["QUERY_STRING"]) > MAX_QUERY_LENGTH:
            text = f"This address is too long: {MAX_QUERY_LENGTH:,} characters at most after its ?"
            return error_page(request, text, status=414)
        if has_null(request.GET) or has_broken_escape(request):
            return error_page(request, "This address is damaged.", status=400)
        try:
            self.asked, self.credentials = self.validate_authorization_request(request)
        except FatalClientError as error:
            return refusal_page(request, error.oauthlib_error, _client_of(request.GET))
        except OAuthToolkitError as error:
            return self._tell_client_of(error)
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        return super().dispatch(request, *args, **kwargs)

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the consent page."""
        return self._ask(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make the connection and send its code to the client, or the person's refusal."""
        if request.POST.get("decision") != "allow":
            announce(EventKind.CONNECTION_DENIED, f"client {self._application}")
            return self._answer(None)
        form = self._form(request.POST)
        if not form.is_valid():
            return self._ask(form)
        connection = Connection.objects.create(
            application=self._application,
            person=self._person,
            mcp_user=form.cleaned_data["mcp_user"],
            scopes=form.cleaned_data["scopes"],
        )
        return self._answer(connection)

    @classmethod
    def why_sign_in(cls, query: QueryDict) -> str:
        """The reason that the sign-in page shows; empty for an unknown client."""
        client = _client_of(query)
        if client is None:
            return ""
        doubt = " (its name is not verified)" if client.is_self_registered else ""
        return f"“{client}”{doubt} asks to use Infinity for you. Sign in to allow or deny it."

    @property
    def _is_self_registered(self) -> bool:
        client = _client_of(self.request.GET)
        return client is not None and client.is_self_registered

    @property
    def _person(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    @property
    def _application(self) -> Application:
        application: Application = self.credentials["request"].client
        return application

    def _form(self, data: Any = None) -> ConsentForm:
        # For a client that requests no scopes only reading is ticked; the rest is offered.
        proposed = self.asked if "scope" in as_meant(self.request.GET) else [READ]
        return ConsentForm(data, person=self._person, asked=self.asked, proposed=proposed)

    def _ask(self, form: ConsentForm) -> HttpResponse:
        redirect_uri = self.credentials["redirect_uri"]
        context = {
            "form": form,
            "application": self._application,
            "host": redirects.host_of(redirect_uri),
            "is_local": redirects.is_local(redirect_uri),
            "idle": refresh_token_expire_timedelta(),
            "ends_at": timezone.now() + settings.OAUTH_CONNECTION_LIFETIME,
        }
        status = 400 if form.is_bound else 200
        return page(
            self.request, "oauthbridge/consent.html", context, status=status, form_leads_away=True
        )

    def _answer(self, connection: Connection | None) -> HttpResponse:
        parameters = ("client_id", "redirect_uri", "response_type", "state", "resource")
        credentials = {name: self.credentials[name] for name in parameters}
        credentials |= {
            name: self.credentials[name] for name in ("code_challenge", "code_challenge_method")
        }
        scopes = " ".join(connection.scopes) if connection else ""
        try:
            uri, *_ = self.create_authorization_response(
                self.request, scopes, {**credentials, "connection": connection}, bool(connection)
            )
        except OAuthToolkitError as error:
            return self._redirect_with(error)
        return self._redirect(uri)

    def _tell_client_of(self, error: OAuthToolkitError) -> HttpResponse:
        """Send the person back with `error`. Without a click or a sign-in, a link must not lead to
        another site: to one only after signing in, and to one that registered itself only after a
        click (RFC 9700 §4.11). Nor may it open an app, which may run what the address says."""
        cause, request = error.oauthlib_error, self.request
        if redirects.is_loopback(cause.redirect_uri):
            return self._redirect_with(error)
        if self._is_self_registered or redirects.opens_app(cause.redirect_uri):
            way_back = self._address_with(error)
            return refusal_page(request, cause, _client_of(request.GET), way_back)
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        return self._redirect_with(error)

    def _redirect_with(self, error: OAuthToolkitError) -> HttpResponse:
        return self._redirect(self._address_with(error))

    def _address_with(self, error: OAuthToolkitError) -> str:
        _, answer = self.error_response(error)
        issuer = urlencode({"iss": settings.PUBLIC_URL})  # RFC 9207, on errors too
        return f"{answer['url']}&{issuer}"

    def _redirect(self, uri: str) -> HttpResponse:
        # The redirect URI was checked to be the client's own.
        response = OAuth2ResponseRedirect(uri, [uri.partition(":")[0].lower()])
        response["Cache-Control"] = "no-store"  # it may contain a code
        return response


def _client_of(query: QueryDict) -> Application | None:
    """The client that an authorization request names, read as the library reads it."""
    named = as_meant(query).getlist("client_id")
    if len(named) != 1 or has_null(query):
        return None
    return Application.objects.filter(client_id=named[0]).first()


@login_required
@require_http_methods(["GET", "POST"])
@csrf_protect
def connections(request: HttpRequest) -> HttpResponse:
    """Lists a person's connections; POST revokes one."""
    assert isinstance(request.user, User)
    own = Connection.objects.open().filter(person=request.user)
    if request.method == "POST":
        number = request.POST.get("connection", "")
        connection = get_object_or_404(own, pk=int(number) if _is_id(number) else 0)
        connection.revoke()
        text = f"{connection.application} can no longer act as {connection.mcp_user} for you."
        messages.success(request, text)
        return redirect("connections")
    context = {"connections": own, "mcp_url": settings.MCP_URL}
    return page(request, "oauthbridge/connections.html", context)


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) <= MAX_ID_LENGTH
