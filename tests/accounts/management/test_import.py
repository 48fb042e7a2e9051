"""credentials_import: moving over from the Node server."""

from __future__ import annotations

import secrets
from datetime import datetime

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command

from accounts.models import ApiKey, McpUser
from accounts.scopes import READ, SCOPES
from credentials.models import Profile
from mcpserver.sandbox import ADA_TOKEN
from tests.accounts.management.node_server import NodeServer, bring, refusal, stored
from tests.credentials.installation import Installation
from tests.support import Infinity, running_server

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def moved(node: NodeServer, token: str, db: None) -> NodeServer:
    """Imported already: the profile local, and the user codex who may do everything with it."""
    node.add_profile("local", token)
    node.add_user("codex", "local")
    bring(node)
    return node


class TestImport:
    def test_profiles_users_and_keys_are_brought(
        self, node: NodeServer, token: str, db: None
    ) -> None:
        node.add_profile("local", token, name="Local Infinity", scopes=[READ])
        key = node.add_user("codex", "local")

        bring(node)

        profile, record = Profile.objects.get(), ApiKey.objects.authenticate(key)
        assert ("local", "Local Infinity", [READ], token) == (
            profile.id,
            profile.name,
            profile.scopes,
            profile.open_token(),
        )
        assert record is not None
        assert ("codex", profile, list(SCOPES), "", "imported") == (
            record.user.name,
            record.user.profile,
            record.user.scopes,
            record.prefix,
            record.label,
        )

    def test_the_algorithm_may_be_written_in_capitals(
        self, node: NodeServer, token: str, db: None
    ) -> None:
        node.add_profile("local", token)
        node.save(algorithm="AES-256-GCM")

        call_command("credentials_import", *node.arguments)

        assert token == Profile.objects.get().open_token()

    def test_scope_that_is_listed_twice_counts_once(
        self, node: NodeServer, token: str, db: None
    ) -> None:
        node.add_profile("local", token, scopes=[READ, READ])
        node.add_user("codex", "local", scopes=[READ, READ])

        bring(node)

        assert ([READ], [READ]) == (Profile.objects.get().scopes, McpUser.objects.get().scopes)

    def test_no_secret_is_printed(
        self, node: NodeServer, token: str, db: None, capsys: Capture
    ) -> None:
        node.add_profile("local", token)
        key = node.add_user("codex", "local")

        bring(node)

        said = "".join(capsys.readouterr())
        for secret in (token, key, node.users[0]["key_hash"], node.store_key):
            assert secret not in said

    def test_dry_run_says_what_would_happen_and_changes_nothing(
        self, node: NodeServer, token: str, db: None, capsys: Capture
    ) -> None:
        node.add_profile("local", token)
        node.add_user("codex", "local", scopes=[READ])

        bring(node, "--dry-run")

        said = capsys.readouterr().out
        assert "MCP user codex: new (profile local, infinity:read)" in said
        assert "nothing was changed" in said
        assert [[], [], []] == stored()

    def test_second_import_changes_nothing_and_says_so(
        self, moved: NodeServer, capsys: Capture
    ) -> None:
        before = stored()

        bring(moved)

        assert "Nothing to do" in capsys.readouterr().out
        assert before == stored()

    def test_key_revoked_here_stays_revoked(self, moved: NodeServer) -> None:
        McpUser.objects.get().revoke_keys()
        before = stored()

        bring(moved, "--replace")

        assert before == stored()

    def test_what_the_profile_withholds_is_told(
        self, node: NodeServer, token: str, db: None, capsys: Capture
    ) -> None:
        node.add_profile("local", token, scopes=[READ])
        node.add_user("codex", "local")

        bring(node)

        told = "the profile does not allow infinity:write, infinity:admin"
        assert told in capsys.readouterr().out

    def test_readable_store_key_is_warned_of(self, moved: NodeServer, capsys: Capture) -> None:
        moved.store_key_file.chmod(0o644)

        bring(moved)

        assert "others can read" in capsys.readouterr().err

    def test_old_key_calls_a_tool(self, node: NodeServer, infinity: Infinity) -> None:
        secrets_of_its_own = {
            "DJANGO_SECRET_KEY": secrets.token_urlsafe(50),
            "MCP_CREDENTIAL_STORE_KEY": Fernet.generate_key().decode(),
        }
        installation = Installation(
            node.users_file.parent, {"INFINITY_API_BASE_URL": infinity.url, **secrets_of_its_own}
        )
        installation.set_up()
        node.add_profile("local", ADA_TOKEN)
        key = node.add_user("codex", "local")
        node.save()

        done = installation.manage("credentials_import", *node.arguments)

        assert (0, "") == (done.returncode, done.stderr)
        with running_server(installation.folder, **installation.variables) as server:
            profile = server.data(key, "infinity_get_profile")
            assert "Ada Example" == profile["name"]


PAST, FUTURE = "2020-01-02T03:04:05.678Z", "2099-01-02T03:04:05.678Z"


