"""Mixins of the endpoints that clients call: CORS, forms, errors in JSON."""

from __future__ import annotations

import logging
import re
from typing import Any

from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.views import View

from infinity_mcp.core.outage import is_database_away
from oauthbridge.server.errors import error_answer
from oauthbridge.server.parameters import MAX_BODY_BYTES, as_meant, has_null, repeated

logger = logging.getLogger(__name__)

TOO_LARGE = f"The body is larger than {MAX_BODY_BYTES // 1024} KiB."
UNREADABLE = (BadRequest, MultiPartParserError, SuspiciousOperation)
CHALLENGE = 'Basic realm="Infinity MCP"'  # RFC 6749 §5.2: in the scheme that the client used

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


class OpenToBrowsers(View):
    """Allows CORS from any origin, for clients that are web pages: no cookies are used here."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Answer preflights, and add CORS headers to all answers."""
        response: HttpResponseBase
        if request.method == "OPTIONS":
            response = HttpResponse(status=204)
            response["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
            response["Access-Control-Allow-Headers"] = (
                "Authorization, Content-Type, MCP-Protocol-Version"
            )
        else:
            response = super().dispatch(request, *args, **kwargs)
        response["Access-Control-Allow-Origin"] = "*"
        return response


class AnswersInJson(View):
    """Makes every answer uncacheable JSON, also for unreadable requests and while the database is
    unreachable."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Turn errors of reading the request and of the database into OAuth errors."""
        try:
            response = self._dispatch_readable(request, *args, **kwargs)
        except RequestDataTooBig:
            response = error_answer("invalid_request", TOO_LARGE, status=413)
        except UNREADABLE:
            response = error_answer(
                "invalid_request", "The request cannot be read: check its form."
            )
        except DatabaseError as error:
            if not is_database_away(error):
                raise
            logger.exception("%s could not reach the database", request.path)
            response = error_answer("temporarily_unavailable", status=503)
            response["Retry-After"] = "5"
        response["Cache-Control"] = "no-store"
        if response.content:
            response["Content-Type"] = "application/json"
        if response.status_code == 401 and "WWW-Authenticate" in response and _is_basic(request):
            response["WWW-Authenticate"] = CHALLENGE
        return response

    def _dispatch_readable(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if has_broken_escape(request):
            raise BadRequest
        if len(request.body) > MAX_BODY_BYTES:
            raise RequestDataTooBig
        response = super().dispatch(request, *args, **kwargs)
        assert isinstance(response, HttpResponse)
        return response


class TakesForms(AnswersInJson):
    """Refuses forms with a NUL or a repeated parameter."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer 400 to such a form, and hand on any other."""
        if has_null(request.POST):
            return error_answer("invalid_request", "A parameter has a NUL in it.")
        twice = repeated(as_meant(request.POST))
        if twice:
            return error_answer("invalid_request", f"{', '.join(twice)}: sent more than once.")
        response: HttpResponse = super().post(request, *args, **kwargs)  # type: ignore[misc]
        return response


def has_broken_escape(request: HttpRequest) -> bool:
    """Does the query contain a broken `%` escape, on which the library fails?"""
    return _BROKEN_ESCAPE.search(request.META.get("QUERY_STRING", "")) is not None


def _is_basic(request: HttpRequest) -> bool:
    return request.headers.get("Authorization", "").lower().startswith("basic ")
