"""The invented team that a fresh sandbox shows."""

from __future__ import annotations

from mcpserver.sandbox.ids import Ids
from mcpserver.sandbox.models import User
from mcpserver.sandbox.seed.builder import SETTING_UP, Builder
from mcpserver.sandbox.seed.workspaces import USERS, WORKSPACES
from mcpserver.sandbox.store import Store


def seed(ids: Ids) -> Store:
    """A store with everything in it; `ids` must be fresh."""
    builder = Builder(ids)
    for user_id, name, email in USERS:
        builder.store.users.add(User(user_id, name, email, builder.tick(SETTING_UP)))
    for plan in WORKSPACES:
        builder.workspace(plan)
    return builder.store
