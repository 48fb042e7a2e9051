"""Pages for people: what all their answers have in common."""

from __future__ import annotations

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def page(
    request: HttpRequest,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
    form_target: str = "",
) -> HttpResponse:
    """A page that loads nothing, cannot be framed and is not kept.

    `form_target` is a CSP source besides this server that the answer to a form may redirect to:
    Chrome drops the redirect otherwise.
    """
    nonce = secrets.token_urlsafe(16)
    form_action = f"'self' {form_target}".strip()
    context = {**(context or {}), "csp_nonce": nonce}
    response = render(request, f"oauthbridge/{template}.html", context, status=status)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action {form_action}"
    )
    response["Cache-Control"] = "no-store"
    # Less than this, and browsers send forms with `Origin: null`, which fails the CSRF check.
    response["Referrer-Policy"] = "same-origin"
    return response


def error_page(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    """Says in `message` what went wrong, and what to do; sends nobody anywhere."""
    return page(request, "error", {"message": message}, status=status)
