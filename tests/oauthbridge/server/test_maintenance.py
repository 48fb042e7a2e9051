"""Maintenance removes clients that were never used, and expired tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import McpUser
from oauthbridge.models import Application, Connection, RefreshToken
from tests.oauthbridge.conftest import MakePerson
from tests.oauthbridge.support import client

CALLBACK = "http://127.0.0.1:33418/"


@pytest.fixture(autouse=True)
def no_client(db: None) -> None:
    Application.objects.all().delete()


def test_maintenance_removes_what_was_never_used(make_person: MakePerson, alice: McpUser) -> None:
    def made(hours: float, source: str = "dcr") -> Application:
        made = client(CALLBACK, registration_source=source)
        Application.objects.filter(pk=made.pk).update(
            created=timezone.now() - timedelta(hours=hours)
        )
        return made

    def connect(application: Application, hours: float, used: bool = True) -> Connection:
        moment = timezone.now() - timedelta(hours=hours)
        connection = Connection.objects.create(
            application=application,
            person=ada,
            mcp_user=alice,
            last_used_at=moment if used else None,
        )
        Connection.objects.filter(pk=connection.pk).update(created_at=moment)
        return connection

    ada = make_person("ada", alice)
    made(25)
    fresh, connected, abandoned = made(23), made(25), made(25)
    manual = made(25, "manual")
    connect(connected, 24)
    connect(abandoned, 25, used=False)
    long_ended = connect(manual, 24 * 121)
    just_ended = connect(manual, 24 * 100)
    call_command("maintenance", verbosity=0)
    assert {fresh, connected, manual} == set(Application.objects.all())
    left = set(Connection.objects.all())
    assert long_ended not in left and just_ended in left and 2 == len(left)


def test_maintenance_removes_expired_tokens(make_person: MakePerson, alice: McpUser) -> None:
    ada = make_person("ada", alice)
    connection = Connection.objects.create(
        application=client(CALLBACK),
        person=ada,
        mcp_user=alice,
        last_used_at=timezone.now(),
    )
    for days in (29, 31):
        RefreshToken.objects.create(
            user=ada,
            application=connection.application,
            connection=connection,
            token_checksum=str(days),
            revoked=timezone.now() - timedelta(days=days),
        )
    call_command("maintenance", verbosity=0)
    assert ["29"] == list(RefreshToken.objects.values_list("token_checksum", flat=True))
