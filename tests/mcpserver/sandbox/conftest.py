from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.applications import Starlette

from mcpserver.sandbox import BOB_TOKEN, CAROL_TOKEN, RITA_TOKEN, Options, create_app
from tests.mcpserver.sandbox.api import Api, BoardPaths

Switched = Callable[..., Api]


@pytest.fixture
def app() -> Starlette:
    return create_app()


@pytest.fixture
def ada(app: Starlette) -> Api:
    return Api(app)


@pytest.fixture
def bob(app: Starlette) -> Api:
    return Api(app, BOB_TOKEN)


@pytest.fixture
def carol(app: Starlette) -> Api:
    return Api(app, CAROL_TOKEN)


@pytest.fixture
def rita(app: Starlette) -> Api:
    return Api(app, RITA_TOKEN)


@pytest.fixture
def roadmap(ada: Api) -> BoardPaths:
    return ada.board()


@pytest.fixture
def switched() -> Switched:
    """Ada in a sandbox with these options."""

    def make(**options: Any) -> Api:
        return Api(create_app(Options(**options)))

    return make


class Clock:
    """A clock that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()
