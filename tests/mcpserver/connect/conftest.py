"""Fixtures of the pages for connecting a client."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import McpUser
from tests.conftest import MakeUser
from tests.mcpserver.connect.browsing import browser_of


@pytest.fixture
def alice(make_user: MakeUser) -> McpUser:
    return make_user("alice", people_may_make_keys=True)[0]


@pytest.fixture
def ada(alice: McpUser) -> Client:
    """The browser of a person who may use alice, and nothing else."""
    return browser_of("ada", alice)
