from __future__ import annotations

from mcpserver.sandbox import RITA_TOKEN
from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import Connect


def test_the_profile_is_that_of_the_token(connect: Connect) -> None:
    profile = connect(RITA_TOKEN).result("infinity_get_profile")
    assert (4301, "rita@example.org") == (profile["id"], profile["email"])


def test_the_profile_as_text_leaves_out_what_is_empty(agent: Agent) -> None:
    text = agent.text("infinity_get_profile")
    assert ["id: 4242", "name: Ada Example", "email: ada@example.org"] == text.splitlines()
