"""Lists profiles, MCP users and keys, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandParser

from accounts.management.base import IMPORTED
from accounts.models import ApiKey, McpUser
from accounts.toolsets import Toolset
from credentials.management.base import CredentialsCommand
from credentials.models import Profile
from infinity_mcp.core.paths import runnable

TABLE_WIDTH = 100
COLUMN_GAP = "  "
JSON_HELP = (
    "one JSON object: profiles, a list with id, name, base_url, version, scopes, active,"
    " verified_at, verified_as, token_expires_at; and users, a list with id, name, profile,"
    " scopes, effective_scopes (what its profile leaves of them), toolset (all, core or chosen),"
    " allowed_tools (those that are chosen), state (live, inactive, expired or profile inactive),"
    " expires_at and keys, a list with id, label, prefix, created_at, last_used_at, expires_at,"
    " revoked_at, state (live, revoked or expired). Times are ISO 8601 in UTC, or null."
)


class Command(CredentialsCommand):
    help = "Lists profiles, MCP users and keys, without their secrets."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            help=JSON_HELP,
        )

    def handle(self, *args: Any, **options: Any) -> None:
        profiles = list(Profile.objects.all())
        users = list(McpUser.objects.select_related("profile").prefetch_related("keys"))
        if options["json"]:
            listing = {
                "profiles": [_profile_as_json(profile) for profile in profiles],
                "users": [_user_as_json(user) for user in users],
            }
            self.stdout.write(json.dumps(listing, indent=2))
            return
        self.stdout.write("\n\n".join(_tables(profiles, users)))


def _profile_as_json(profile: Profile) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "base_url": profile.api_base_url,
        "version": profile.api_version,
        "scopes": profile.scopes,
        "active": profile.active,
        "verified_at": _iso(profile.verified_at),
        "verified_as": profile.verified_as,
        "token_expires_at": _iso(profile.token_expires_at),
    }


def _user_as_json(user: McpUser) -> dict[str, Any]:
    return {
        "id": user.pk,
        "name": user.name,
        "profile": user.profile.id,
        "scopes": user.scopes,
        "effective_scopes": user.policy.ordered_scopes,
        "toolset": user.toolset,
        "allowed_tools": user.allowed_tools,
        "state": user.state,
        "expires_at": _iso(user.expires_at),
        "keys": [_key_as_json(key) for key in user.keys.all()],
    }


def _key_as_json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.pk,
        "label": key.label,
        "prefix": key.prefix,
        "created_at": _iso(key.created_at),
        "last_used_at": _iso(key.last_used_at),
        "expires_at": _iso(key.expires_at),
        "revoked_at": _iso(key.revoked_at),
        "state": key.state,
    }


def _tables(profiles: list[Profile], users: list[McpUser]) -> Iterable[str]:
    if not profiles:
        yield runnable(
            "No profiles yet. To store one: `manage.py credentials_add_profile --id ID --name NAME`"
        )
        return
    yield _table(
        ("PROFILE", "NAME", "BASE URL", "ACTIVE", "VERIFIED", "AS"),
        [
            (
                profile.id,
                profile.name,
                profile.api_base_url,
                "yes" if profile.active else "no",
                _short(profile.verified_at, "never"),
                profile.verified_as,
            )
            for profile in profiles
        ],
    )
    if not users:
        yield runnable(
            "No MCP users yet. To make one:"
            " `manage.py credentials_add_user --name NAME --profile PROFILE --access read-write`"
        )
        return
    yield _table(
        ("USER", "PROFILE", "SCOPES", "TOOLS", "STATE"),
        [(user.name, user.profile.id, _scopes(user), _tools(user), user.state) for user in users],
    )
    yield _table(
        ("KEY OF", "PREFIX", "LABEL", "CREATED", "LAST USED", "EXPIRES", "STATE"),
        [_key_row(user, key) for user in users for key in user.keys.all()],
    )
    yield "Times are UTC."


def _key_row(user: McpUser, key: ApiKey) -> Sequence[str]:
    return (
        user.name,
        key.prefix or IMPORTED,
        key.label,
        _short(key.created_at),
        _short(key.last_used_at, "never"),
        _short(key.expires_at, "never"),
        key.state,
    )


def _scopes(user: McpUser) -> str:
    return ", ".join(scope.removeprefix("infinity:") for scope in user.policy.ordered_scopes)


def _tools(user: McpUser) -> str:
    tools = user.policy.tools
    count = "" if tools is None else str(len(tools))
    return f"core ({count})" if user.toolset == Toolset.CORE else count or "all"


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat(timespec="seconds") if moment else None


def _short(moment: datetime | None, absent: str = "") -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else absent


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as their content; the widest are cut if a line would be too long."""
    lines = [header, *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    while sum(widths) + len(COLUMN_GAP) * (len(widths) - 1) > TABLE_WIDTH:
        widths[widths.index(max(widths))] -= 1
    return "\n".join(_line(cells, widths) for cells in lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    fitted = (_fit(cell, width) for cell, width in zip(cells, widths, strict=True))
    return COLUMN_GAP.join(fitted).rstrip()


def _fit(cell: str, width: int) -> str:
    return cell.ljust(width) if len(cell) <= width else cell[: width - 1] + "…"


def _printable(text: str) -> str:
    """`text` without control characters, as names come from people and from Infinity."""
    return "".join(character if character.isprintable() else "?" for character in text)
