from __future__ import annotations

from mcpserver.sandbox import CAROL_TOKEN
from tests.mcpserver.tools.agent import Agent
from tests.mcpserver.tools.conftest import Connect


def test_each_user_sees_its_own_workspaces(agent: Agent, connect: Connect) -> None:
    (adas,) = agent.records("infinity_list_workspaces")
    (carols,) = connect(CAROL_TOKEN).records("infinity_list_workspaces")
    assert [31337, 31338] == [adas["id"], carols["id"]]


def test_a_foreign_workspace_is_told_to_be_out_of_reach(agent: Agent) -> None:
    assert "(403)" in agent.error("infinity_list_boards", workspace_id="31338")
    assert "(404)" in agent.error("infinity_list_boards", workspace_id="1")
