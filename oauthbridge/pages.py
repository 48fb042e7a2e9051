"""The pages that are shown where nobody can be sent on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from oauthlib.oauth2.rfc6749.errors import (
    InvalidClientIdError,
    InvalidRedirectURIError,
    MismatchingRedirectURIError,
    OAuth2Error,
)

from accounts.pages import page
from oauthbridge import redirects
from oauthbridge.models import Application
from oauthbridge.parameters import as_meant

LONGEST_URI = 200  # of a stranger's that is shown
WRONG_ADDRESS = (InvalidRedirectURIError, MismatchingRedirectURIError)
BEWARE = "If you were not just connecting it, somebody may want to trick you: close this page."


def error_page(request: HttpRequest, message: str, *, status: int, **more: object) -> HttpResponse:
    """Says in `message` what went wrong; sends nobody anywhere. `more` is for the template."""
    context = {"message": message, **more}
    return page(request, "oauthbridge/error.html", context, status=status)


def refusal_page(
    request: HttpRequest, error: OAuth2Error, client: Application | None, way_back: str = ""
) -> HttpResponse:
    """For an authorization request whose client cannot be told, or only by a click: the
    link `way_back`."""
    if client and isinstance(error, WRONG_ADDRESS):
        uri = as_meant(request.GET).get("redirect_uri", "")[:LONGEST_URI]
        message = f"“{client}” asks to send you back to {uri}, which is not among its addresses."
        remedy = f"{_remedy_for_address(client)} {BEWARE}"
    elif isinstance(error, InvalidClientIdError):
        message = "The application that sent you here is not known to this server, or not any more."
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
