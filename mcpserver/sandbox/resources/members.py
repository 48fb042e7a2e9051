"""Implements the operations on members of workspaces."""

from __future__ import annotations

from starlette.responses import Response

from mcpserver.sandbox.call import Call
from mcpserver.sandbox.data.models import Json, Member, User, Workspace
from mcpserver.sandbox.errors import Forbidden, NotFound
from mcpserver.sandbox.resources import profile
from mcpserver.sandbox.rules.validation import Field, choice, email, invalid

RESTRICTED = "restricted-member"
DEFAULT_ROLE = "full-member"
ROLES = ("admin", DEFAULT_ROLE, RESTRICTED)


async def index(call: Call) -> Response:
    if call.member().role == RESTRICTED and not call.options.restricted_lists_members:
        raise Forbidden
    members = call.workspace().members.values()
    return call.page(members, lambda member: render(call, member), id_type=int)


async def invite(call: Call) -> Response:
    workspace = call.managed_workspace()
    fields = {"email": Field(email, required=True), "role": Field(choice(ROLES))}
    given = await call.fields(fields)
    user = _user_with_email(call, given["email"])
    if user.id in workspace.members:
        raise invalid(("email", "The {field} has already been taken."))
    member = _join(call, workspace, user.id, given.get("role", DEFAULT_ROLE))
    if call.options.invite_answer == "invitation":
        made = call.moment(member.created_at)
        return call.created({"id": user.id, "email": user.email, "created_at": made})
    return call.created(render(call, member))


async def add(call: Call) -> Response:
    workspace = call.managed_workspace()
    user = call.store.users.get(call.number("user"))
    if user is None:
        raise NotFound("User")
    given = await call.fields({"role": Field(choice(ROLES), required=True)})
    member = workspace.members.get(user.id)
    _refuse_owner(member)
    if member is None:
        member = _join(call, workspace, user.id, given["role"])
    member.role = given["role"]
    return call.updated(render(call, member))


async def remove(call: Call) -> Response:
    workspace = call.managed_workspace()
    member = workspace.members.get(call.number("user") or 0)
    if member is None:
        raise NotFound("User")
    _refuse_owner(member)
    del workspace.members[member.id]
    for board in call.store.boards.where(workspace_id=workspace.id):
        board.user_ids = [user_id for user_id in board.user_ids if user_id != member.id]
    member.deleted = True
    return call.removed(render(call, member))


def render(call: Call, member: Member) -> Json:
    user = call.store.users.rows[member.id]
    return profile.render(user) | {"role": member.role, "deleted": member.deleted}


def _refuse_owner(member: Member | None) -> None:
    if member is not None and member.role == "owner":
        raise Forbidden("The owner of a workspace cannot be changed.")


def _user_with_email(call: Call, address: str) -> User:
    for user in call.store.users.where():
        if user.email.lower() == address.lower():
            return user
    fresh = User(call.sandbox.ids.number(), None, address, call.sandbox.now())
    return call.store.users.add(fresh)


def _join(call: Call, workspace: Workspace, user_id: int, role: str) -> Member:
    member = Member(user_id, role, call.sandbox.now())
    workspace.members[user_id] = member
    return member
