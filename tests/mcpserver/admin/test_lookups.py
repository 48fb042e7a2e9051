"""No address of a list in the admin finds out what no page shows."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse

SECRETS = ("password", "digest", "token", "token_checksum", "client_secret", "session_key")
LISTS = list(admin.site._registry)


def secrets_of(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.fields if field.name.endswith(SECRETS)]


def secret_paths(model: type[Model]) -> list[str]:
    """Lookups that lead to a secret column: its own, and those of what is related to it."""
    related = [field for field in model._meta.get_fields() if isinstance(field.related_model, type)]
    return secrets_of(model) + [
        f"{field.name}__{name}"
        for field in related
        if isinstance(field.related_model, type)
        for name in secrets_of(field.related_model)
    ]


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_no_list_is_filtered_by_a_secret(model: type[Model], admin_client: Client) -> None:
    for path in secret_paths(model):
        for how in ("", "__startswith", "__gte"):
            answer = admin_client.get(f"{list_of(model)}?{path}{how}=a")
            assert 400 == answer.status_code, path


def test_secrets_of_all_kinds_are_tried() -> None:
    tried = {f"{model.__name__}.{path}" for model in LISTS for path in secret_paths(model)}
    assert {
        "User.password",
        "ApiKey.digest",
        "McpUser.keys__digest",
        "Profile.encrypted_token",
        "Application.client_secret",
    } <= tried


@pytest.mark.parametrize("model", LISTS, ids=lambda model: model.__name__)
def test_every_filter_that_a_list_offers_works(model: type[Model], admin_client: Client) -> None:
    for spec in admin_client.get(list_of(model)).context["cl"].filter_specs:
        for parameter in spec.expected_parameters():
            answer = admin_client.get(f"{list_of(model)}?{parameter}=1")
            assert 200 == answer.status_code, parameter
