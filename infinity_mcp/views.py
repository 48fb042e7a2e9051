"""Views for readiness and metrics, and the start page."""

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
from credentials.errors import CredentialError
from credentials.models import Profile
from credentials.schema import is_migrated
from infinity_mcp.core.shutdown import has_ended, is_draining
from infinity_mcp.core.sqlite import database_file
from infinity_mcp.core.statement_timeout import READY_SECONDS, statement_timeout
from mcpserver.audit.metrics import render


@csrf_exempt  # so that a client that posts here gets 405, not an error about a form
@require_safe
@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Redirects people to the page that they can use."""
    assert isinstance(request.user, User)
    return redirect("admin:index" if request.user.is_staff else "connect")


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether calls can be served: database, migrations, store key, and no shutdown. 503 names what
    is missing.

    A read-only PostgreSQL counts as ready: reads are still served, and a proxy would otherwise take
    out all replicas, which share that database. A file that cannot be written affects only this
    server."""
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
        with statement_timeout(READY_SECONDS):
            if not is_migrated():
                return "migrations"
            Profile.objects.check_store_key()
            if not database_file.is_writable():
                return "the database cannot be written"
    except DatabaseError as error:
        database_file.note_failure(error)
        return "database"
    except CredentialError:
        return "store key"
    return None


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Metrics for Prometheus, with METRICS_TOKEN as bearer token. 404 without that setting."""
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
    """There is none; answers 204, so that browsers report no error."""
    return HttpResponse(status=204)
