"""Renders pages of the admin that are neither lists nor forms of a model."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse


def page(
    request: HttpRequest,
    model_admin: admin.ModelAdmin[Any],
    template: str,
    title: str,
    about: Model | None = None,
    **context: Any,
) -> TemplateResponse:
    """A page in the admin's layout; `about` is the record in its breadcrumbs."""
    context |= {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": about,
        "title": title,
        "media": model_admin.media,
    }
    return TemplateResponse(request, f"mcpserver/admin/{template}.html", context)


def found(model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str) -> Any:
    """The record with this id. Raises Http404, also for a malformed id."""
    record = model_admin.get_object(request, object_id)
    if record is None:
        raise Http404
    return record


def confirmation(
    request: HttpRequest,
    model_admin: admin.ModelAdmin[Any],
    about: Model,
    question: str,
    button: str,
) -> TemplateResponse:
    """A page that asks `question`; to confirm it sends a POST to the same address."""
    return page(request, model_admin, "confirm", button, about, question=question, button=button)
