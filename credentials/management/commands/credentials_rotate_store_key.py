"""Encrypts all stored tokens again with the first store key."""

from __future__ import annotations

from typing import Any

from credentials.management.base import CredentialsCommand
from credentials.models import Profile


class Command(CredentialsCommand):
    help = (
        "Encrypts every stored Infinity token again, with the first key in"
        " MCP_CREDENTIAL_STORE_KEY: all of them, or none if one cannot be decrypted. First put the"
        " new key before the old one and restart the servers, so that they can read the result."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        count = Profile.objects.reencrypt_all()
        self.stdout.write(
            f"{count} stored Infinity token{'' if count == 1 else 's'} encrypted with the first key"
            " in MCP_CREDENTIAL_STORE_KEY; the others are no longer needed."
        )
