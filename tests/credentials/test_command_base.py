"""What every `credentials_*` command inherits."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from credentials.management.base import CredentialsCommand


class Refused(CredentialsCommand):
    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT nothing")


def test_refusal_of_an_up_to_date_database_is_passed_on_in_one_line(db: None) -> None:
    with pytest.raises(CommandError, match=r"The database refused this: .*nothing") as caught:
        call_command(Refused())

    assert "\n" not in str(caught.value)
