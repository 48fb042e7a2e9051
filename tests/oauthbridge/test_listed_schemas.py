"""What an OAuth caller sees listed can be used by every client."""

from __future__ import annotations

from accounts.models import User
from tests.oauthbridge.support import Flow
from tests.providers import refused


def test_every_provider_takes_every_tool_of_an_oauth_caller(flow: Flow, ada: User) -> None:
    listed = flow.server.listing(flow.tokens(ada)["access_token"])
    assert listed
    assert {} == {tool["name"]: faults for tool in listed if (faults := refused(tool))}
