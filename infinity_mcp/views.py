"""Health and readiness: answers for machines."""

from __future__ import annotations

from django.db import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from credentials.database import is_migrated
from credentials.errors import CredentialError
from credentials.models import Profile


@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """The process answers; nothing else is touched."""
    return JsonResponse({"ok": True, "service": "infinity-mcp"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether calls can be served: database, migrations, store key. 503 names what is missing."""
    problem = _problem()
    if problem:
        return JsonResponse({"ok": False, "problem": problem}, status=503)
    return JsonResponse({"ok": True})


def _problem() -> str | None:
    try:
        if not is_migrated():
            return "migrations"
        Profile.objects.check_store_key()
    except DatabaseError:
        return "database"
    except CredentialError:
        return "store key"
    return None
