"""Deletes old rows of the audit log and other expired data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db.models import Q
from django.utils import timezone

from credentials.management.base import CredentialsCommand
from mcpserver.audit.models import Event, ToolCall
from oauthbridge.models import Application, Connection

UNUSED = timedelta(hours=24)
KEPT = timedelta(days=30)


class Command(CredentialsCommand):
    help = (
        "Daily housekeeping: removes expired sign-ins, codes and tokens, connections that were"
        " never used or ended 30 days ago, clients that registered themselves and have no"
        " connection, and entries of the audit log older than AUDIT_RETENTION_DAYS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("clearsessions")
        call_command("cleartokens")
        connections = self._prune_connections()
        clients = self._prune_clients()
        entries = self._prune_audit_log()
        self.stdout.write(
            f"Removed {connections} connections, {clients} clients and {entries} entries of the"
            " audit log."
        )

    def _prune_connections(self) -> int:
        now = timezone.now()
        ended = Q(revoked_at__lt=now - KEPT) | Q(
            created_at__lt=now - settings.OAUTH_CONNECTION_LIFETIME - KEPT
        )
        unused = Q(last_used_at=None, created_at__lt=now - UNUSED)
        return Connection.objects.filter(ended | unused).delete()[1].get(Connection._meta.label, 0)

    def _prune_audit_log(self) -> int:
        oldest = timezone.now() - timedelta(days=settings.AUDIT_RETENTION_DAYS)
        calls = ToolCall.objects.filter(started_at__lt=oldest).delete_in_batches()
        return calls + Event.objects.filter(happened_at__lt=oldest).delete_in_batches()

    def _prune_clients(self) -> int:
        unused = Application.objects.filter(
            registration_source=Application.RegistrationSource.DCR,
            created__lt=timezone.now() - UNUSED,
            connections=None,
        )
        return unused.delete()[1].get(Application._meta.label, 0)
