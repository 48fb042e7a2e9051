"""Creates the data of a fresh sandbox: an invented team and its boards."""

from __future__ import annotations

from mcpserver.sandbox.data.ids import Ids
from mcpserver.sandbox.data.models import User
from mcpserver.sandbox.data.store import Store
from mcpserver.sandbox.seed.builder import SETTING_UP, Builder
from mcpserver.sandbox.seed.workspaces import USERS, WORKSPACES


def seed(ids: Ids) -> Store:
    """A store with all of the data; `ids` must be fresh."""
    builder = Builder(ids)
    for user_id, name, email in USERS:
        builder.store.users.add(User(user_id, name, email, builder.tick(SETTING_UP)))
    for plan in WORKSPACES:
        builder.workspace(plan)
    return builder.store
