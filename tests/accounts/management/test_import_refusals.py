"""credentials_import takes files whole or not at all."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import McpUser
from tests.accounts.management.node_server import NodeServer, refusal


@pytest.fixture
def node(node: NodeServer, token: str, db: None) -> NodeServer:
    node.add_profile("local", token)
    node.add_user("codex", "local")
    node.save()
    return node


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"key_hash": None}, "users[1] 'alice' key_hash: Input should be a valid string"),
        ({"key_hash": "abc"}, "user 'alice': digest: A digest is SHA-256 in hex"),
        ({"profile_id": "team"}, "user 'alice': there is no profile 'team' in the store"),
        ({"scopes": ["infinity:all"]}, "user 'alice': scopes: Unknown scope 'infinity:all'"),
        ({"scopes": "infinity:read"}, "users[1] 'alice' scopes: Input should be a valid list"),
        ({"name": "codex"}, "the user name 'codex' occurs 2 times"),
        ({"name": "Alice A."}, "user 'Alice A.': name: A name is made of"),
        ({"name": "Alice A."}, "give user 'Alice A.' another name in a copy of the file"),
        ({"expires_at": "soon"}, "users[1] 'alice' expires_at: Input should be a valid datetime"),
        ({"expires_at": "9999-12-31T23:59:59-12:00"}, "users[1] 'alice' expires_at: In UTC this"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "users[1] 'alice' expires_at: In UTC this"),
        ({"revoked_at": "9999-12-31T23:59:59-12:00"}, "users[1] 'alice' revoked_at: In UTC this"),
        ({"revoked": "no"}, "users[1] 'alice' revoked: Input should be a valid boolean"),
        ({"allowed_tools": []}, "users[1] 'alice' allowed_tools: No tool at all"),
        ({"allowed_tools": ["list_boards"]}, "user 'alice': there is no tool 'list_boards' here"),
        ({"disabled_at": None}, "users[1] 'alice' disabled_at: is not known here"),
    ],
)
def test_bad_user_is_named(node: NodeServer, fields: dict[str, Any], told: str) -> None:
    node.add_user("alice", "local")
    node.users[1] |= fields
    node.save()

    assert told in refusal(node)


def test_user_without_a_key_hash_is_named(node: NodeServer) -> None:
    node.add_user("alice", "local")
    del node.users[1]["key_hash"]
    node.save()

    assert "users[1] 'alice' key_hash: Field required" in refusal(node)


def test_two_users_with_one_key_are_named(node: NodeServer) -> None:
    node.users.append(node.users[0] | {"name": "alice"})
    node.save()

    assert "the users 'codex' and 'alice' have the same key_hash" in refusal(node)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"id": "local"}, "the profile id 'local' occurs 2 times"),
        ({"id": "my team"}, "profile 'my team': id: Enter a valid “slug”"),
        ({"id": "my team"}, "put profile 'my team' into a new store under another id"),
        ({"base_url": "http://x/"}, "profiles[1] 'team' base_url: is not known here"),
        ({"infinity_token": " "}, "profile 'team': The Infinity token is empty"),
        ({"infinity_token": 1}, "profiles[1] 'team' infinity_token: Input should be a valid"),
        ({"scopes": ["all"]}, "profile 'team': scopes: Unknown scope 'all'"),
    ],
)
def test_bad_profile_is_named(node: NodeServer, fields: dict[str, Any], told: str) -> None:
    node.add_profile("team", "x")
    node.profiles[1] |= fields
    node.save()

    assert told in refusal(node)


def test_every_field_that_is_not_known_is_named_with_what_to_do(node: NodeServer) -> None:
    node.add_user("alice", "local", ip_allowlist=["192.0.2.1"], expiresAt=None, expires_at=None)
    node.users[0]["blocked"] = True
    node.save()

    said = refusal(node, "--ignore-field=blocked")

    assert "'codex' blocked" not in said
    assert "users[1] 'alice' ip_allowlist: is not known here" in said
    assert "users[1] 'alice' expiresAt: is not known here" in said  # which of the two counts?
    assert "--ignore-field NAME" in said


def test_all_problems_are_told_at_once(node: NodeServer) -> None:
    node.add_user("alice", "team", scopes=["infinity:all"])
    node.add_user("b b", "local")
    node.save()

    said = refusal(node)

    assert ["'infinity:all'", "'team'", "'b b'"] == sorted(
        (word for word in ("'b b'", "'team'", "'infinity:all'") if word in said), key=said.index
    )


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"algorithm": "aes-128-cbc"}, "algorithm: Input should be 'aes-256-gcm'"),
        ({"version": 2}, "version: Input should be 1"),
        ({"nonce": "AAAA"}, "nonce: Value should have at least 12 items"),
        ({"tag": "A" * 22}, "cannot be opened"),
        ({"tag": "A" * 8}, "tag: Value should have at least 16 items"),
        ({"ciphertext": "not base64url!"}, "ciphertext: Not base64url text"),
        ({"ciphertext": None}, "ciphertext: Not base64url text"),
        ({"ciphertext": "AAAA"}, "cannot be opened"),
    ],
)
def test_damaged_store_is_refused(node: NodeServer, fields: dict[str, Any], told: str) -> None:
    node.save(**fields)

    assert told in refusal(node)


def test_wrong_store_key_is_refused(node: NodeServer) -> None:
    node.store_key_file.write_text(secrets.token_urlsafe(32))

    assert "does not hold the value of MCP_CREDENTIAL_STORE_KEY" in refusal(node)


def test_empty_store_key_is_refused(node: NodeServer) -> None:
    node.store_key_file.write_text("\n")

    assert f"{node.store_key_file} is empty." in refusal(node)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "is not JSON: "),
        (b"", "is not JSON: "),
        (b'{"users": "\xff"}', "mcp-users.json is not UTF-8 text: save it as that."),
        (b"[" * 100_000, "is not JSON: "),
        (b"[]", "Input should be a valid dictionary"),
        (b'{"version": 2, "users": []}', "version: Input should be 1"),
        (b'{"version": 1, "users": [7]}', "users[0]: Input should be a valid dictionary"),
        (b'{"version": 1, "users": [], "revoked": []}', "revoked: is not known here"),
    ],
)
def test_damaged_users_file_is_refused(node: NodeServer, content: bytes, told: str) -> None:
    node.users_file.write_bytes(content)

    assert told in refusal(node)


def test_decrypted_content_is_never_quoted(node: NodeServer, token: str) -> None:
    broken = f'{{"version": 1, "profiles": [{{"infinity_token": "{token}", "id": {token}'
    node.save(**node.encrypted(broken.encode()))

    assert token not in refusal(node)


def test_file_that_is_not_there_is_named(node: NodeServer) -> None:
    node.store_file.unlink()

    with pytest.raises(CommandError, match=r"Cannot read .*credentials\.enc\.json: No such"):
        call_command("credentials_import", *node.arguments)


def test_store_key_that_is_no_text_is_named(node: NodeServer) -> None:
    node.store_key_file.write_bytes(b"\xff\x00\xff")

    assert f"{node.store_key_file} is not UTF-8 text: save it as that." in refusal(node)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_files_with_a_byte_order_mark_are_read(node: NodeServer, encoding: str) -> None:
    for file in (node.users_file, node.store_key_file):
        file.write_text(file.read_text(), encoding=encoding)

    call_command("credentials_import", *node.arguments)

    assert "codex" == McpUser.objects.get().name
