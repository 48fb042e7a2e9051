"""Answers clients at a wrong address in JSON that says where MCP is."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from django.utils.deprecation import MiddlewareMixin

from infinity_mcp.core.request_id import current_request_id
from mcpserver.connect.client_setup import server_url

READS = ("GET", "HEAD")
NOT_FOUND, PAGE = "There is nothing at this address.", "This address is not for clients."
SSE = ("/sse", "/message", "/messages")
FOR_PROGRAMS = ("/oauth/token", "/oauth/revoke", "/oauth/register", "/.well-known/")
OAUTH = ("/authorize", "/token", "/register", "/revoke", "/oauth", "/.well-known")
ERRORS = {400: "invalid_request", 403: "access_denied", 404: "not_found", 405: "method_not_allowed"}


def is_client(request: HttpRequest) -> bool:
    """Was it sent by a program, which cannot use a page? Browsers accept HTML."""
    if _is_for_programs(request):
        return True
    accept = request.headers.get("Accept", "").lower()
    if "text/html" in accept:
        return False
    if "json" in accept or "text/event-stream" in accept or "json" in (request.content_type or ""):
        return True
    return request.method not in READS


def _is_for_programs(request: HttpRequest) -> bool:
    return request.path.startswith(FOR_PROGRAMS)


def told_client(request: HttpRequest, status: int, cause: str) -> JsonResponse:
    """An answer with `cause` and the address of MCP, independent of the request's Host."""
    url = f"{server_url()}/mcp"
    told = {
        "error": ERRORS.get(status, "server_error"),
        "error_description": " ".join(filter(None, (cause, _hint(request.path, url)))),
        "mcp_url": url,
        "request_id": current_request_id(),
    }
    return JsonResponse(told, status=status, headers={"Cache-Control": "no-store"})


def _hint(path: str, url: str) -> str:
    where = f"MCP is at {url}, by POST (Streamable HTTP)."
    path = path.lower()
    if path.endswith(SSE):
        return f"{where} The older transport with events (SSE) is not served."
    if path.startswith(OAUTH):
        return f"{where} {_oauth()}"
    return where


def _oauth() -> str:
    if not settings.OAUTH_ENABLED:
        return "OAuth is off here: send a key as Authorization: Bearer."
    document = f"{settings.PUBLIC_URL}/.well-known/oauth-authorization-server"
    return f"The addresses of OAuth are in {document}."


class ClientMiddleware(MiddlewareMixin):
    """Answers clients in JSON instead of Django's empty 405 and redirects to the sign-in page."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Replace an empty 405, and a redirect of a client to the sign-in page."""
        if response.status_code == 405 and not getattr(response, "content", b""):
            return self._not_allowed(request, response)
        if response.status_code == 302 and _leads_to_sign_in(response) and is_client(request):
            return told_client(request, 404, PAGE)
        return response

    def _not_allowed(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if not is_client(request):
            return response
        allowed = response.headers["Allow"]
        where = f"This address takes {allowed}." if _is_for_programs(request) else PAGE
        cause = f"{where} It does not take {request.method}."
        told: HttpResponse = told_client(request, 405, cause)
        for name in ("Allow", "Access-Control-Allow-Origin"):
            if name in response.headers:
                told[name] = response.headers[name]
        return told


def _leads_to_sign_in(response: HttpResponseBase) -> bool:
    place = response.headers["Location"].partition("?")[0]
    return place in (resolve_url(settings.LOGIN_URL), resolve_url("admin:login"))
