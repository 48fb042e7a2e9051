"""The files that a Node server leaves behind, written as it writes them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.management import CommandError, call_command

from accounts.keys import new_key
from accounts.models import ApiKey, McpUser
from accounts.scopes import SCOPES
from credentials.models import Profile

WRITTEN = {"created_at": "2026-01-02T03:04:05.678Z", "updated_at": "2026-01-02T03:04:05.678Z"}


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


class NodeServer:
    """Its folder. `profiles` and `users` are written by `save`; the keys of users are kept here."""

    def __init__(self, folder: Path) -> None:
        self.users_file = folder / "mcp-users.json"
        self.store_file = folder / "credentials.enc.json"
        self.store_key_file = folder / "store-key.txt"
        self.store_key = base64url(secrets.token_bytes(32))
        self.profiles: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] = []
        self.store_key_file.write_text(f"{self.store_key}\n")
        self.store_key_file.chmod(0o600)

    def add_profile(self, id: str, token: str, **fields: Any) -> None:
        profile = {"id": id, "name": id.title(), "infinity_token": token, "scopes": list(SCOPES)}
        self.profiles.append(profile | WRITTEN | fields)

    def add_user(self, name: str, profile: str, **fields: Any) -> str:
        """Returns its key."""
        key = new_key()
        digest = hashlib.sha256(key.encode()).hexdigest()
        user = {"name": name, "key_hash": digest, "profile_id": profile, "scopes": list(SCOPES)}
        self.users.append(user | WRITTEN | fields)
        return key

    def save(self, **store_fields: Any) -> None:
        """`store_fields` replace what is right in the encrypted file."""
        self.users_file.write_text(json.dumps({"version": 1, "users": self.users}, indent=2))
        payload = json.dumps({"version": 1, "profiles": self.profiles}, indent=2)
        self.store_file.write_text(json.dumps(self.encrypted(payload.encode()) | store_fields))

    def encrypted(self, payload: bytes) -> dict[str, Any]:
        nonce = secrets.token_bytes(12)
        cipher = AESGCM(hashlib.sha256(self.store_key.encode()).digest())
        content = cipher.encrypt(nonce, payload, None)
        return {
            "version": 1,
            "algorithm": "aes-256-gcm",
            "nonce": base64url(nonce),
            "tag": base64url(content[-16:]),
            "ciphertext": base64url(content[:-16]),
        }

    @property
    def arguments(self) -> list[str]:
        return [
            f"--users={self.users_file}",
            f"--store={self.store_file}",
            f"--store-key-file={self.store_key_file}",
        ]


def bring(node: NodeServer, *options: str) -> None:
    node.save()
    call_command("credentials_import", *node.arguments, *options)


def refusal(node: NodeServer, *options: str) -> str:
    """Why an import was refused; nothing may have changed."""
    before = stored()
    with pytest.raises(CommandError) as caught:
        call_command("credentials_import", *node.arguments, *options)
    assert before == stored()
    assert str(caught.value).startswith("Nothing was imported. ")
    assert 1 == len(str(caught.value).splitlines())
    return str(caught.value)


def stored() -> list[Any]:
    return [list(model._default_manager.values()) for model in (Profile, McpUser, ApiKey)]
