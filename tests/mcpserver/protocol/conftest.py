from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import MakeUser
from tests.mcpserver.audit.calls import name as unused_name


@pytest.fixture
def reader(make_user: MakeUser) -> Callable[..., str]:
    """Makes the key of a user with a new name, of whom no server remembers anything."""

    def make(access: str = "read-only", **fields: Any) -> str:
        return make_user(unused_name(), access, **fields)[1]

    return make
