"""Error pages of the authorization endpoint, where no redirect is safe."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from oauthlib.oauth2.rfc6749.errors import (
    InvalidClientIdError,
    InvalidRedirectURIError,
    MismatchingRedirectURIError,
    OAuth2Error,
)

from accounts.signin.pages import page
from oauthbridge import redirects
from oauthbridge.models import Application
from oauthbridge.server.parameters import as_meant

MAX_URI_LENGTH = 200  # shown of a URI that a stranger sent
WRONG_ADDRESS = (InvalidRedirectURIError, MismatchingRedirectURIError)
BEWARE = "If you were not just connecting it, this may be an attack: close this page."


def error_page(request: HttpRequest, message: str, *, status: int, **more: object) -> HttpResponse:
    """A page that shows `message`, without a redirect. `more` is for the template."""
    context = {"message": message, **more}
    return page(request, "oauthbridge/error.html", context, status=status)


def refusal_page(
    request: HttpRequest, error: OAuth2Error, client: Application | None, way_back: str = ""
) -> HttpResponse:
    """The page for a refused authorization request whose error cannot be sent to the client, or
    only by a click on the link `way_back`."""
    if client and isinstance(error, WRONG_ADDRESS):
        uri = as_meant(request.GET).get("redirect_uri", "")[:MAX_URI_LENGTH]
        message = f"“{client}” asks to send you back to {uri}, which is not among its addresses."
        remedy = f"{_remedy_for_address(client)} {BEWARE}"
    elif isinstance(error, InvalidClientIdError):
        message = "The application that sent you here is not known to this server, or no longer."
        remedy = "Remove this server in the application and add it again."
    else:
        who = f"“{client}”" if client else "the application"
        message, remedy = f"The request of {who} is refused: {error.description or error.error}", ""
    back = {"client": client, "way_back": way_back, "host": redirects.host_of(way_back)}
    return error_page(request, message, status=400, remedy=remedy, **back)


def _remedy_for_address(client: Application) -> str:
    if client.is_configured:
        return (
            "If it should be, the operator adds its origin, such as https://chatgpt.com, to "
            "OAUTH_ALLOWED_REDIRECT_ORIGINS and restarts the server."
        )
    if client.is_self_registered:
        return "Remove this server in the application and add it again, so that it registers anew."
    return "If it should be, the operator adds it to the redirect URIs of the client, in the admin."
