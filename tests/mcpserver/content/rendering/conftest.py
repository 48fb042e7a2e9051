from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

from tests.mcpserver.content.rendering.data import LIMIT


@pytest.fixture(autouse=True)
def short(settings: Settings) -> None:
    settings.MCP_RESULT_TEXT_CHARACTERS = LIMIT
