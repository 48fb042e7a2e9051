"""Stores profiles, users and keys of the Node server in this database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from django.core.exceptions import ValidationError
from django.db.models import Model

from accounts.management.node_files import ImportRefused, NodeProfile, NodeUser
from accounts.models import ApiKey, McpUser
from accounts.tools import tool_names
from credentials.errors import TokenInvalid
from credentials.management.base import explain_invalid
from credentials.models import Profile
from credentials.validators import clean_token
from infinity_mcp.core.paths import manage

LABEL = "imported"
REPLACE = "Add --replace to overwrite the records here that differ from the files."

Outcome = Literal["new", "replaced", "unchanged"]


@dataclass(frozen=True)
class Step:
    """The outcome for one record."""

    what: str
    outcome: Outcome
    note: str


def bring(profiles: list[NodeProfile], users: list[NodeUser], *, replace: bool) -> list[Step]:
    """Store all of them; with `replace`, overwrite records with the same id or name.

    Call it in a transaction. Raises ImportRefused with all reasons, before anything is stored, and
    CredentialError.
    """
    if mistakes := list(_mistakes(profiles, users)):
        raise ImportRefused(*mistakes)
    if conflicts := list(_conflicts(profiles, users, replace)):
        raise ImportRefused(*conflicts, hint="" if replace else REPLACE)
    return [*map(_bring_profile, profiles), *map(_bring_user, users)]


def _mistakes(profiles: list[NodeProfile], users: list[NodeUser]) -> Iterator[str]:
    yield from _repeated("profile id", [profile.id for profile in profiles])
    yield from _repeated("user name", [user.name for user in users])
    yield from _shared_keys(users)
    yield from chain.from_iterable(map(_mistakes_of_profile, profiles))
    ids = {profile.id for profile in profiles}
    yield from _unknown_tools(users)
    for user in users:
        yield from _mistakes_of_user(user)
        if user.profile_id not in ids:
            yield f"user {user.name!r}: there is no profile {user.profile_id!r} in the store"


def _repeated(what: str, values: list[str]) -> Iterator[str]:
    for value in sorted({value for value in values if values.count(value) > 1}):
        yield f"the {what} {value!r} occurs {values.count(value)} times"


def _shared_keys(users: list[NodeUser]) -> Iterator[str]:
    for digest in sorted({user.digest for user in users}):
        names = [repr(user.name) for user in users if user.digest == digest]
        if len(names) > 1:
            yield f"the users {' and '.join(names)} have the same key_hash"


def _unknown_tools(users: list[NodeUser]) -> Iterator[str]:
    """Reasons about tools that do not exist here: a list of such only would allow nothing."""
    limited = [user for user in users if user.allowed_tools]
    known = tool_names() if limited else set()
    for user in limited:
        for tool in user.allowed_tools or []:
            if tool not in known:
                yield (
                    f"user {user.name!r}: there is no tool {tool!r} here: correct it in a copy of"
                    f" the file ({manage('mcp_tools')} lists the names)"
                )


def _mistakes_of_profile(node: NodeProfile) -> Iterator[str]:
    profile = Profile(id=node.id, name=node.name, scopes=node.scopes)
    try:
        profile.clean_fields(exclude=["encrypted_token"])
        clean_token(node.token)
    except ValidationError as error:
        yield f"profile {node.id!r}: {explain_invalid(error)}"
        if "id" in error.message_dict:
            yield (
                f"put profile {node.id!r} into a new store under another id, with the old server's"
                " credentials:add-profile, and write that id into a copy of the users file"
            )
    except TokenInvalid as error:
        yield f"profile {node.id!r}: {error}"


def _mistakes_of_user(node: NodeUser) -> Iterator[str]:
    user = McpUser(name=node.name, scopes=node.scopes)
    key = ApiKey(digest=node.digest)
    for record, elsewhere in ((user, ["profile"]), (key, ["user"])):
        try:
            record.clean_fields(exclude=elsewhere)
        except ValidationError as error:
            yield f"user {node.name!r}: {explain_invalid(error)}"
            if "name" in error.message_dict:
                yield f"give user {node.name!r} another name in a copy of the file: its key stays"


def _conflicts(
    profiles: Iterable[NodeProfile], users: Iterable[NodeUser], replace: bool
) -> Iterator[str]:
    """Reasons about records that exist here and differ from the files."""
    for node in users:
        key = _key_of(node)
        if key and key.user.name != node.name:
            yield f"the key of user {node.name!r} is the key of MCP user {key.user.name} here"
    if replace:
        return
    for profile, different in ((each.id, _differences_of_profile(each)) for each in profiles):
        if different:
            yield f"profile {profile} is here with another {' and '.join(different)}"
    for user, different in ((each.name, _differences_of_user(each)) for each in users):
        if different:
            yield f"MCP user {user} is here with another {' and '.join(different)}"


def _differences_of_profile(node: NodeProfile) -> list[str]:
    """The fields in which the profile with that id, if it exists, differs from the file."""
    profile = Profile.objects.filter(pk=node.id).first()
    if profile is None:
        return []
    same = {
        "name": profile.name == node.name,
        "token": profile.is_readable() and profile.open_token() == clean_token(node.token),
        "scopes": set(profile.scopes) == set(node.scopes),
        **_limits_kept(profile, node),
    }
    return [field for field, is_same in same.items() if not is_same]


def _differences_of_user(node: NodeUser) -> list[str]:
    """The fields in which the MCP user of that name, if it exists, differs from the file."""
    user = McpUser.objects.filter(name=node.name).first()
    if user is None:
        return []
    key = _key_of(node)
    same = {
        "profile": user.profile_id == node.profile_id,
        "scopes": set(user.scopes) == set(node.scopes),
        **_limits_kept(user, node),
        "key": key is not None and not (node.is_revoked and key.revoked_at is None),
    }
    return [field for field, is_same in same.items() if not is_same]


def _limits_kept(record: Profile | McpUser, node: NodeProfile | NodeUser) -> dict[str, bool]:
    """Whether each limit in the file is set here. Limits that are set only here stay."""
    return {field: getattr(record, field) == limit for field, limit in node.limits.items()}


def _key_of(node: NodeUser) -> ApiKey | None:
    return ApiKey.objects.select_related("user").filter(digest=node.digest).first()


def _bring_profile(node: NodeProfile) -> Step:
    profile = Profile.objects.filter(pk=node.id).first() or Profile(pk=node.id)
    outcome = _outcome(profile, _differences_of_profile(node))
    if outcome != "unchanged":
        profile.set_token(node.token)
        _save(profile, name=node.name, scopes=node.scopes, **node.limits)
    note = profile.api_base_url if profile.active else f"{profile.api_base_url}; inactive"
    return Step(f"profile {profile.id}", outcome, note)


def _bring_user(node: NodeUser) -> Step:
    user = McpUser.objects.filter(name=node.name).first() or McpUser(name=node.name)
    outcome = _outcome(user, _differences_of_user(node))
    if outcome != "unchanged":
        _save(user, profile_id=node.profile_id, scopes=node.scopes, **node.limits)
        _bring_key(user, node)
    return Step(f"MCP user {user.name}", outcome, _rights(user))


def _outcome(record: Model, differences: list[str]) -> Outcome:
    if record._state.adding:
        return "new"
    return "replaced" if differences else "unchanged"


def _save(record: Model, **fields: object) -> None:
    for name, value in fields.items():
        setattr(record, name, value)
    record.save()


def _bring_key(user: McpUser, node: NodeUser) -> None:
    """Adopt the key of the file instead of the user's others, unless it is here already; revoke it
    if the file says so."""
    if _key_of(node) is None:
        user.revoke_keys()
        user.adopt_key(node.digest, LABEL)
    if node.is_revoked:
        user.keys.filter(digest=node.digest, revoked_at=None).revoke()


def _rights(user: McpUser) -> str:
    """The user's profile and scopes, and the scopes in the file that its profile withholds."""
    user.refresh_from_db()
    notes = [f"profile {user.profile_id}, {', '.join(user.policy.ordered_scopes) or 'no scope'}"]
    withheld = [scope for scope in user.scopes if scope not in user.policy.scopes]
    if withheld:
        notes.append(f"the profile does not allow {', '.join(withheld)}")
    if user.policy.tools is not None:
        notes.append(f"only {', '.join(sorted(user.policy.tools)) or 'no tool'}")
    if user.state != "live":
        notes.append(user.state)
    if not user.keys.live().exists():
        notes.append("no live key")
    return "; ".join(notes)