class TestLimits:
    """Of records that people added fields to."""

    @pytest.mark.parametrize(
        ("fields", "told"),
        [
            ({"disabled": True}, "inactive"),
            ({"active": False}, "inactive"),
            ({"enabled": False}, "inactive"),
            ({"expires_at": PAST}, "expired"),
            ({"expiresAt": PAST}, "expired"),
            ({"expires_at": "2020-01-02"}, "expired"),
            ({"expires_at": 1_577_934_245_678}, "expired"),
            ({"revoked": True}, "no live key"),
            ({"revoked_at": PAST}, "no live key"),
            ({"revokedAt": FUTURE}, "no live key"),
        ],
    )
    def test_who_was_locked_out_stays_locked_out(
        self,
        node: NodeServer,
        token: str,
        db: None,
        capsys: Capture,
        fields: dict[str, object],
        told: str,
    ) -> None:
        node.add_profile("local", token)
        key = node.add_user("alice", "local", **fields)

        bring(node)

        assert ApiKey.objects.authenticate(key) is None
        assert told in capsys.readouterr().out
        before = stored()
        bring(node)
        assert before == stored()

    def test_inactive_profile_stays_inactive(self, node: NodeServer, token: str, db: None) -> None:
        node.add_profile("local", token, active=False)
        key = node.add_user("alice", "local")

        bring(node)

        assert not Profile.objects.get().active
        assert ApiKey.objects.authenticate(key) is None

    @pytest.mark.parametrize("field", ["allowed_tools", "allowedTools"])
    def test_allowed_tools_and_a_later_end_are_kept(
        self, node: NodeServer, token: str, db: None, field: str
    ) -> None:
        tools = ["infinity_get_profile", "infinity_list_boards"]
        node.add_profile("local", token)
        node.add_user("alice", "local", expires_at=FUTURE, **{field: tools})

        bring(node)

        alice = McpUser.objects.get()
        assert (tools, "live") == (alice.allowed_tools, alice.state)
        assert alice.expires_at == datetime.fromisoformat(FUTURE)
        assert alice.policy.tools == frozenset(tools)

    def test_fields_that_limit_nothing_are_taken(
        self, node: NodeServer, token: str, db: None
    ) -> None:
        nothing = {"disabled": False, "active": True, "expires_at": None, "revoked_at": None}
        node.add_profile("local", token)
        key = node.add_user("alice", "local", allowed_tools=None, **nothing)
        node.users[0]["updatedAt"] = node.users[0].pop("updated_at")

        bring(node)

        assert ApiKey.objects.authenticate(key) is not None

    def test_field_that_is_not_known_is_left_out_if_it_is_named(
        self, node: NodeServer, token: str, db: None
    ) -> None:
        node.add_profile("local", token, colour="green")
        node.add_user("alice", "local", colour="red", disabled=True)

        bring(node, "--ignore-field=colour", "--ignore-field=disabled")

        assert "inactive" == McpUser.objects.get().state  # what is known is never left out

    def test_user_who_was_locked_out_over_there_since_is_locked_out_here(
        self, moved: NodeServer
    ) -> None:
        moved.users[0] |= {"disabled": True, "revoked": True}
        moved.save()

        assert "MCP user codex is here with another active and key" in refusal(moved)
        bring(moved, "--replace")

        user = McpUser.objects.get()
        assert ("inactive", "revoked") == (user.state, user.keys.get().state)

    def test_limit_that_is_set_here_only_stays(self, moved: NodeServer) -> None:
        McpUser.objects.update(active=False, allowed_tools=["infinity_get_profile"])
        before = stored()

        bring(moved, "--replace")

        assert before == stored()


class TestConflicts:
    """With what is here already."""

    def test_another_token_is_refused_until_it_is_to_replace(self, moved: NodeServer) -> None:
        token = f"infinity-{secrets.token_urlsafe(30)}"
        moved.profiles[0]["infinity_token"] = token
        moved.save()

        assert "profile local is here with another token" in refusal(moved)
        assert "--replace" in refusal(moved, "--dry-run")
        bring(moved, "--replace")

        assert token == Profile.objects.get().open_token()

    def test_key_rotated_over_there_takes_the_place_of_the_old_one(self, moved: NodeServer) -> None:
        old, _ = McpUser.objects.get().issue_key()
        moved.users.clear()
        new = moved.add_user("codex", "local")
        moved.save()

        assert "MCP user codex is here with another key" in refusal(moved)
        bring(moved, "--replace")

        old.refresh_from_db()
        assert old.revoked_at is not None
        assert ApiKey.objects.authenticate(new) is not None

    def test_user_of_the_same_name_is_not_taken_over(self, moved: NodeServer, token: str) -> None:
        moved.add_profile("team", token)
        moved.users[0] |= {"profile_id": "team", "scopes": [READ]}
        moved.save()

        assert "MCP user codex is here with another profile and scopes" in refusal(moved)

    def test_key_never_changes_hands(self, moved: NodeServer) -> None:
        moved.users[0]["name"] = "mallory"
        moved.save()

        told = "the key of user 'mallory' is the key of MCP user codex here"
        assert told in refusal(moved, "--replace")

    def test_token_that_no_key_opens_counts_as_another(self, moved: NodeServer) -> None:
        Profile.objects.update(encrypted_token="damaged")
        moved.save()

        assert "another token" in refusal(moved)
