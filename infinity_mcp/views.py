"""Readiness and metrics for machines, and where people begin."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import Error as DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from accounts.models import User
from credentials.database import is_migrated
from credentials.errors import CredentialError
from credentials.models import Profile
from infinity_mcp.draining import has_ended, is_draining
from infinity_mcp.patience import READY_SECONDS, patience
from infinity_mcp.sqlite import database_file
from mcpserver.metrics import render


@csrf_exempt  # so that a client that posts here is told 405, and not of a form
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Sends people on to what they can do here."""
    assert isinstance(request.user, User)
    return redirect("admin:index" if request.user.is_staff else "connect")


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether calls can be served: database, migrations, store key, and no end in sight. 503 names
    what is missing.

    A PostgreSQL that can be read only is none of that: what reads is still served, and would be by
    nobody if a proxy took out all replicas, which have that database in common. A file that cannot
    be written is of this server alone."""
    problem = _problem()
    if problem:
        return JsonResponse({"ok": False, "problem": problem}, status=503)
    return JsonResponse({"ok": True})


def _problem() -> str | None:
    if is_draining():
        return "shutting down"
    if has_ended():
        return "a failure; see the log"
    try:
        with patience(READY_SECONDS):
            if not is_migrated():
                return "migrations"
            Profile.objects.check_store_key()
            if not database_file.is_writable():
                return "the database cannot be written"
    except DatabaseError:
        return "database"
    except CredentialError:
        return "store key"
    return None


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """For Prometheus, which sends METRICS_TOKEN as its bearer token. Without that setting: 404."""
    if not settings.METRICS_TOKEN:
        raise Http404
    expected = f"Bearer {settings.METRICS_TOKEN}"
    if not constant_time_compare(request.headers.get("Authorization", ""), expected):
        return HttpResponse(
            "Send METRICS_TOKEN as `Authorization: Bearer <token>`.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    return HttpResponse(render(), content_type=CONTENT_TYPE_LATEST)


@require_safe
@cache_control(public=True, max_age=24 * 60 * 60)
def favicon(request: HttpRequest) -> HttpResponse:
    """There is none, which browsers that ask need not be told as an error."""
    return HttpResponse(status=204)
