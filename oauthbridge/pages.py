"""The page that is shown where nobody can be sent on."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from accounts.pages import page


def error_page(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    """Says in `message` what went wrong, and what to do; sends nobody anywhere."""
    return page(request, "oauthbridge/error.html", {"message": message}, status=status)
