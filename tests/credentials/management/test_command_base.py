"""The behaviour that all `credentials_*` commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import Settings

from credentials.management.base import CredentialsCommand


class Refused(CredentialsCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT nothing")


def test_refusal_of_an_up_to_date_database_is_passed_on_in_one_line(db: None) -> None:
    with pytest.raises(CommandError, match=r"The database refused this: .*nothing") as caught:
        call_command(Refused())

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("command", [Refused(), "mcp_serve"])
def test_the_database_of_something_else_is_not_to_be_migrated(
    db: None, command: CredentialsCommand | str
) -> None:
    MigrationRecorder.Migration.objects.filter(app="credentials").delete()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE credentials_profile RENAME TO shop_profile")

    with pytest.raises(CommandError, match="belongs to something else") as caught:
        call_command(command)

    assert "migrate" not in str(caught.value)


@pytest.mark.parametrize("missing", ["file and secrets", "secrets", "file"])
def test_env_file_that_leads_nowhere_is_told_where_it_may_be_the_cause(
    db: None,
    missing: str,
    tmp_path: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.ENV_FILE = tmp_path / "typo.env"
    if missing == "secrets":
        settings.ENV_FILE.touch()
    if missing != "file":
        monkeypatch.delenv("DJANGO_SECRET_KEY")

    with pytest.raises(CommandError) as caught:
        call_command(Refused())

    told = f"ENV_FILE is {tmp_path}/typo.env, which does not exist"
    assert (missing == "file and secrets") == str(caught.value).startswith(told)
    assert "The database refused this" in str(caught.value)


def test_so_it_is_with_a_check_that_finds_no_secrets(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ENV_FILE, settings.SECRET_KEY = tmp_path / "typo.env", ""
    monkeypatch.delenv("DJANGO_SECRET_KEY")

    with pytest.raises(CommandError, match=r"typo\.env, which does not exist: .*credentials_init"):
        call_command("check")
