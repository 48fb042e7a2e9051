"""Adds or replaces an MCP user, and gives its first key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandError, CommandParser

from accounts.management.base import NewKey, NewKeyCommand, expiry
from accounts.models import McpUser
from accounts.toolsets import Toolset, UnknownTool, named_tools, split_names
from credentials.management.base import add_scope_arguments, given_scopes
from credentials.models import Profile

CHANGED = ("profile", "scopes", "toolset", "allowed_tools", "active", "expires_at")


class Command(NewKeyCommand):
    help = "Creates an MCP user, which agents act as, and its first key."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--name", required=True, help="letters, digits and . _ - @, like codex")
        parser.add_argument("--profile", required=True, help="id of the profile it works with")
        add_scope_arguments(parser, required=True)
        parser.add_argument(
            "--tools",
            help="all, core (those of everyday work), or comma-separated names of tools, with or"
            " without infinity_; default: all, or with --replace what the user has",
        )
        super().add_arguments(parser)
        parser.add_argument(
            "--replace",
            action="store_true",
            help="give an existing user this profile, these scopes and, if given, these tools, make"
            " it active without expiry, revoke its keys and issue a new one",
        )

    def issue(self, options: dict[str, Any]) -> NewKey:
        """Make the MCP user, or change it without saving it, and make a key for it."""
        user = _user(options["name"], options["replace"])
        user.profile = _profile(options["profile"])
        user.scopes = given_scopes(options)
        if options["tools"] is not None:
            user.toolset, user.allowed_tools = _tools(options["tools"])
        user.active, user.expires_at = True, None
        user.full_clean()
        self.is_new = user._state.adding
        if self.is_new:
            user.save()
        allowed = ", ".join(user.policy.ordered_scopes) or "no scope"
        with_profile = f"profile {user.profile.id} ({allowed})"
        told = f"MCP user {user.name} works with {with_profile}{_tools_in_words(user)}."
        key, text = user.issue_key(options["label"], expiry(options))
        return NewKey(key, text, told, tuple(_notes(user)))

    def replace_others(self, new: NewKey, options: dict[str, Any]) -> None:
        """Save the changes to an existing user, and end its other keys."""
        if not self.is_new:
            new.key.user.save(update_fields=CHANGED)
            new.key.user.end_keys_before(new.key)

    def take_back(self, new: NewKey) -> None:
        """Delete the user if it is new, otherwise only its new key."""
        if self.is_new:
            new.key.user.delete()
        else:
            super().take_back(new)


def _notes(user: McpUser) -> Iterator[str]:
    withheld = [scope for scope in user.scopes if scope not in user.policy.scopes]
    if withheld:
        yield f"profile {user.profile.id} does not allow {', '.join(withheld)}."
    if not user.profile.active:
        yield f"profile {user.profile.id} is inactive; the key works once it is active."


def _tools(text: str) -> tuple[Toolset, list[str]]:
    """The toolset and the list of --tools. Raises CommandError."""
    names = split_names(text)
    if not names:
        raise CommandError("--tools names no tool: write all, core, or names of tools.")
    if names in ([Toolset.ALL], [Toolset.CORE]):
        return Toolset(names[0]), []
    if {Toolset.ALL, Toolset.CORE}.intersection(names):
        raise CommandError("--tools takes all, or core, or names of tools, not several of these.")
    try:
        return Toolset.CHOSEN, named_tools(names)
    except UnknownTool as error:
        raise CommandError(f"--tools: {error}") from error


def _tools_in_words(user: McpUser) -> str:
    match user.toolset:
        case Toolset.CORE:
            return " and the core tools"
        case Toolset.CHOSEN:
            return f" and these tools: {', '.join(user.allowed_tools)}"
    return ""


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
