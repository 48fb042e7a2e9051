"""Which listings are kept, where there is no room for all."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mcp.server.context import HandlerResult, ServerRequestContext

from mcpserver.context import CallContext, set_call
from mcpserver.protocol import result_cache


def test_the_listing_that_was_asked_for_least_recently_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(result_cache, "MAX_LISTINGS", 2)
    made: list[str] = []
    kept = result_cache.KeptListings()

    async def listed(*policies: str) -> None:
        for policy in policies:
            set_call(CallContext(cast(Any, SimpleNamespace(policy=policy))))

            async def make(
                ctx: ServerRequestContext[Any, Any], policy: str = policy
            ) -> HandlerResult:
                made.append(policy)
                return {"tools": []}

            ctx = SimpleNamespace(method="tools/list", protocol_version="2025-11-25", params=None)
            await kept(cast(Any, ctx), make)

    asyncio.run(listed("alice", "bob", "alice", "charlie", "alice", "bob"))
    assert ["alice", "bob", "charlie", "bob"] == made
