from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.base import NewKeyCommand, expiry
from accounts.models import McpUser
from credentials.management.base import add_scope_arguments, given_scopes
from credentials.models import Profile


class Command(NewKeyCommand):
    help = "Creates an MCP user, as whom agents call this server, and its first key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="letters, digits and . _ - @, like codex")
        parser.add_argument("--profile", required=True, help="id of the profile it works with")
        add_scope_arguments(parser, required=True)
        super().add_arguments(parser)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="give an existing user this profile and these scopes, make it active without an"
            " end, revoke its keys and issue a new one",
        )

    def make_key(self, options: dict[str, Any]) -> tuple[str, str]:
        user = _user(options["name"], options["replace"])
        user.profile = _profile(options["profile"])
        user.scopes = given_scopes(options)
        user.active, user.expires_at = True, None
        user.full_clean()
        user.save()
        _, text = user.rotate_key(label=options["label"], expires_at=expiry(options))
        self._warn(user)
        allowed = ", ".join(user.policy.ordered_scopes) or "no scope"
        return f"MCP user {user.name} works with profile {user.profile.id} ({allowed}).", text

    def _warn(self, user: McpUser) -> None:
        withheld = [scope for scope in user.scopes if scope not in user.policy.scopes]
        if withheld:
            self.stderr.write(
                f"Note: profile {user.profile.id} does not allow {', '.join(withheld)}."
            )
        if not user.profile.active:
            self.stderr.write(
                f"Note: profile {user.profile.id} is inactive; the key works once it is active."
            )


def _user(name: str, replace: bool) -> McpUser:
    user = McpUser.objects.filter(name=name).first()
    if user and not replace:
        raise CommandError(
            f"MCP user {name} exists: add --replace to change it and revoke its keys,"
            f" or for a new key only: `manage.py credentials_rotate_user_key --name {name}`"
        )
    return user or McpUser(name=name)


def _profile(profile_id: str) -> Profile:
    profile = Profile.objects.filter(pk=profile_id).first()
    if profile is None:
        known = ", ".join(Profile.objects.values_list("id", flat=True))
        raise CommandError(
            f"There is no profile {profile_id!r}."
            f" There are: {known or 'none yet'}. To store one:"
            " `manage.py credentials_add_profile --id ID --name NAME`"
        )
    return profile
