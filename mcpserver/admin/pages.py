"""Pages of the admin beside its own lists and forms."""

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
    """A page within the admin's frame; `about` is what its breadcrumbs lead to."""
    context |= {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "original": about,
        "title": title,
        "media": model_admin.media,
    }
    return TemplateResponse(request, f"mcpserver/admin/{template}.html", context)


def found(model_admin: admin.ModelAdmin[Any], request: HttpRequest, object_id: str) -> Any:
    """The record that a page is about. Raises Http404, of what is no id too."""
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
    """Asks `question`; its answer is a POST to the same address."""
    return page(request, model_admin, "confirm", button, about, question=question, button=button)
