"""Answers errors: a page that names the cause for people, JSON for clients."""

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

from infinity_mcp.core.events import EventKind, announce
from infinity_mcp.core.outage import is_database_away
from infinity_mcp.core.request_id import current_request_id
from infinity_mcp.core.sqlite import is_unusable
from infinity_mcp.errors.clients import NOT_FOUND, PAGE, is_client, told_client
from infinity_mcp.middleware import NulSent

logger = logging.getLogger(__name__)

NOT_UNDERSTOOD = "The server did not understand this request. Go back and try again."
UNKNOWN_HOST = (
    "This server is not set up for the host name in the address. Its operator must add that name to"
    " ALLOWED_HOSTS and restart; a proxy in front must pass the header Host on unchanged."
)
NUL_SENT = "The text contains a NUL character, which is not allowed. Go back and enter it again."
CAUSES: dict[type[Exception], str] = {
    DisallowedHost: UNKNOWN_HOST,
    MultiPartParserError: "The form arrived damaged. Go back, load the page again and repeat it.",
    NulSent: NUL_SENT,
    RequestDataTooBig: "The form is too large. Go back and shorten what you entered.",
    TooManyFieldsSent: "The form has too many fields. Choose fewer rows at a time.",
}
NO_ORIGIN = (
    "The browser does not say which page the form came from (Origin: null). Load the page again in"
    " an ordinary window, not from a file or in a frame, and without extensions that hide it."
)
OTHER_ORIGIN = (
    "The form came from another address than the one that this server has in its settings. If the"
    " address in your browser is the right one, the operator must set OAUTH_PUBLIC_URL to it and"
    " name the proxy in front in TRUSTED_PROXIES; the proxy must pass Host on unchanged and set"
    " X-Forwarded-Proto."
)
NO_COOKIE = (
    "The form is out of date, or the browser did not send this server's cookie back. Allow cookies"
    " for this site, load the page again and repeat what you did."
)
NOT_SECURE = (
    " The cookie is sent over https:// only, and this page came over http://: open it with"
    " https://. If you did, the proxy in front must set X-Forwarded-Proto and be named in"
    " TRUSTED_PROXIES."
)
# The beginnings of Django's reasons that name the address of the form's page.
ELSEWHERE = tuple(
    reason.partition("%s")[0] for reason in (csrf.REASON_BAD_ORIGIN, csrf.REASON_BAD_REFERER)
)
AWAY = (
    "The server cannot reach its database. Try again in a minute; the operator finds the reason in"
    " the server's log, under the id below."
)
UNUSABLE = (
    "The server cannot write to its database: its disk may be full. Waiting does not help; the"
    " operator finds the reason in the server's log, under the id below."
)
OLD_FORM = (
    "The form is out of date: it was open too long, or you signed in after you opened it. Load the"
    " page again and repeat what you did."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 400 with the cause that Django's exception stands for."""
    kinds = (cause for kind, cause in CAUSES.items() if isinstance(exception, kind))
    return _failure(request, "400.html", 400, next(kinds, NOT_UNDERSTOOD))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 403, and record the refusal in the audit log."""
    _announce_refusal(request, "Not allowed")
    # Django calls this in another thread than the view, and never closes that thread's connection.
    if not connection.in_atomic_block:
        connection.close()
    return _failure(request, "403.html", 403, "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 with the likely reason, and record the refusal in the audit log."""
    _announce_refusal(request, "The form is not of this server, or out of date")
    cause = PAGE if is_client(request) else _why_refused(request, reason)
    return _failure(request, "403_csrf.html", 403, cause)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer 404: a page for browsers, JSON for clients."""
    if "text/html" not in request.headers.get("Accept", "").lower():  # of no browser
        return told_client(request, 404, NOT_FOUND)
    return _failure(request, "404.html", 404, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 503 with Retry-After while the database is unreachable or unusable, else 500."""
    error = sys.exc_info()[1]
    if is_database_away(error):
        answer = _failure(request, "503.html", 503, UNUSABLE if is_unusable(error) else AWAY)
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
    # By its route, so that strangers cannot create any number of subjects.
    route = request.resolver_match.route if request.resolver_match else ""
    try:
        announce(EventKind.ACCESS_REFUSED, f"page /{route}", why, often=True)
    except DatabaseError:
        logger.warning("A refusal could not be recorded", exc_info=True)  # but is answered


def _failure(request: HttpRequest, template: str, status: int, cause: str) -> HttpResponse:
    """An error page, or JSON for clients. The page is rendered without the request, because its
    context would use the database, which may be down."""
    if is_client(request):
        return told_client(request, status, cause)
    context = {"request_id": current_request_id(), "cause": cause}
    return HttpResponse(loader.get_template(template).render(context), status=status)
