"""Answers what went wrong: a page that names the cause for people, JSON for clients."""

from __future__ import annotations

import logging
import sys

from django.conf import settings
from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.middleware import csrf
from django.template import loader

from credentials.events import EventKind, announce
from infinity_mcp.clients import NOT_FOUND, PAGE, is_client, told_client
from infinity_mcp.middleware import NulSent
from infinity_mcp.outage import is_database_away
from infinity_mcp.request_id import current_request_id

logger = logging.getLogger(__name__)

NOT_UNDERSTOOD = "The server did not understand this request. Go back and try again."
UNKNOWN_HOST = (
    "This server is not set up for the host name in the address. Its operator adds that name to"
    " ALLOWED_HOSTS and restarts; behind a proxy, the proxy passes the header Host on unchanged."
)
NUL_SENT = "A NUL character was sent, which no text has. Go back and enter the text anew."
CAUSES: dict[type[Exception], str] = {
    DisallowedHost: UNKNOWN_HOST,
    MultiPartParserError: "The form arrived damaged. Go back, load the page again and repeat it.",
    NulSent: NUL_SENT,
    RequestDataTooBig: "More was sent than a form may hold. Go back and shorten what you entered.",
    TooManyFieldsSent: "More fields were sent than a form may have. Choose fewer rows at a time.",
}
NO_ORIGIN = (
    "The browser does not say which page the form came from (Origin: null). Load the page again in"
    " an ordinary window, not from a file or in a frame, and without extensions that hide it."
)
OTHER_ORIGIN = (
    "The form came from another address than the one under which this server knows itself. If the"
    " address in your browser is the right one, its operator sets OAUTH_PUBLIC_URL to it, and the"
    " proxy in front passes Host on unchanged and sets X-Forwarded-Proto, and is named in"
    " TRUSTED_PROXIES."
)
NO_COOKIE = (
    "The form is out of date, or the browser did not send this server's cookie back. Allow cookies"
    " for this site, load the page again and repeat what you did."
)
NOT_SECURE = (
    " The cookie is kept for https:// only, and this page came over http://: open it with https://."
    " If you did, the proxy in front does not say so: have it set X-Forwarded-Proto, and name it in"
    " TRUSTED_PROXIES."
)
# How the reasons of Django begin that name the address which the form came from.
ELSEWHERE = tuple(
    reason.partition("%s")[0] for reason in (csrf.REASON_BAD_ORIGIN, csrf.REASON_BAD_REFERER)
)
OLD_FORM = (
    "The form is out of date: it was open for long, or you signed in meanwhile. Load the page again"
    " and repeat what you did."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    kinds = (cause for kind, cause in CAUSES.items() if isinstance(exception, kind))
    return _failure(request, "400.html", 400, next(kinds, NOT_UNDERSTOOD))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    _announce_refusal(request, "Not allowed")
    # Django calls this in another thread than the view, whose connection it never gives back.
    if not connection.in_atomic_block:
        connection.close()
    return _failure(request, "403.html", 403, "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    _announce_refusal(request, "The form is not of this server, or out of date")
    cause = PAGE if is_client(request) else _why_refused(request, reason)
    return _failure(request, "403_csrf.html", 403, cause)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _failure(request, "404.html", 404, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    if is_database_away(sys.exc_info()[1]):
        answer = _failure(request, "503.html", 503, "The database does not answer at the moment.")
        answer["Retry-After"] = "5"
        return answer
    return _failure(request, "500.html", 500, "The server failed, and its log says why.")


def _why_refused(request: HttpRequest, reason: str) -> str:
    origin = request.headers.get("Origin", "")
    if reason == csrf.REASON_NO_CSRF_COOKIE:
        is_lost = settings.CSRF_COOKIE_SECURE and not request.is_secure()
        return NO_COOKIE + (NOT_SECURE if is_lost else "")
    if reason in (csrf.REASON_NO_REFERER, csrf.REASON_MALFORMED_REFERER) or origin == "null":
        return NO_ORIGIN
    if reason.startswith(ELSEWHERE):
        return OTHER_ORIGIN
    return OLD_FORM


def _announce_refusal(request: HttpRequest, why: str) -> None:
    # By its route: strangers are not to make up any number of subjects.
    route = request.resolver_match.route if request.resolver_match else ""
    try:
        announce(EventKind.ACCESS_REFUSED, f"page /{route}", why, often=True)
    except DatabaseError:
        logger.warning("A refusal could not be noted", exc_info=True)  # and is one all the same


def _failure(request: HttpRequest, template: str, status: int, cause: str) -> HttpResponse:
    """A page without the request: what its context would ask, the database, may be what is broken.
    A client is told in JSON."""
    if is_client(request):
        return told_client(request, status, cause)
    context = {"request_id": current_request_id(), "cause": cause}
    return HttpResponse(loader.get_template(template).render(context), status=status)
