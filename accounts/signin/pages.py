"""Renders pages with the headers that all of them need."""

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
    form_leads_away: bool = False,
    with_script: bool = False,
) -> HttpResponse:
    """Render a template that extends base.html as a page that loads nothing, cannot be framed and
    is not cached. `with_script` lets it load scripts of this server, but no inline ones.

    `form_leads_away` is for a form whose answer redirects to a client: Chromium applies
    `form-action` to every further redirect too, and those of the client are not known here.
    """
    nonce = secrets.token_urlsafe(16)
    form_action = "" if form_leads_away else "; form-action 'self'"
    scripts = "; script-src 'self'" if with_script else ""
    response = render(request, template, {**(context or {}), "csp_nonce": nonce}, status=status)
    response["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'"
        f"{form_action}{scripts}"
    )
    response["Cache-Control"] = "no-store"
    # With a stricter policy browsers send forms with `Origin: null`, which fails the CSRF check.
    response["Referrer-Policy"] = "same-origin"
    return response
